"""An event of a CloudFormation stack, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_IDS = re.compile(r" ?\((?:RequestToken|Service): [^()]*\)")
_HANDLER = "Resource handler returned message: "
STACK_TYPE = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class Event:
    """An event of a stack. `token` is the client request token of its operation, if that had one."""

    id: str
    resource: str
    type: str
    status: str
    reason: str
    moment: datetime
    token: str = ""

    @property
    def failed(self) -> bool:
        """Whether the resource could not be created, updated or deleted."""
        return self.status.endswith("_FAILED")

    @property
    def begins(self) -> bool:
        """Whether an operation on the whole stack starts with it."""
        return self.type == STACK_TYPE and self.status in {
            "CREATE_IN_PROGRESS",
            "UPDATE_IN_PROGRESS",
            "DELETE_IN_PROGRESS",
            "REVIEW_IN_PROGRESS",
        }

    @property
    def cause(self) -> str:
        """The resource, and why it failed, as one line without a full stop."""
        return f"{self.resource} ({self.type}): {self.words or 'CloudFormation gives no reason'}"

    @property
    def words(self) -> str:
        """The reason as one line without a full stop and without request ids."""
        reason = _IDS.sub("", " ".join(self.reason.split()))
        return reason.removeprefix(_HANDLER).strip('" ').rstrip(".")


def parse(answer: Mapping[str, Any]) -> Event:
    """An event from one of those that DescribeStackEvents returns."""
    return Event(
        id=answer["EventId"],
        resource=answer.get("LogicalResourceId", ""),
        type=answer.get("ResourceType", ""),
        status=answer.get("ResourceStatus", ""),
        reason=answer.get("ResourceStatusReason", ""),
        moment=answer["Timestamp"],
        token=answer.get("ClientRequestToken", ""),
    )


def first_failure(events: Iterable[Event]) -> Event | None:
    """The resource that failed first, which is the cause. Later failures are cancellations or parts of the rollback.

    `events` come in the order in which they happened. None when no resource failed.
    """
    failures = (event for event in events if event.failed and event.type != STACK_TYPE)
    return next((event for event in failures if "cancelled" not in event.reason.lower()), None)
