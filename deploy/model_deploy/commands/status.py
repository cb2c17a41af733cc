"""`model-deploy status`: the live version of each stage, since when and why, and its problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from model_deploy.aws import endpoint, observation, records, registry
from model_deploy.commands import rollback
from model_deploy.core.model_package.arn import version_of
from model_deploy.core.model_package.package import REJECTED
from model_deploy.core.plan import template_diff
from model_deploy.core.plan.deployment import UNWATCHED
from model_deploy.core.plan.observed import Observed
from model_deploy.core.record import Record
from model_deploy.errors import RefusedError, StageError, UsageError
from model_deploy.progress import described
from model_deploy.workspace import Workspace


@dataclass(frozen=True)
class Status:
    """The state of one stage. `record` is its latest deployment; `alarms` are those in ALARM.

    `approval` is the live package's in the registry, None if it was deleted there; `way_back` says how to replace a
    rejected live package. During an update of the endpoint, `becoming_arn` is the package that it moves to.
    """

    stage: str
    stack: str
    endpoint: str
    observed: Observed
    record: Record | None
    alarms: tuple[str, ...]
    approval: str | None = None
    way_back: str = ""
    becoming_arn: str | None = None
    bake_seconds: int = 0

    @property
    def version(self) -> int | None:
        """The version of the live package, None if the endpoint serves no model package."""
        arn = self.observed.live_arn
        return version_of(arn) if arn else None

    @property
    def problems(self) -> tuple[str, ...]:
        """Contradictions in the stage. A rollout of the wanted version resolves all of them."""
        stack, live = self.observed.stack, self.observed.live
        found = []
        if stack is not None and live is None and not stack.running and self.observed.template is not None:
            found.append(
                "the stack says that there is an endpoint, and there is none: it was deleted by hand"
            )
        if stack is None and live is not None:
            found.append("there is an endpoint, and no stack that it belongs to")
        if live is not None and live.endpoint.reason and not live.serves:
            found.append(f"the endpoint says: {live.endpoint.reason}")
        expected = template_diff.package_of(self.observed.template) if self.observed.template else None
        if (
            live is not None
            and expected is not None
            and live.package_arn != expected
            and not live.endpoint.changing
        ):
            found.append(
                f"the stack says {expected}, the endpoint serves {live.package_arn or 'a model of no package'}"
            )
        if self.approval == REJECTED:
            found.append(f"version {self.version} was rejected and is live. {self.way_back}")
        found += self._artifact_problems()
        found += [f"the alarm {name} is in ALARM" for name in self.alarms]
        return tuple(found)

    def _artifact_problems(self) -> list[str]:
        """Whether the endpoint serves another artifact than the latest record of its package names."""
        live, record = self.observed.live, self.record
        if live is None or record is None or record.model_package_arn != live.package_arn:
            return []
        if None in (live.model_sha256, record.model_sha256) or live.model_sha256 == record.model_sha256:
            return []
        return [
            f"the endpoint serves an artifact with the SHA-256 {live.model_sha256}, the record names {record.model_sha256}"
        ]


def describe(workspace: Workspace) -> Status:
    """Return the status of the stage. Raises AwsError when AWS refuses a call."""
    aws, stage = workspace.aws, workspace.stage.name
    observed = observation.observe(aws, workspace.stack_name, workspace.endpoint_name)
    # Between rollouts this alarm is in ALARM, because no command watches.
    unwatched = f"{workspace.endpoint_name}-{UNWATCHED}"
    names = [name for name in observed.live.endpoint.alarms if name != unwatched] if observed.live else []
    approval = _approval(workspace, observed.live_arn)
    becoming = endpoint.next_model(aws, observed.live.endpoint) if observed.live else None
    ringing = (
        aws.cloudwatch.describe_alarms(AlarmNames=names, StateValue="ALARM").get("MetricAlarms", [])
        if names
        else []
    )
    return Status(
        stage=stage,
        stack=workspace.stack_name,
        endpoint=workspace.endpoint_name,
        observed=observed,
        record=next(records.history(aws, workspace.settings.bucket, stage), None),
        alarms=tuple(alarm["AlarmName"] for alarm in ringing),
        approval=approval,
        way_back=_way_back(workspace, observed.live_arn) if approval == REJECTED else "",
        becoming_arn=becoming.package_arn if becoming else None,
        bake_seconds=workspace.stage.rollout.bake_seconds,
    )


def _approval(workspace: Workspace, arn: str | None) -> str | None:
    try:
        return registry.describe(workspace.aws, arn).approval if arn else None
    except UsageError:  # it was deleted from the registry
        return None


def _way_back(workspace: Workspace, rejected: str | None) -> str:
    """The command that replaces the rejected package."""
    try:
        choice = rollback.choose(workspace, None, None, leaving=rejected)
    except RefusedError:
        return rollback.without_one(workspace)
    return (
        f"`{workspace.command('reject', '--stage', workspace.stage.name, '--model-package', str(rejected))}` goes back to "
        f"version {version_of(choice.arn)}"
    )


def document(statuses: list[Status], broken: Mapping[str, StageError]) -> dict[str, Any]:
    """The stages for machines. `broken` are those whose file cannot be used, with the reason."""
    unread = [{"name": name, "problems": [error.message]} for name, error in broken.items()]
    return {"stages": [*(_document(status) for status in statuses), *unread]}


def broken_lines(broken: Mapping[str, StageError]) -> list[str]:
    """The stages that cannot be described; the reasons are in the command's error."""
    return [line for name in broken for line in (name, "  WRONG     its file cannot be used, see below")]


