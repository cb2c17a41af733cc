"""Executes a rollout, step by step. `model_deploy.rollout` describes the whole path."""

from __future__ import annotations

import time

from model_common.deadline import Deadline
from model_deploy.errors import CommandError, RefusedError
from model_deploy.progress import Progress
from model_deploy.rollout import gate, publish
from model_deploy.rollout.candidate import complete_candidate
from model_deploy.rollout.converge import Convergence
from model_deploy.rollout.finish import finish
from model_deploy.rollout.request import Request, Result
from model_deploy.rollout.revert import Reverted, revert
from model_deploy.rollout.update.watch import Watch
from model_deploy.stacks import warm_up
from model_deploy.verify.examine import examine
from model_deploy.verify.judge import Verification
from model_deploy.workspace import Workspace

GRACE_SECONDS = 3600
"""The seconds that a rollout may take beyond twice SageMaker's limit for a deployment: one update and one rollback."""


def execute(workspace: Workspace, request: Request, progress: Progress) -> Result:
    """Roll out. A rollback or a failed verification is in the result.

    Raises RefusedError before anything was changed, StackError, and TimedOutError.
    """
    began = time.monotonic()
    warm_up()
    candidate = complete_candidate(workspace, request.arn, returning=request.kind == "rollback")
    gate.require_admissible(workspace, request, candidate)
    target = publish.publish(workspace, candidate)
    watch = Watch(workspace, progress, Deadline(limit_seconds(workspace, request.timeout)))
    convergence = Convergence(workspace, target, watch, progress, request)
    converged = convergence.run()
    verification, reverted = None, None
    if converged.failure is not None:
        reverted = revert(workspace, request, target, convergence, converged.failure, watch, progress)
    else:
        verification = examine(workspace, candidate, converged.observed)
        finish(workspace, request, target, converged, verification, progress)
    return Result(
        stage=workspace.stage.name,
        endpoint=workspace.endpoint_name,
        package=candidate.package,
        plan_sha256=target.sha256,
        changed=converged.changed,
        verification=verification,
        contract_failures=converged.contract_failures,
        excused=converged.excused,
        restored=reverted.restored if reverted else None,
        cause=converged.failure.cause if converged.failure else None,
        error=_error(workspace, candidate.package.version, verification, reverted),
        seconds=time.monotonic() - began,
    )


def limit_seconds(workspace: Workspace, timeout: float | None) -> float:
    """The seconds that a command waits for operations on the stage."""
    return timeout or 2 * workspace.stage.rollout.timeout_seconds + GRACE_SECONDS


def _error(
    workspace: Workspace, version: int, verification: Verification | None, reverted: Reverted | None
) -> CommandError | None:
    if reverted is not None:
        return reverted.error
    if verification is None or verification.passed:
        return None
    listed = "".join(f"\n  - {finding}" for finding in verification.failures)
    return RefusedError(f"Version {version} is live in {workspace.stage.name}, but not verified:{listed}")
