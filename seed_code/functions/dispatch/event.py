"""Reads SageMaker's event about a model package, and decides whether the deploy repository is notified.

See "Amazon SageMaker AI events that EventBridge monitors", model package state change. SageMaker may send several events
for one change, and sends one, again with `Approved`, whenever anything else of an approved package is updated:
`UpdatedModelPackageFields` then does not name the approval. Dispatching those would let a deployment that records itself
in the registry start itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dispatch.errors import EventError

DETAIL_TYPE = "SageMaker Model Package State Change"
EVENT_TYPES = {"Approved": "model-approved", "Rejected": "model-rejected"}
APPROVAL = "ModelApprovalStatus"
_LONGEST = 1024

_ARN = re.compile(
    r"arn:aws[a-z-]*:sagemaker:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):model-package/"
    r"(?P<group>[A-Za-z0-9](?:-*[A-Za-z0-9]){0,62})/(?P<version>[1-9][0-9]{0,8})"
)


@dataclass(frozen=True)
class ModelPackageEvent:
    """A change of a model package. `updated` is None where SageMaker does not say what was."""

    event_id: str
    time: str
    arn: str
    group: str
    version: int
    approval: str
    updated: tuple[str, ...] | None

    def not_for(self, group: str) -> str:
        """Why it is no news for the deploy repository of `group`, "" where it is."""
        if self.group.lower() != group.lower():
            return f"it is about the group {self.group}, not {group}"
        if self.approval not in EVENT_TYPES:
            return f"its approval status is {self.approval}"
        if self.updated is not None and APPROVAL not in self.updated:
            return f"only {', '.join(self.updated) or 'nothing'} was updated"
        return ""

    @property
    def event_type(self) -> str:
        """Of the repository dispatch."""
        return EVENT_TYPES[self.approval]

    @property
    def payload(self) -> dict[str, Any]:
        """Of the repository dispatch: which model package, and which event told of it."""
        return {
            "model_package_arn": self.arn,
            "model_package_group_name": self.group,
            "version": self.version,
            "event_id": self.event_id,
            "time": self.time,
        }


def parse(event: Mapping[str, Any]) -> ModelPackageEvent:
    """Raises EventError, which names what is wrong."""
    if not isinstance(event, Mapping):
        raise EventError(f"The event is a {type(event).__name__}: an object is expected.")
    if event.get("source") != "aws.sagemaker" or event.get("detail-type") != DETAIL_TYPE:
        raise EventError(
            f"The event is {event.get('detail-type')!r} from {event.get('source')!r}: {DETAIL_TYPE!r} from 'aws.sagemaker' is expected."
        )
    detail = event.get("detail")
    if not isinstance(detail, Mapping):
        raise EventError("The event has no detail.")
    arn = _text(detail, "ModelPackageArn")
    found = _ARN.fullmatch(arn)
    if found is None:
        raise EventError(
            f"ModelPackageArn is {arn!r:.200}: the ARN of a version in a model package group is expected."
        )
    for place in ("account", "region"):
        if event.get(place, found[place]) != found[place]:
            raise EventError(f"{arn} is not of the {place} {event[place]!r} that the event is from.")
    group = detail.get("ModelPackageGroupName", found["group"])
    version = detail.get("ModelPackageVersion", found["version"])
    if str(group).lower() != found["group"].lower() or str(version) != found["version"]:
        raise EventError(
            f"The event says {group!r} version {version!r} of {arn}: they do not belong together."
        )
    return ModelPackageEvent(
        _text(event, "id"),
        _text(event, "time"),
        arn,
        str(group),
        int(found["version"]),
        _text(detail, APPROVAL),
        _updated(detail.get("UpdatedModelPackageFields")),
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise EventError(
            f"The event's {name} is {value!r:.200}: text of up to {_LONGEST} characters is expected."
        )
    return value


def _updated(fields: Any) -> tuple[str, ...] | None:
    if fields is None:
        return None
    if not isinstance(fields, list):
        raise EventError(f"The event's UpdatedModelPackageFields is {fields!r}: a list is expected.")
    return tuple(str(field) for field in fields)
