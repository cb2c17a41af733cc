"""Scheduled actions of scalable targets: limits that change at a time, and capacities that follow them.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.hosting.autoscaling import scalable_targets
from local_aws.hosting.autoscaling.scalable_targets import Place, ScalableTargets
from local_aws.hosting.autoscaling.schedules import Schedule, ScheduleError, now
from local_aws.kernel.account import Account
from local_aws.kernel.wire import ServiceError, invalid

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
_STATED = ("Schedule", "Timezone", "StartTime", "EndTime", "ScalableTargetAction")
_INSTANCES = "sagemaker:variant:DesiredInstanceCount"


class ScheduledActions:
    """PutScheduledAction, DescribeScheduledActions, DeleteScheduledAction; a thread carries them out."""

    def __init__(self, account: Account, targets: ScalableTargets) -> None:
        self._account = account
        self._targets = targets
        self._actions: dict[tuple[Place, str], dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduled-actions", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the schedules."""
        self._closing.set()
        self._thread.join()

    def put_scheduled_action(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a scheduled action or replace its definition.

        Raises ObjectNotFoundException, ValidationException. Source: Application Auto Scaling API reference, PutScheduledAction.
        """
        place, name = scalable_targets.place_of(request), request["ScheduledActionName"]
        stated = {member: _with_timezone(request[member]) for member in _STATED if member in request}
        with self._lock:
            before = self._actions.get((place, name), {})
            action = {**before, **stated}
            if "Schedule" not in action:
                raise invalid("Schedule must be specified for a new scheduled action.")
            if not action.get("ScalableTargetAction"):
                raise invalid("ScalableTargetAction must have MinCapacity, MaxCapacity or both.")
            _parsed(action)
            self._targets.require(place)
            resource = (
                f"scheduledAction:{uuid.uuid4()}:resource/{place[0]}/{place[1]}:scheduledActionName/{name}"
            )
            fresh = {
                "ScheduledActionName": name,
                "ScheduledActionARN": self._account.arn("autoscaling", resource),
                "ServiceNamespace": place[0],
                "ResourceId": place[1],
                "ScalableDimension": place[2],
                "CreationTime": now(),
            }
            self._actions[place, name] = {**fresh, **action}
        return {}

    def describe_scheduled_actions(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe scheduled actions, one page at a time.

        Raises ValidationException. Source: Application Auto Scaling API reference, DescribeScheduledActions.
        """
        names = request.get("ScheduledActionNames")
        with self._lock:
            self._forget_orphans()
            found = [
                dict(action)
                for action in self._actions.values()
                if scalable_targets.is_at(action, request)
                and (not names or action["ScheduledActionName"] in names)
            ]
        return scalable_targets.listed(
            "ScheduledActions", found, request, lambda action: str(action["ScheduledActionARN"])
        )

    def delete_scheduled_action(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a scheduled action.

        Raises ObjectNotFoundException, ValidationException. Source: Application Auto Scaling API reference, DeleteScheduledAction.
        """
        place, name = scalable_targets.place_of(request), request["ScheduledActionName"]
        with self._lock:
            if self._actions.pop((place, name), None) is None:
                raise ServiceError(
                    "ObjectNotFoundException",
                    f"No scheduled action found with the name {name} for {place[1]}",
                )
        return {}

    def _forget_orphans(self) -> None:
        """A target's scheduled actions go with it."""
        self._actions = {key: action for key, action in self._actions.items() if self._targets.has(key[0])}

    def _run(self) -> None:
        before = now()
        while not self._closing.wait(LOOK_SECONDS):
            until = now()
            with self._lock:
                self._forget_orphans()
                due = [
                    (key, action) for key, action in self._actions.items() if _is_due(action, before, until)
                ]
            for (place, name), action in due:
                try:
                    self._carry_out(place, action)
                except (ClientError, BotoCoreError, ServiceError):
                    log.warning("The scheduled action %s of %s failed", name, place[1], exc_info=True)
            before = until

    def _carry_out(self, place: Place, action: Mapping[str, Any]) -> None:
        """Set the target's limits, and bring its capacity within them."""
        least, most = self._targets.set_limits(place, action["ScalableTargetAction"])
        if place[2] != _INSTANCES:
            return
        _, endpoint, _, variant = place[1].split("/")
        client = self._account.client("sagemaker")
        described = client.describe_endpoint(EndpointName=endpoint)
        for each in described["ProductionVariants"]:
            if each["VariantName"] == variant:
                wanted = min(max(each["DesiredInstanceCount"], least), most)
                if wanted != each["DesiredInstanceCount"]:
                    stated = {"VariantName": variant, "DesiredInstanceCount": wanted}
                    client.update_endpoint_weights_and_capacities(
                        EndpointName=endpoint, DesiredWeightsAndCapacities=[stated]
                    )


def handlers(account: Account) -> list[object]:
    """The handlers of Application Auto Scaling."""
    targets = ScalableTargets(account)
    return [targets, ScheduledActions(account, targets)]


def _with_timezone(value: Any) -> Any:
    # The wire's parser reads a request's timestamps as UTC, but leaves them naive.
    return value.replace(tzinfo=value.tzinfo or UTC) if isinstance(value, datetime) else value


def _parsed(action: Mapping[str, Any]) -> Schedule:
    try:
        return Schedule.parse(action["Schedule"], action.get("Timezone", "UTC"))
    except ScheduleError as error:
        raise invalid(str(error)) from error


def _is_due(action: Mapping[str, Any], before: datetime, until: datetime) -> bool:
    start = action.get("StartTime", action["CreationTime"])
    if until < start or ("EndTime" in action and before > action["EndTime"]):
        return False
    return _parsed(action).due(max(before, start), until, start)
