"""One-time schedules, `at(...)`, whose targets are functions.

https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from botocore.exceptions import ClientError

from local_aws.identity import trust
from local_aws.identity.policies.policy import Policy
from local_aws.identity.trust import Principal
from local_aws.kernel import json_text
from local_aws.kernel.account import ACCOUNT_ID, Account
from local_aws.kernel.wire import ServiceError, invalid
from local_aws.scheduler.invocations import Invocations

SERVICE = "scheduler.amazonaws.com"
GROUP = "default"
LOOK_SECONDS = 0.1

_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
_FUNCTION = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}")
_STATED = (
    "Name",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "Description",
    "State",
    "Target",
    "FlexibleTimeWindow",
    "ActionAfterCompletion",
)
_ABSENT = ("StartDate", "EndDate", "KmsKeyArn")
_DEFAULTS = {"ScheduleExpressionTimezone": "UTC", "State": "ENABLED", "ActionAfterCompletion": "NONE"}


@dataclass
class _Schedule:
    """A schedule as it is described, and when it is due: `set_at` and `moment` are Unix times. `done` once it was invoked."""

    described: dict[str, Any]
    set_at: float
    moment: float
    done: bool = False

    def is_due(self, now: float, scale: float) -> bool:
        """Whether it is to be invoked. The time from setting it to its moment is a wait, which `scale` shrinks."""
        waits = (self.moment - self.set_at) * scale
        return not self.done and self.described["State"] == "ENABLED" and now >= self.set_at + waits


class Schedules:
    """CreateSchedule, GetSchedule, UpdateSchedule, DeleteSchedule; a thread invokes what is due."""

    def __init__(self, account: Account, invocations: Invocations) -> None:
        self._account = account
        self._invocations = invocations
        self._schedules: dict[str, _Schedule] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the schedules."""
        self._closing.set()
        self._thread.join()
        self._invocations.close()

    def create_schedule(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a one-time schedule.

        Raises ConflictException, ResourceNotFoundException, ValidationException. Source: EventBridge Scheduler API
        reference, CreateSchedule.
        """
        made = self._read(request)
        with self._lock:
            if request["Name"] in self._schedules:
                raise ServiceError("ConflictException", f"Schedule {request['Name']} already exists.", 409)
            self._schedules[request["Name"]] = made
        return {"ScheduleArn": made.described["Arn"]}

    def update_schedule(self, request: dict[str, Any]) -> dict[str, Any]:
        """Replace a schedule: what the request leaves out has its default. One that was invoked may be invoked again.

        Raises ResourceNotFoundException, ValidationException. Source: EventBridge Scheduler API reference, UpdateSchedule.
        """
        made = self._read(request)
        with self._lock:
            before = self._find(request)
            made.described["CreationDate"] = before.described["CreationDate"]
            self._schedules[request["Name"]] = made
        return {"ScheduleArn": made.described["Arn"]}

    def get_schedule(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe a schedule.

        Raises ResourceNotFoundException. Source: EventBridge Scheduler API reference, GetSchedule.
        """
        with self._lock:
            return dict(self._find(request).described)

    def delete_schedule(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a schedule.

        Raises ResourceNotFoundException. Source: EventBridge Scheduler API reference, DeleteSchedule.
        """
        with self._lock:
            self._find(request)
            del self._schedules[request["Name"]]
        return {}

    def _find(self, request: Mapping[str, Any]) -> _Schedule:
        _require_group(request)
        found = self._schedules.get(request["Name"])
        if found is None:
            raise ServiceError(
                "ResourceNotFoundException", f"Schedule {request['Name']} does not exist.", 404
            )
        return found

    def _read(self, request: Mapping[str, Any]) -> _Schedule:
        """The schedule that a request states. Raises ServiceError."""
        _require_group(request)
        if stated := [name for name in _ABSENT if name in request]:
            raise invalid(f"The embedded scheduler does not have {', '.join(stated)}: leave it out.")
        if request["FlexibleTimeWindow"] != {"Mode": "OFF"}:
            raise invalid(
                "The embedded scheduler invokes at the stated time: FlexibleTimeWindow must be {Mode: OFF}."
            )
        now = datetime.now(UTC)
        described = _DEFAULTS | {name: request[name] for name in _STATED if name in request}
        moment = _moment(described["ScheduleExpression"], described["ScheduleExpressionTimezone"])
        if moment <= now:
            raise invalid(
                f"Invalid Schedule Expression {described['ScheduleExpression']}: it is in the past."
            )
        self._check_target(request["Target"])
        dates = {"CreationDate": now, "LastModificationDate": now}
        arn = self._account.arn("scheduler", f"schedule/{GROUP}/{request['Name']}")
        return _Schedule(
            {"Arn": arn, "GroupName": GROUP, **described, **dates}, now.timestamp(), moment.timestamp()
        )

    def _check_target(self, target: Mapping[str, Any]) -> None:
        if not _FUNCTION.fullmatch(target["Arn"]):
            raise invalid(
                f"The embedded scheduler invokes functions; found {target['Arn']} as the target's Arn."
            )
        others = sorted(set(target) - {"Arn", "RoleArn", "Input", "RetryPolicy", "DeadLetterConfig"})
        if others:
            raise invalid(f"A function as a target has no {', '.join(others)}.")
        try:
            json_text.loads(target.get("Input", "{}"))
        except ValueError as error:
            raise invalid(f"Invalid Input for target {target['Arn']}: it is not JSON ({error}).") from error
        if not self._trusts(target["RoleArn"]):
            raise invalid(
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
            )

    def _trusts(self, role_arn: str) -> bool:
        try:
            role = self._account.client("iam").get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
        except ClientError:
            return False
        policy = Policy.parse("trust", role["AssumeRolePolicyDocument"])
        context = {
            "aws:SourceAccount": (ACCOUNT_ID,),
            "aws:SourceArn": (self._account.arn("scheduler", f"schedule-group/{GROUP}"),),
        }
        principal = Principal("Service", frozenset({SERVICE}))
        verdict = trust.decide(policy, principal, "sts:AssumeRole", role_arn, context)
        return bool(role["Arn"] == role_arn and verdict.trusted)

    def _run(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            now = datetime.now(UTC).timestamp()
            with self._lock:
                due = [
                    each for each in self._schedules.values() if each.is_due(now, self._account.time_scale)
                ]
                for each in due:
                    each.done = True
                    if each.described["ActionAfterCompletion"] == "DELETE":
                        del self._schedules[each.described["Name"]]
            for each in due:
                self._invocations.begin(each.described["Arn"], each.described["Target"])


def _require_group(request: Mapping[str, Any]) -> None:
    group = request.get("GroupName", GROUP)
    if group != GROUP:
        raise ServiceError("ResourceNotFoundException", f"Schedule group {group} does not exist.", 404)


def _moment(expression: str, zone: str) -> datetime:
    found = _AT.fullmatch(expression)
    if found is None:
        raise invalid(
            f"Invalid Schedule Expression {expression}: the embedded scheduler has at(yyyy-mm-ddThh:mm:ss)."
        )
    try:
        return datetime.fromisoformat(found[1]).replace(tzinfo=ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise invalid(f"Invalid Schedule Expression {expression} in {zone}: {error}.") from error
