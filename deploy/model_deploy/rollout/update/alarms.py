"""Waits for the alarms before an update begins: SageMaker rolls an update back at once while one of them is in ALARM.

An alarm on SageMaker's own metrics (`MEASURED`) that went into ALARM after the endpoint last changed is caused by the
live model. It must not block a better model, so it is excused: it does not roll this update back. The other alarms,
the probes and `verify` judge the new model. An alarm that went into ALARM before or during the last change may be
caused by a model that was rolled back. The rollout waits two evaluation periods for it. If it becomes OK, it has to
stay OK for a whole evaluation period; otherwise it is excused, too. The alarms on the rollout's own metrics become OK
by its heartbeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from model_common.deadline import Deadline
from model_deploy.aws import stack
from model_deploy.core.plan.deployment import CONTRACT_FAILURES, MEASURED, UNWATCHED
from model_deploy.core.plan.observed import Observed
from model_deploy.errors import StackError, TimedOutError
from model_deploy.progress import Progress
from model_deploy.stage import Alarms
from model_deploy.workspace import Workspace

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricAlarmTypeDef

QUIET_SECONDS = 300
"""The seconds beyond two evaluation periods that the alarms on the rollout's own metrics may take to become OK."""


@dataclass
class Quiet:
    """Decides, each time that the alarms are described, which ones to wait for and which ones to excuse.

    `alarms` are the stage's; `changed` is the time of the endpoint's last change. `rang` maps the alarms that were
    seen in ALARM to the time at which that state began.
    """

    alarms: Alarms
    changed: datetime | None
    excused: set[str] = field(default_factory=set)
    rang: dict[str, datetime] = field(default_factory=dict)

    def waiting(self, states: Mapping[str, tuple[str, datetime]], now: datetime) -> list[str]:
        """The alarms that are not OK yet. `states` maps a name to the state and the time at which it began."""
        return [
            name
            for name, (state, since) in states.items()
            if name not in self.excused and not self._is_quiet(name, state, since, now)
        ]

    def give_up(self, waiting: list[str]) -> list[str]:
        """Excuse the alarms of `waiting` that may be excused; returns the others."""
        self.excused |= {name for name in waiting if name in MEASURED}
        return [name for name in waiting if name not in MEASURED]

    def _is_quiet(self, name: str, state: str, since: datetime, now: datetime) -> bool:
        if state == "ALARM":
            if name in MEASURED and self.changed is not None and since > self.changed:
                self.excused.add(name)
                return True
            self.rang[name] = since
            return False
        if name not in MEASURED or name not in self.rang:
            return True
        # CloudWatch keeps a state for a period at least, so this factor makes the wait at least one
        # evaluation period.
        rang_for = self.alarms.evaluation_periods * (since - self.rang[name])
        return now - since >= min(timedelta(seconds=self.alarms.reaction_seconds), rang_for)


def settle(workspace: Workspace, observed: Observed, progress: Progress) -> tuple[str, ...]:
    """Wait until no alarm blocks an update; returns the names of the excused alarms, as in MEASURED.

    Raises StackError if an alarm on the rollout's own metrics does not become OK.
    """
    alarms = workspace.stage.alarms
    if alarms is None or not alarms.rollback or observed.live is None:
        return ()
    guards = {*MEASURED, CONTRACT_FAILURES, UNWATCHED}
    resources = stack.resources(workspace.aws, workspace.stack_name)
    names = {name: key for key, (_, name) in resources.items() if key in guards}
    quiet = Quiet(alarms, observed.live.endpoint.modified)
    patience, limit = Deadline(2 * alarms.reaction_seconds), 2 * alarms.reaction_seconds + QUIET_SECONDS
    waiting: list[str] = []
    try:
        for _ in Deadline(limit).looks("The alarms"):
            before, waiting = waiting, quiet.waiting(_states(workspace, names), datetime.now(UTC))
            if patience.is_over:
                waiting = quiet.give_up(waiting)
            if not waiting:
                break
            if waiting != before:
                progress.say(f"Waiting until {_names(workspace, waiting)} has been OK for long enough")
    except TimedOutError as error:
        raise StackError(
            f"{_names(workspace, waiting)} does not return to OK, so SageMaker would roll back any update of "
            f"{workspace.endpoint_name} at once. A rollout that publishes its metrics returns it to OK: see whether the "
            "command may call cloudwatch:PutMetricData, and run it again."
        ) from error
    excused = tuple(sorted(quiet.excused))
    if excused:
        progress.say(
            f"{_names(workspace, excused)} is in ALARM because of the live model, so it does not roll back this rollout. The "
            "other alarms, the probes and `verify` judge the new model."
        )
    return excused


def _states(workspace: Workspace, names: Mapping[str, str]) -> dict[str, tuple[str, datetime]]:
    if not names:
        return {}
    found = workspace.aws.cloudwatch.describe_alarms(AlarmNames=list(names)).get("MetricAlarms", [])
    return {names[alarm["AlarmName"]]: (alarm["StateValue"], _since(alarm)) for alarm in found}


def _since(alarm: MetricAlarmTypeDef) -> datetime:
    return alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]


def _names(workspace: Workspace, alarms: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"the alarm {workspace.endpoint_name}-{name}" for name in alarms)
