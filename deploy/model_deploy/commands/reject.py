"""`model-deploy reject`: rolls a stage back if a rejected package is live there.

A running operation is waited for first, because it may deploy that package. If the package is not live, nothing is
changed, so a rejection may arrive any number of times, for every stage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from model_common.deadline import Deadline
from model_deploy.aws import endpoint, records, registry, stack
from model_deploy.commands import rollback, rollout
from model_deploy.core.model_package.arn import version_of
from model_deploy.core.model_package.package import REJECTED, Package
from model_deploy.core.record import record_key
from model_deploy.errors import CommandError, LeftError, RefusedError
from model_deploy.progress import Progress
from model_deploy.rollout.converge import wait_for_record
from model_deploy.rollout.execute import limit_seconds
from model_deploy.rollout.request import Request, Result
from model_deploy.rollout.update.watch import Watch
from model_deploy.workspace import Workspace


@dataclass(frozen=True)
class Rejection:
    """The rejected package, what was live in the stage before (None: nothing), and the rollback, if there was one."""

    stage: str
    endpoint: str
    package: Package
    live: str | None
    rollback: Result | None

    @property
    def error(self) -> CommandError | None:
        """The reason for an exit code other than 0: the rollback's error."""
        return self.rollback.error if self.rollback else None


def run(
    workspace: Workspace, arn: str, why: str | None, console: Console, timeout: float | None = None
) -> Rejection:
    """Roll the stage back to the version before the package `arn`, if that is live there.

    Raises RefusedError when the package is not Rejected (any more), or there is no version to go back to; TimedOutError.
    """
    rejected = registry.describe(workspace.aws, arn)
    if rejected.approval != REJECTED:
        raise RefusedError(
            f"Version {rejected.version} ({arn}) is {rejected.approval}, not {REJECTED}: nothing was changed in "
            f"{workspace.stage.name}."
        )
    _wait_for_operations(workspace, console, timeout)
    serving = endpoint.live_model(workspace.aws, workspace.endpoint_name)
    current = serving.package_arn if serving else None
    said = why or rejected.approval_description
    request = _request(workspace, arn, current, f"rejected: {said}" if said else "rejected", timeout)
    result = None
    if request is not None:
        try:
            result = rollout.run(workspace, request, console)
        except LeftError as left:
            current = left.live
    return Rejection(workspace.stage.name, workspace.endpoint_name, rejected, current, result)


def document(rejection: Rejection) -> dict[str, Any]:
    """The rejection for machines; `rollback` is the document of a rollout."""
    return {
        "stage": rejection.stage,
        "endpoint": rejection.endpoint,
        "model_package_arn": rejection.package.arn,
        "version": rejection.package.version,
        "was_live": rejection.live == rejection.package.arn,
        "rollback": rollout.document(rejection.rollback) if rejection.rollback else None,
    }


def lines(rejection: Rejection) -> list[str]:
    """The rejection for people."""
    version = f"version {rejection.package.version} ({rejection.package.arn})"
    if rejection.rollback is None:
        serves = (
            f"serves {rejection.live}" if rejection.live else "does not exist, or serves no model package"
        )
        return [f"Rejected {version} is not live in {rejection.stage}: {rejection.endpoint} {serves}."]
    return [f"Rejected {version} leaves {rejection.stage}.", *rollout.lines(rejection.rollback)]


def _wait_for_operations(workspace: Workspace, console: Console, timeout: float | None) -> None:
    watch = Watch(workspace, Progress(console), Deadline(limit_seconds(workspace, timeout)))
    found = stack.describe(workspace.aws, workspace.stack_name)
    if found is not None and found.running:
        wait_for_record(workspace, watch.stack(found.id))
    watch.endpoint()


def _request(
    workspace: Workspace, rejected: str, current: str | None, occasion: str, timeout: float | None
) -> Request | None:
    """The rollback's request: to the version before, or to that of a rollback that was killed."""
    if current == rejected:
        choice = rollback.choose(workspace, None, occasion, leaving=rejected)
        return Request(choice.arn, choice.why, "rollback", timeout=timeout, leaving=rejected)
    if current is not None and _is_unrecorded(workspace, rejected, current):
        why = f"rollback from version {version_of(rejected)}: {occasion}"
        return Request(current, why, "rollback", timeout=timeout)
    return None


def _is_unrecorded(workspace: Workspace, rejected: str, current: str) -> bool:
    """Whether `current` replaced the rejected package by a rollout that was killed before it wrote its record."""
    found = stack.describe(workspace.aws, workspace.stack_name)
    bucket, stage = workspace.settings.bucket, workspace.stage.name
    if found is None or found.outputs.get("ModelPackageArn") != current:
        return False
    key = record_key(stage, found.changed, version_of(current))
    if records.find(workspace.aws, bucket, key) is not None:
        return False
    latest = next(records.history(workspace.aws, bucket, stage), None)
    return latest is not None and (latest.model_package_arn, latest.outcome) == (rejected, "deployed")
