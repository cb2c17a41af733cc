"""The end of a failed rollout: write the record, bring the stack to the live package, and delete what is left over."""

from __future__ import annotations

from dataclasses import dataclass, replace

from model_deploy.core.model_package.arn import version_of
from model_deploy.core.plan.observed import Observed
from model_deploy.core.plan.target import Target
from model_deploy.core.plan.template_diff import package_of
from model_deploy.errors import CommandError, OvertakenError, RefusedError, RolledBackError, StackError
from model_deploy.progress import Progress
from model_deploy.rollout import prune, publish
from model_deploy.rollout.candidate import complete_candidate
from model_deploy.rollout.converge import Convergence, Failure
from model_deploy.rollout.finish import record
from model_deploy.rollout.request import Request
from model_deploy.rollout.update.watch import Watch
from model_deploy.workspace import Workspace


@dataclass(frozen=True)
class Reverted:
    """`restored` is the package that serves again, None if none served before; `error` ends the command."""

    restored: str | None
    error: CommandError


def revert(
    workspace: Workspace,
    request: Request,
    target: Target,
    convergence: Convergence,
    failure: Failure,
    watch: Watch,
    progress: Progress,
) -> Reverted:
    """Record the failure, and bring the stack back to the package that serves; unused models are deleted."""
    progress.say(f"Taken back: {failure.cause}")
    version, stage = target.candidate.package.version, workspace.stage.name
    if failure.created:
        record(workspace, request, target, failure.operation, "failed", None, None)
        prune.run(workspace, failure.ended, progress)
        words = f"Version {version} could not be deployed to {stage}, where nothing was live before: {failure.cause}."
        return Reverted(None, StackError(words))
    if failure.operation.status == "UPDATE_ROLLBACK_FAILED":
        convergence.continue_rollback(failure.operation, convergence.observe())
    observed = convergence.observe()
    restored = observed.live_arn
    # Recorded before the stack is reconciled: the rollback has happened, even if this command is killed now.
    record(workspace, request, target, failure.operation, "rolled back", None, restored)
    if restored is not None and _names_another_package(observed):
        _reconcile(workspace, restored, watch, progress)
    else:
        convergence.scale_again()
        prune.run(workspace, failure.ended, progress)
    serves = (
        f"{workspace.endpoint_name} serves version {version_of(restored)} as before."
        if restored is not None
        else f"What {workspace.endpoint_name} serves now is not a model package; `model-deploy status` says more."
    )
    words = f"Version {version} was rolled back in {stage}: {failure.cause}. {serves}"
    return Reverted(restored, RolledBackError(words))


def _reconcile(workspace: Workspace, arn: str, watch: Watch, progress: Progress) -> None:
    """Bring the stack to the package `arn`, which the endpoint serves."""
    live = complete_candidate(workspace, arn, returning=True)
    problem = live.contract_problem or live.artifact_problem
    if problem is not None:
        raise RefusedError(
            f"The stack {workspace.stack_name} cannot be brought to {arn}, which is live. {problem}"
        )
    back = replace(publish.publish(workspace, live), purpose="reconcile")
    try:
        converged = Convergence(workspace, back, watch, progress, request=None).run()
    except OvertakenError as overtaken:
        progress.say(f"The stack is left as it is. {overtaken}")
        return
    if converged.failure is not None:
        raise StackError(
            f"The stack {workspace.stack_name} could not be brought to {arn}, which is live: {converged.failure.cause}. "
            "Requests are answered by it all the same; roll it out again when the cause is gone."
        )
    if converged.observed.stack is not None:
        prune.run(workspace, converged.observed.stack.changed, progress)


def _names_another_package(observed: Observed) -> bool:
    """Whether the stack names another package than the live one."""
    return observed.template is not None and package_of(observed.template) != observed.live_arn
