"""What has to be done so that a stage serves a model package. Pure: what was observed comes in, the next step comes out.

A plan is made anew after each step, from what is there then. So it does not matter who took the last step, whether it
was taken to its end, or how often the command was started: the same observation has the same answer, and where nothing
is left to do the answer is None.

    stack                                   endpoint                           next step
    none, deleted, in review                none                               Apply (create)
    in progress                                                                Wait
    ROLLBACK_COMPLETE, *_FAILED             (nothing serves)                   Delete, then create anew
    UPDATE_ROLLBACK_FAILED                                                     ContinueRollback
    complete                                deleted by hand                    Restore
                                            being updated                      WaitForEndpoint
                                            failed                             Delete, then create anew
      with another template                 in service                         Apply (update)
      ... and type, while it scales         in service                         Deregister, then Apply
      with the wanted template              serves the wanted package          none
                                            serves another package             Reconcile: SageMaker rolled it back
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from model_deploy.core import instance_type, stack_status, template_diff
from model_deploy.core.observed import Live, Observed, Stack
from model_deploy.core.stack_status import Action
from model_deploy.core.target import Target
from model_deploy.core.template_diff import Change
from model_deploy.errors import StackError


@dataclass(frozen=True)
class Apply:
    """Make a change set and execute it. `changes` are what is expected of it."""

    kind: Literal["CREATE", "UPDATE"]
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        return f"{self.kind.lower()} the stack"


@dataclass(frozen=True)
class Deregister:
    """The first of two rollouts: take the scaling away, since an endpoint that scales refuses another instance type.

    `template` is the stack's own without scaling. `changes` are what is expected of it, `then` those of the second rollout,
    which changes the type and registers the scaling again.
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
    """Let what is under way on the stack come to its end. `own` says whether it is this very rollout."""

    stack: Stack
    own: bool

    def __str__(self) -> str:
        return f"wait for the stack, which is {self.stack.status}"


@dataclass(frozen=True)
class WaitForEndpoint:
    """Let what is under way on the endpoint come to its end; it was not the stack that began it."""

    status: str

    def __str__(self) -> str:
        return f"wait for the endpoint, which is {self.status}"


@dataclass(frozen=True)
class Delete:
    """Delete a stack of which nothing serves; it is created anew after that."""

    stack: Stack
    why: str

    def __str__(self) -> str:
        return f"delete the stack and create it anew: {self.why}"


@dataclass(frozen=True)
class ContinueRollback:
    """Let CloudFormation go on with a rollback that failed."""

    stack: Stack

    def __str__(self) -> str:
        return "continue the rollback that failed"


@dataclass(frozen=True)
class Restore:
    """Create the endpoint that was deleted by hand again, as the stack has it: then the stack is true, and can change."""

    stack: Stack

    def __str__(self) -> str:
        return "restore the endpoint, which was deleted by hand"


@dataclass(frozen=True)
class Reconcile:
    """Bring the stack to the package `arn`, which is live, from the wanted one, which is not: that was rolled back."""

    stack: Stack
    arn: str

    def __str__(self) -> str:
        return f"bring the stack to {self.arn}, to which SageMaker has rolled the endpoint back"


Step = Apply | Deregister | Wait | WaitForEndpoint | Delete | ContinueRollback | Restore | Reconcile


def next_step(target: Target, observed: Observed) -> Step | None:
    """What to do next so that the stage becomes `target`; None when it is.

    Raises StackError when only a person can decide.
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
    return settled(target, stack, live)


def _change(old: str | None, new: str) -> Step:
    if old is not None and instance_type.needs_two_rollouts(old, new):
        between = instance_type.without_scaling(old)
        return Deregister(
            between, template_diff.compare(old, between), then=template_diff.compare(between, new)
        )
    return Apply("UPDATE", template_diff.compare(old, new))


def settled(target: Target, stack: Stack, live: Live) -> Reconcile | None:
    """What is left where the stack says what it should: nothing, unless the endpoint serves something else."""
    if live.package_arn == target.arn:
        return None
    if live.package_arn is None:
        raise StackError(
            f"The endpoint {live.endpoint.name} serves the model {live.model or 'of a configuration that is gone'}, which was "
            f"not made from a model package, while its stack {stack.name} says {target.arn}. Someone changed it by hand: "
            f"`model-deploy teardown --stage {target.deployment.stage.name}` and a rollout bring it back."
        )
    return Reconcile(stack, live.package_arn)
