"""The next step towards a stage that serves a model package. A pure function of the target and the observed stage.

The stage is observed again after each step. So it does not matter which command took the last step, whether the step
ended, or how often the command was started: equal observations give equal answers, and None means that nothing is
left to do.

    stack                                   endpoint                           next step
    none, deleted, in review                none                               Apply (create)
    in progress                                                                Wait
    ROLLBACK_COMPLETE, *_FAILED             (nothing serves)                   Delete, then create
    UPDATE_ROLLBACK_FAILED                                                     ContinueRollback
    complete                                deleted by hand                    Restore
                                            being updated                      WaitForEndpoint
                                            failed                             Delete, then create
      with another template                 in service                         Apply (update)
      ... and type, while it scales         in service                         Deregister, then Apply
      with the wanted template              serves the wanted package          none
                                            serves another package             Reconcile: SageMaker rolled it back
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from model_deploy.core.plan import instance_type, stack_status, template_diff
from model_deploy.core.plan.observed import Live, Observed, Stack
from model_deploy.core.plan.stack_status import Action
from model_deploy.core.plan.target import Target
from model_deploy.core.plan.template_diff import Change
from model_deploy.errors import StackError


@dataclass(frozen=True)
class Apply:
    """Create a change set and execute it. `changes` are its expected changes."""

    kind: Literal["CREATE", "UPDATE"]
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        return f"{self.kind.lower()} the stack"


@dataclass(frozen=True)
class Deregister:
    """The first of two rollouts: remove the scaling, because SageMaker refuses another instance type while it is there.

    `template` is the stack's template without scaling. `changes` are the expected changes, `then` those of the second
    rollout, which changes the type and registers the scaling again.
    """

    template: str
    changes: tuple[Change, ...]
    then: tuple[Change, ...]

    def __str__(self) -> str:
        return (
            "take the scaling away, the first of two rollouts: an endpoint that scales refuses another instance type. "
            "The second changes the type, and the endpoint scales again"
        )


@dataclass(frozen=True)
class Wait:
    """Wait for the operation that runs on the stack. `own` says whether it belongs to this rollout."""

    stack: Stack
    own: bool

    def __str__(self) -> str:
        return f"wait for the stack, which is {self.stack.status}"


@dataclass(frozen=True)
class WaitForEndpoint:
    """Wait for the operation that runs on the endpoint. The stack did not start it."""

    status: str

    def __str__(self) -> str:
        return f"wait for the endpoint, which is {self.status}"


@dataclass(frozen=True)
class Delete:
    """Delete a stack that serves nothing. The next step creates it."""

    stack: Stack
    why: str

    def __str__(self) -> str:
        return f"delete the stack and create it again: {self.why}"


@dataclass(frozen=True)
class ContinueRollback:
    """Continue a failed rollback of CloudFormation."""

    stack: Stack

    def __str__(self) -> str:
        return "continue the rollback that failed"


@dataclass(frozen=True)
class Restore:
    """Create an endpoint again that was deleted by hand, as the stack describes it. Then the stack can be updated."""

    stack: Stack

    def __str__(self) -> str:
        return "restore the endpoint, which was deleted by hand"


@dataclass(frozen=True)
class Reconcile:
    """Bring the stack from the target's package, which SageMaker rolled back, to the live package `arn`."""

    stack: Stack
    arn: str

    def __str__(self) -> str:
        return f"bring the stack to {self.arn}, to which SageMaker has rolled the endpoint back"


Step = Apply | Deregister | Wait | WaitForEndpoint | Delete | ContinueRollback | Restore | Reconcile


def next_step(target: Target, observed: Observed) -> Step | None:
    """The next step that brings the stage to `target`; None if it is there.

    Raises StackError if a person has to decide.
    """
    stack, live = observed.stack, observed.live
    name = target.deployment.stack_name
    action = stack_status.decide(name, stack.status if stack else None)
    if action is Action.CREATE or stack is None:
        return _creation(target, live)
    match action:
        case Action.WAIT:
            return Wait(stack, own=stack.change_set == target.change_set)
        case Action.DELETE:
            return Delete(stack, f"it is {stack.status}")
        case Action.CONTINUE_ROLLBACK:
            return ContinueRollback(stack)
        case Action.UPDATE:
            return _update(target, stack, observed)


def _creation(target: Target, live: Live | None) -> Step:
    name = target.deployment.endpoint_name
    if live is None:
        return Apply("CREATE", template_diff.compare(None, target.template))
    if live.endpoint.status == "Deleting":
        return WaitForEndpoint(live.endpoint.status)
    raise StackError(
        f"There is an endpoint {name} ({live.endpoint.status}), but no stack {target.deployment.stack_name} that it belongs "
        f"to. If nobody needs it, delete it (aws sagemaker delete-endpoint --endpoint-name {name}), and run the same "
        "command again."
    )


def _update(target: Target, stack: Stack, observed: Observed) -> Step | None:
    live = observed.live
    if live is None:
        return Restore(stack)
    if live.endpoint.changing:
        return WaitForEndpoint(live.endpoint.status)
    if not live.serves:
        return Delete(stack, f"its endpoint is {live.endpoint.status}")
    if observed.template is None or not template_diff.same(observed.template, target.template):
        return _change(observed.template, target.template)
    return reconciliation(target, stack, live)


def _change(old: str | None, new: str) -> Step:
    if old is not None and instance_type.needs_two_rollouts(old, new):
        between = instance_type.without_scaling(old)
        return Deregister(
            between, template_diff.compare(old, between), then=template_diff.compare(between, new)
        )
    return Apply("UPDATE", template_diff.compare(old, new))


def reconciliation(target: Target, stack: Stack, live: Live) -> Reconcile | None:
    """The step for a stack with the wanted template: None, unless the endpoint serves another package.

    Raises StackError if the endpoint serves a model that was not made from a package.
    """
    if live.package_arn == target.arn:
        return None
    if live.package_arn is None:
        raise StackError(
            f"The endpoint {live.endpoint.name} serves the model {live.model or 'of a configuration that is gone'}, which was "
            f"not made from a model package, while its stack {stack.name} says {target.arn}. Someone changed it by hand: "
            f"`model-deploy teardown --stage {target.deployment.stage.name}` and a rollout bring it back."
        )
    return Reconcile(stack, live.package_arn)
