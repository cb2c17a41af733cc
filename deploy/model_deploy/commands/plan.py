"""`model-deploy plan`: shows what a rollout would do. Describes only: no upload, no change set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model_deploy.aws import observation, registry
from model_deploy.core import promotion
from model_deploy.core.model_package.package import Package
from model_deploy.core.plan import next_step
from model_deploy.core.plan.next_step import Apply, Deregister, Step
from model_deploy.core.plan.observed import Observed
from model_deploy.core.plan.target import Target
from model_deploy.core.plan.template_diff import Change
from model_deploy.errors import UsageError
from model_deploy.rollout import gate, publish
from model_deploy.rollout.candidate import complete_candidate
from model_deploy.stacks import warm_up
from model_deploy.stage import Rollout
from model_deploy.workspace import Workspace

SHORT = 12
"""The number of a hash's digits in the output for people; --json has all of them."""


@dataclass(frozen=True)
class Described:
    """A package with the figures of its evaluation."""

    package: Package
    metrics: dict[str, float]


@dataclass(frozen=True)
class Plan:
    """The plan of a rollout. `step` is its first step, None if there is nothing to do."""

    workspace: Workspace
    target: Target
    observed: Observed
    step: Step | None
    next: Described
    current: Described | None
    forced: str | None


def make(workspace: Workspace, arn: str, forced: str | None = None, *, returning: bool = False) -> Plan:
    """Make the plan of a rollout, or of a rollback with `returning`.

    Raises RefusedError with every reason why the package must not go to the stage.
    """
    aws = workspace.aws
    warm_up()
    candidate = complete_candidate(workspace, arn, returning=returning)
    promotion.require(gate.promotion_request(workspace, candidate, forced=forced, returning=returning))
    target = publish.plan(workspace, candidate)
    observed = observation.observe(aws, workspace.stack_name, workspace.endpoint_name)
    return Plan(
        workspace=workspace,
        target=target,
        observed=observed,
        step=next_step.next_step(target, observed),
        next=Described(candidate.package, registry.metrics(aws, candidate.package)),
        current=_current(workspace, observed),
        forced=forced,
    )


def document(plan: Plan) -> dict[str, Any]:
    """The plan for machines."""
    stack, live = plan.observed.stack, plan.observed.live
    return {
        "stage": plan.workspace.stage.name,
        "stack": {"name": plan.workspace.stack_name, "status": stack.status if stack else None},
        "endpoint": {
            "name": plan.workspace.endpoint_name,
            "status": live.endpoint.status if live else None,
        },
        "plan_sha256": plan.target.sha256,
        "next": _described(plan.next),
        "current": _described(plan.current) if plan.current else None,
        "step": str(plan.step) if plan.step else None,
        "changes": [_changed(each) for each in _changes(plan.step)],
        "then": [_changed(each) for each in (plan.step.then if isinstance(plan.step, Deregister) else ())],
        "rollout": plan.workspace.stage.rollout.model_dump(),
        "warnings": list(plan.workspace.stage.warnings),
        "forced": plan.forced,
    }


def lines(plan: Plan) -> list[str]:
    """The plan for people."""
    live, stack = plan.observed.live, plan.observed.stack
    rows = [
        f"stage      {plan.workspace.stage.name}",
        f"stack      {plan.workspace.stack_name}  {stack.status if stack else 'does not exist yet'}",
        f"endpoint   {plan.workspace.endpoint_name}  {live.endpoint.status if live else 'does not exist yet'}",
        f"plan       {plan.target.sha256[:SHORT]}",
        "",
        *_figures(plan.next, plan.current),
        "",
        f"rollout    {rollout_in_words(plan.workspace.stage.rollout)}",
        *(f"warning    {warning}" for warning in plan.workspace.stage.warnings),
    ]
    if plan.step is None:
        return [*rows, "", "Nothing changes: a rollout verifies what is live, and no more."]
    rows += ["", f"A rollout begins with: {plan.step}"]
    rows += [f"  {change}" for change in _changes(plan.step)]
    if isinstance(plan.step, Deregister):
        rows += ["The second rollout, by the same command:", *(f"  {change}" for change in plan.step.then)]
    return rows


def _changes(step: Step | None) -> tuple[Change, ...]:
    return step.changes if isinstance(step, Apply | Deregister) else ()


def _changed(change: Change) -> dict[str, Any]:
    return {
        "action": str(change.kind),
        "resource": change.resource,
        "type": change.type,
        "properties": list(change.properties),
        "replaced": change.replaced,
    }


def rollout_in_words(rollout: Rollout) -> str:
    """How the traffic moves."""
    size = f" of {rollout.size_percent}%" if rollout.size_percent else ""
    waits = [
        f"{seconds} s {what}"
        for seconds, what in (
            (rollout.bake_seconds, "of bake after each step"),
            (rollout.termination_wait_seconds, "until the old instances end"),
        )
        if seconds
    ]
    return ", ".join([rollout.strategy.replace("_", " ") + size, *waits])


def _current(workspace: Workspace, observed: Observed) -> Described | None:
    arn = observed.live.package_arn if observed.live else None
    if arn is None:
        return None
    try:
        live = registry.describe(workspace.aws, arn)
    except UsageError:
        # The package was deleted from the registry and still serves. `status` reports that; it does not block
        # another package.
        return None
    return Described(live, registry.metrics(workspace.aws, live))


def _described(described: Described) -> dict[str, Any]:
    return {
        "model_package_arn": described.package.arn,
        "version": described.package.version,
        "approval": described.package.approval,
        "life_cycle": str(described.package.life_cycle) if described.package.life_cycle else None,
        "commit": described.package.commit,
        "metrics": described.metrics,
    }


def _figures(new: Described, current: Described | None) -> list[str]:
    versions = [new, *([current] if current else [])]
    header = "".join(f"{f'version {each.package.version}':>14}" for each in versions)
    rows = [f"{'':<28}{header}", f"{'':<28}{'next':>14}{'live' if current else '':>14}".rstrip()]
    for name in dict.fromkeys(name for each in versions for name in each.metrics):
        values = (each.metrics.get(name) for each in versions)
        rows.append(
            f"{name:<28}" + "".join(f"{'-' if value is None else f'{value:.4f}':>14}" for value in values)
        )
    return rows
