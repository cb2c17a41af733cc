"""`project-template teardown`: what a project made, listed, and then deleted in the order that lets each of it go.

Endpoints first, since the project's own deletion is refused while they live; then pipelines, whose runs are stopped; then
the project, which takes its stack with it and archives its repositories; then, only if told, models and data. Each step looks
for what is there, so an interrupted teardown is taken up by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console

from model_common.aws.errors import is_missing
from model_common.cli.progress import Progress
from model_common.deadline import Deadline
from model_common.leftovers import Leftovers
from project_template.account import leftovers, project, retained
from project_template.account.project import Follow, Project
from project_template.account.retained import Retained
from project_template.aws import change_sets, cloudformation
from project_template.aws.clients import Aws
from project_template.aws.waiting import Watch
from project_template.core.names import check_project
from project_template.core.stack import Resource, Stack
from project_template.errors import ProjectError, RefusedError, UsageError

LIMIT_SECONDS = 3600


@dataclass(frozen=True)
class Request:
    """The options of one teardown. `timeout` is in seconds."""

    name: str
    with_endpoints: bool = False
    with_data: bool = False
    timeout: float | None = None


@dataclass(frozen=True)
class Inventory:
    """Everything that a project has.

    `endpoints` are the stacks of its endpoints, `resources` those of its own stack.
    """

    name: str
    project: Project | None
    resources: tuple[Resource, ...]
    endpoints: tuple[Stack, ...]
    pipelines: tuple[str, ...]
    leftovers: Leftovers
    retained: Retained

    @property
    def identity(self) -> dict[str, str]:
        """The tag that everything of the project carries: its id while that is known, else its name."""
        return identity(self.name, self.project)


def identity(name: str, found: Project | None) -> dict[str, str]:
    """The tags by which the project's resources are found: its id, or its name if the project does not exist."""
    return {project.PROJECT_ID_TAG: found.id} if found else {project.PROJECT_NAME_TAG: name}


def take_inventory(aws: Aws, request: Request) -> Inventory:
    """Look what there is; changes nothing."""
    check_project(request.name)
    found = project.describe(aws, request.name)
    tags = identity(request.name, found)
    endpoints = [each for each in cloudformation.tagged(aws, tags) if project.STAGE_TAG in each.tags]
    return Inventory(
        name=request.name,
        project=found,
        resources=tuple(cloudformation.resources(aws, found.stack)) if found and found.stack else (),
        endpoints=tuple(endpoints),
        pipelines=tuple(leftovers.pipelines(aws, request.name, tags)),
        leftovers=leftovers.find(aws, request.name, tags),
        retained=retained.find(aws, request.name, tags),
    )


def has_work(inventory: Inventory, request: Request) -> bool:
    """Whether there is anything that a run would delete."""
    return bool(
        inventory.project
        or inventory.endpoints
        or inventory.pipelines
        or inventory.leftovers
        or (request.with_data and inventory.retained)
    )


def require_free(inventory: Inventory, request: Request) -> None:
    """Raises RefusedError while endpoints live that nobody asked to delete."""
    if inventory.endpoints and not request.with_endpoints:
        names = ", ".join(each.name for each in inventory.endpoints)
        raise RefusedError(
            f"Endpoints of {inventory.name} live, and clients may call them: {names}. Delete them in the deploy repository "
            "(`model-deploy teardown --stage STAGE`), or with everything else by --with-endpoints. Nothing was deleted."
        )


def confirm(inventory: Inventory, yes: bool, ask: Callable[[str], bool]) -> None:
    """Raises UsageError unless `yes`, or `ask` is answered with yes."""
    if not yes and not ask(f"Delete all of this of {inventory.name}?"):
        raise UsageError(f"Nothing of {inventory.name} was deleted. --yes deletes it without asking.")


def run(aws: Aws, request: Request, inventory: Inventory, console: Console) -> Inventory:
    """Delete what the inventory lists; what is left in the end.

    Raises StackError or ProjectError naming what could not be deleted, and TimedOutError.
    """
    progress = Progress(console)
    watch = Watch(aws, progress, Deadline(request.timeout or LIMIT_SECONDS))
    for endpoint in inventory.endpoints:
        progress.say(f"Deleting the stack {endpoint.name}")
        change_sets.delete(aws, endpoint.name, watch)
    for pipeline in inventory.pipelines:
        progress.say(f"Deleting the pipeline {pipeline}")
        leftovers.delete_pipeline(aws, pipeline, watch)
    # After the pipelines, whose trials would make more.
    for line in leftovers.delete(aws, leftovers.find(aws, request.name, inventory.identity), watch):
        progress.say(line)
    if inventory.project is not None:
        _delete_project(aws, inventory.project, watch, progress)
        if any(each.logical_id == "RetrainFunction" for each in inventory.resources):
            leftovers.delete_schedule(aws, request.name)
    if request.with_data:
        for line in retained.delete(aws, inventory.retained):
            progress.say(line)
    return take_inventory(aws, request)


def document(inventory: Inventory, left: Inventory, request: Request) -> dict[str, Any]:
    """The inventory, and what is left of it, for machines."""
    return {
        "project": inventory.name,
        "found": _items(inventory),
        "left": _items(left),
        "kept": [] if request.with_data else left.retained.lines(),
    }


def lines(inventory: Inventory, request: Request) -> list[str]:
    """The inventory for people."""
    printed = _items(inventory)
    if not has_work(inventory, request):
        printed.append(f"There is nothing of {inventory.name} to delete.")
    kept = inventory.retained.lines()
    if request.with_data:
        return printed + [f"{line}, WITH ALL THAT IS IN IT" for line in kept]
    return printed + ([f"Kept (--with-data deletes it): {line}" for line in kept])


def _items(inventory: Inventory) -> list[str]:
    found = inventory.project
    held = {*inventory.retained.buckets, *inventory.retained.keys, *inventory.retained.groups}
    return [
        *([f"project {found.name}  {found.id}  {found.status}"] if found else []),
        *(
            f"  {each.type:<42} {each.physical_id}"
            for each in inventory.resources
            if each.physical_id.rpartition("/")[2] not in held
        ),
        *(
            f"endpoint stack {each.name}  {each.status}  (billed while it lives)"
            for each in inventory.endpoints
        ),
        *(f"pipeline {name}" for name in inventory.pipelines),
        *inventory.leftovers.lines(),
    ]


def _delete_project(aws: Aws, found: Project, watch: Watch, progress: Progress) -> None:
    follow = Follow(aws, found.name, watch, progress)
    follow.begin(found)
    if found.running and found.status != "DeleteInProgress":
        # SageMaker deletes no project that something else is under way on.
        settled = follow.until_done()
        if settled is None:
            return
        found = settled
    if found.status != "DeleteInProgress":
        try:
            aws.sagemaker.delete_project(ProjectName=found.name)
        except ClientError as error:
            if not is_missing(error):
                raise
            return
    left = follow.until_done()
    if left is not None:
        raise ProjectError(
            f"The project {found.name} could not be deleted ({left.status}): {follow.cause(left)}. Remove what keeps it, and "
            "run the same command again."
        )
