"""The quiet period: a one-time schedule of EventBridge Scheduler, which every new object moves on.

The function itself deletes the schedule, before it tells GitHub. What arrives later makes a new one; what arrived before
is in S3 when the run that it then starts looks. So no object is left without a run, whenever it arrives.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from retrain.errors import EventError, RetrainError
from retrain.event import Arrivals, parse

QUIET = timedelta(minutes=5)
"""The time without a new object after which training begins."""
LONGEST = timedelta(hours=1)
"""The time after the first new object at which training begins at the latest: objects may never stop arriving."""

_RETRY = {"MaximumEventAgeInSeconds": 6 * 3600, "MaximumRetryAttempts": 30}
_SOON = timedelta(minutes=1)
"""The precision of a schedule."""
_ATTEMPTS = 4
_MISSING, _EXISTS = "ResourceNotFoundException", "ConflictException"


@dataclass(frozen=True)
class Schedule:
    """The schedule `name`, which invokes `function_arn` as `role_arn`. `client` is boto3's of the service scheduler."""

    client: Any
    name: str
    function_arn: str
    role_arn: str
    dead_letter_arn: str

    def postpone(self, newest: str, now: datetime) -> datetime:
        """Invoke the function after a quiet period from now on; returns when, if nothing else arrives.

        Raises ClientError, and RetrainError where others change the schedule all the time.
        """
        for _ in range(_ATTEMPTS):
            waiting = self._waiting(now)
            since = waiting.since if waiting else now.timestamp()
            latest = datetime.fromtimestamp(since, UTC) + LONGEST
            if latest <= now + _SOON:
                # It is set to that already, and is not moved on once more: a moment that has passed would be refused.
                return latest
            moment = min(now + QUIET, latest)
            change = self.client.update_schedule if waiting is not None else self._create_or_replace
            if self._set(change, Arrivals(newest, since), moment):
                return moment
        raise RetrainError(f"The schedule {self.name} was changed {_ATTEMPTS} times meanwhile: try again.")

    def end(self) -> None:
        """Delete the schedule. Raises ClientError."""
        try:
            self.client.delete_schedule(Name=self.name)
        except ClientError as error:
            if _code(error) != _MISSING:
                raise

    def _waiting(self, now: datetime) -> Arrivals | None:
        """The objects for which the schedule waits, None where there is none or it was over some time ago."""
        try:
            described = self.client.get_schedule(Name=self.name)
        except ClientError as error:
            if _code(error) != _MISSING:
                raise
            return None
        try:
            found = parse(json.loads(described["Target"]["Input"]))
        except (EventError, KeyError, ValueError):
            return None
        over = (now - LONGEST - QUIET).timestamp()
        return found if isinstance(found, Arrivals) and found.since > over else None

    def _create_or_replace(self, **stated: Any) -> None:
        try:
            self.client.create_schedule(**stated)
        except ClientError as error:
            if _code(error) != _EXISTS:
                raise
            self.client.update_schedule(**stated)

    def _set(self, change: Any, arrivals: Arrivals, moment: datetime) -> bool:
        """Whether it was set: another invocation may delete the schedule meanwhile."""
        try:
            change(
                Name=self.name,
                Description="Training data arrived: a run of the build workflow begins once no more arrives.",
                ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={
                    "Arn": self.function_arn,
                    "RoleArn": self.role_arn,
                    "Input": json.dumps(arrivals.document),
                    "RetryPolicy": _RETRY,
                    "DeadLetterConfig": {"Arn": self.dead_letter_arn},
                },
            )
        except ClientError as error:
            if _code(error) not in {_MISSING, _EXISTS}:
                raise
            return False
        return True


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
