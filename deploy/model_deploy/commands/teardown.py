"""`model-deploy teardown`: lists everything of a stage and deletes it.

Records, captured requests and the endpoint's log stay, because an audit may need them. The list names them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console

from model_common.aws.errors import is_missing
from model_common.deadline import Deadline
from model_common.leftovers import Leftovers
from model_common.stack_events import first_failure
from model_deploy.aws import endpoint, registry, stack
from model_deploy.core.plan.observed import Endpoint, Stack
from model_deploy.errors import StackError, UsageError
from model_deploy.progress import Progress
from model_deploy.rollout import prune
from model_deploy.rollout.update.watch import Watch
from model_deploy.workspace import Workspace

LIMIT_SECONDS = 3600

_BILLED = {
    "AWS::SageMaker::Endpoint": "billed for its instances, every second",
    "AWS::CloudWatch::Alarm": "billed per alarm and month",
    "AWS::CloudWatch::CompositeAlarm": "billed per alarm and month",
    "AWS::CloudWatch::Dashboard": "billed per dashboard and month, beyond three",
    "AWS::Logs::LogGroup": "billed for what it stores",
    "AWS::ApiGatewayV2::Api": "billed per request",
    "AWS::Lambda::Function": "billed per request",
}


_LOG_GROUPS = "/aws/sagemaker/Endpoints/"
"""The prefix of the log groups that SageMaker creates for the output of endpoints' containers."""


@dataclass(frozen=True)
class Inventory:
    """Everything that a stage has. `resources` are the stack's: logical id to type and name.

    `endpoint` is an endpoint that belongs to no stack. `package_arn` is the live package.
    """

    stage: str
    stack: Stack | None
    resources: dict[str, tuple[str, str]]
    endpoint: Endpoint | None
    package_arn: str | None
    leftovers: Leftovers
    kept: str

    def __bool__(self) -> bool:
        return self.stack is not None or self.endpoint is not None or bool(self.leftovers)


def take_inventory(workspace: Workspace) -> Inventory:
    """Describe everything of the stage; changes nothing."""
    aws, stage = workspace.aws, workspace.stage.name
    found = stack.describe(aws, workspace.stack_name)
    serving = endpoint.live_model(aws, workspace.endpoint_name)
    resources = stack.resources(aws, workspace.stack_name) if found else {}
    held = any(kind == "AWS::SageMaker::Endpoint" for kind, _ in resources.values())
    return Inventory(
        stage=stage,
        stack=found,
        resources=resources,
        endpoint=serving.endpoint if serving and not held else None,
        package_arn=serving.package_arn if serving else None,
        leftovers=prune.find(aws, workspace.settings, stage),
        kept=f"{workspace.settings.s3(f'deployments/{stage}/')}, {workspace.settings.s3(f'datacapture/{stage}/')} and the log group "
        f"{_LOG_GROUPS}{workspace.endpoint_name}, billed for what they store",
    )


def run(
    workspace: Workspace, inventory: Inventory, console: Console, timeout: float | None = None
) -> Inventory:
    """Delete everything of the inventory, and what the stack retains; returns what is left.

    Can be run again at any time. Raises StackError naming what could not be deleted.
    """
    aws, progress = workspace.aws, Progress(console)
    watch = Watch(workspace, progress, Deadline(timeout or LIMIT_SECONDS))
    if inventory.stack is not None:
        _delete_stack(workspace, inventory.stack, watch)
    _delete_endpoint(workspace, watch)
    # The endpoint is deleted, so nothing uses the retained models and configurations.
    leftovers = prune.find(aws, workspace.settings, inventory.stage)
    prune.delete(aws, leftovers)
    for line in leftovers.lines():
        progress.say(f"Deleted {line}")
    if inventory.package_arn is not None:
        registry.show_gone(aws, inventory.package_arn, inventory.stage, "TornDown", "Its stage was torn down")
    return take_inventory(workspace)


def confirm(inventory: Inventory, yes: bool, ask: Callable[[str], bool]) -> None:
    """Raises UsageError unless `yes`, or `ask` is answered with yes."""
    if not yes and not ask(f"Delete all of this of {inventory.stage}?"):
        raise UsageError(f"Nothing of {inventory.stage} was deleted. --yes deletes it without asking.")


def document(inventory: Inventory, left: Inventory) -> dict[str, Any]:
    """The inventory, and what is left of it, for machines."""
    return {
        "stage": inventory.stage,
        "deleted": _items(inventory),
        "left": _items(left),
        "kept": inventory.kept,
    }


def lines(inventory: Inventory) -> list[str]:
    """The inventory for people, the most expensive first."""
    if not inventory:
        return [f"There is nothing of {inventory.stage}."]
    items = [
        (kind not in _BILLED, f"  {kind:<42} {name}" + (f"  ({_BILLED[kind]})" if kind in _BILLED else ""))
        for kind, name in inventory.resources.values()
    ]
    rows = [f"stack {inventory.stack.name}  {inventory.stack.status}"] if inventory.stack else []
    rows += [line for _, line in sorted(items)]
    if inventory.endpoint is not None:
        rows.append(
            f"endpoint {inventory.endpoint.name}, in no stack  (billed for its instances, every second)"
        )
    rows += [f"{line}, used by nothing" for line in inventory.leftovers.lines()]
    return [*rows, f"Kept: {inventory.kept}"]


def _items(inventory: Inventory) -> list[str]:
    named = [f"stack {inventory.stack.name}"] if inventory.stack else []
    named += [f"{kind} {name}" for kind, name in inventory.resources.values()]
    named += [f"endpoint {inventory.endpoint.name}"] if inventory.endpoint else []
    return named + inventory.leftovers.lines()


def _delete_stack(workspace: Workspace, found: Stack, watch: Watch) -> None:
    # SageMaker refuses to delete an endpoint during an update, so the update is waited for.
    current = watch.stack(found.id) if found.running else found
    if current is None:
        return
    stack.delete(workspace.aws, current)
    final = watch.deletion(current.id)
    if final is not None:
        failed = first_failure(stack.last_operation(workspace.aws, current.id))
        raise StackError(
            f"The stack {current.name} could not be deleted ({final.status}): "
            + (f"{failed.resource}: {failed.words}" if failed else final.reason or "it says no more")
            + ". Remove what keeps it, and run the same command again."
        )


def _delete_endpoint(workspace: Workspace, watch: Watch) -> None:
    """Delete an endpoint of the stage that no stack has deleted."""
    name = workspace.endpoint_name
    found = endpoint.describe(workspace.aws, name)
    if found is None:
        return
    if found.changing:
        watch.endpoint()
    try:
        workspace.aws.sagemaker.delete_endpoint(EndpointName=name)
    except ClientError as error:
        if not is_missing(error):
            raise
    watch.endpoint()