def lines(statuses: list[Status]) -> list[str]:
    """The stages for people."""
    output: list[str] = []
    for status in statuses:
        stack, live, record = status.observed.stack, status.observed.live, status.record
        output += [
            f"{status.stage}",
            f"  stack     {status.stack}  {stack.status if stack else 'none'}",
            f"  endpoint  {status.endpoint}  {live.endpoint.status if live else 'none'}",
            f"  model     {f'version {status.version}  {live.package_arn}' if live and status.version else 'none'}",
        ]
        if status.becoming_arn and live:
            phases = "; ".join(described(phase, status.bake_seconds) for phase in live.endpoint.phases)
            output.append(f"  rollout   to version {version_of(status.becoming_arn)}: {phases}")
        if record is not None:
            output.append(
                f"  latest    version {record.model_package_version}, {record.result}, "
                f"{record.time:%Y-%m-%d %H:%M:%S %Z}, by {record.actor}: {record.why}"
            )
        if stack is not None and "ApiUrl" in stack.outputs:
            output.append(f"  api       {stack.outputs['ApiUrl']}")
        output += [f"  WRONG     {problem}" for problem in status.problems]
    return output


def _document(status: Status) -> dict[str, Any]:
    stack, live, record = status.observed.stack, status.observed.live, status.record
    return {
        "name": status.stage,
        "stack": {"name": status.stack, "status": stack.status if stack else None},
        "endpoint": {"name": status.endpoint, "status": live.endpoint.status if live else None},
        "model_package_arn": live.package_arn if live else None,
        "approval": status.approval,
        "rollout": _rollout(status),
        "model_sha256": live.model_sha256 if live else None,
        "api": stack.outputs.get("ApiUrl") if stack else None,
        "latest": record.shown() if record else None,
        "problems": list(status.problems),
    }


def _rollout(status: Status) -> dict[str, Any] | None:
    if status.becoming_arn is None or status.observed.live is None:
        return None
    now = datetime.now(UTC)
    phases = [
        {
            "status": phase.status,
            "message": phase.message,
            "seconds_left": phase.seconds_left(status.bake_seconds, now),
        }
        for phase in status.observed.live.endpoint.phases
    ]
    return {"model_package_arn": status.becoming_arn, "phases": phases}
