"""`project-template update`: a project to the version of the template that is published.

The project's own parameters keep their values; what the new version has as defaults (its archives) comes with it. The seed
reaches the repositories as a pull request, never over the team's work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console

from model_common.aws.errors import error_text
from model_common.cli.progress import Progress
from model_common.deadline import Deadline
from project_template.account import catalog, project, publication
from project_template.account.project import Follow, Project
from project_template.account.publication import Published
from project_template.aws import cloudformation
from project_template.aws.clients import Aws
from project_template.aws.waiting import Watch
from project_template.commands.result import Result
from project_template.core import template
from project_template.core.settings import check_tags, watched_prefix
from project_template.core.template import INJECTED, Parameter
from project_template.doctor import renamed
from project_template.errors import GitHubError, ProjectError, RefusedError, RolledBackError, UsageError
from project_template.github import Transport, fetch

LIMIT_SECONDS = 3600


@dataclass(frozen=True)
class Request:
    """`parameters` are those that change; the others stay as they are.

    `watch_data` says whether new training data retrains; None leaves it as it is, of other training data, too.
    """

    name: str
    publication: str
    parameters: Mapping[str, str]
    timeout: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    watch_data: bool | None = None


def run(aws: Aws, request: Request, console: Console, transport: Transport = fetch) -> Result:
    """Update the project and wait for it. Repositories that were renamed on GitHub are taken by their new names.

    Raises UsageError where there is no such project, or for values that the template refuses; RefusedError while another
    operation is under way or where the project never came to be; RolledBackError with the first failing resource's reason.
    """
    check_tags(request.tags)
    progress = Progress(console)
    follow = Follow(
        aws, request.name, Watch(aws, progress, Deadline(request.timeout or LIMIT_SECONDS)), progress
    )
    existing = project.describe(aws, request.name)
    if existing is None:
        raise UsageError(f"There is no project {request.name} in {aws.region}.")
    attached = existing.status == "UpdateInProgress"
    if attached:
        progress.say(f"The project {request.name} is being updated already: watching it")
    elif existing.running or existing.status in {"CreateFailed", "DeleteFailed"}:
        raise RefusedError(
            f"The project {request.name} is {existing.status} and cannot be updated. "
            + (
                "Wait until that is done."
                if existing.running
                else f"`project-template teardown {request.name}` removes it."
            )
        )
    else:
        follow.begin(existing)
        if not _update(aws, request, existing, progress, transport):
            progress.say("SageMaker finds nothing to change")
            return Result.of(aws, existing, attached=False)
    done = follow.until_done()
    if done is None:
        raise ProjectError(f"The project {request.name} was deleted while it was being updated.")
    if done.failed:
        raise RolledBackError(
            f"The project {request.name} could not be updated ({done.status}): {follow.cause(done)}. CloudFormation went back "
            f"to what there was; fix the cause and update again. `project-template doctor {request.name}` looks for it."
        )
    return Result.of(aws, done, attached)


def _update(aws: Aws, request: Request, existing: Project, progress: Progress, transport: Transport) -> bool:
    """Ask for the update; whether there is anything to wait for."""
    published = publication.find(aws, request.publication)
    new = publication.project_template(aws, published)
    values = _values(aws, existing, template.parameters(new))
    values |= _renamed(aws, published, existing, progress, transport) | dict(request.parameters)
    values |= _watched(request, values)
    template.check(new, values, request.name)
    sent = [{"Key": key, "Value": value} for key, value in sorted(values.items())]
    try:
        form = _form(aws, existing, published, sent)
        if request.tags:
            form["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(request.tags.items())]
        aws.sagemaker.update_project(ProjectName=request.name, **form)
    except ClientError as error:
        reason = error_text(error)
        if "No updates are to be performed" in reason or "didn't contain changes" in reason:
            return False
        raise
    return True


def _watched(request: Request, values: Mapping[str, str]) -> dict[str, str]:
    """The prefix that is watched: of the training data that the project has from now on. Raises UsageError."""
    watch = request.watch_data
    if watch is None and "TrainingData" in request.parameters and "WatchedPrefix" not in request.parameters:
        watch = bool(values.get("WatchedPrefix")) or None
    prefix = watched_prefix(values.get("TrainingData"), watch)
    return {} if prefix is None else {"WatchedPrefix": prefix}


def _renamed(
    aws: Aws, published: Published, existing: Project, progress: Progress, transport: Transport
) -> dict[str, str]:
    """The names of repositories that are called otherwise on GitHub now, by parameter."""
    try:
        found = renamed.names(aws, published.record, existing.stack, transport)
    except GitHubError as error:
        progress.say(f"Not asked whether repositories were renamed: {error.message}")
        return {}
    for parameter, name in found.items():
        progress.say(f"Renamed on GitHub: {parameter} becomes {name}")
    return found


def _form(aws: Aws, existing: Project, published: Published, sent: list[dict[str, str]]) -> dict[str, Any]:
    if not existing.product_id:
        return {
            "TemplateProvidersToUpdate": [{"CfnTemplateProvider": publication.provider(aws, published, sent)}]
        }
    if published.product_id and published.product_id != existing.product_id:
        raise UsageError(
            f"The project {existing.name} is of the product {existing.product_id}, and the publication {published.name} has "
            f"{published.product_id}: name the one that it was made from with --publication."
        )
    offer = catalog.published(aws, published)
    return {
        "ServiceCatalogProvisioningUpdateDetails": {
            "ProvisioningArtifactId": offer.artifact_id,
            "ProvisioningParameters": sent,
        }
    }


def _values(aws: Aws, existing: Project, declared: Mapping[str, Parameter]) -> dict[str, str]:
    """Every parameter's value: what the project was given; and where that was its template's default, the new default.

    All are named, since an update keeps the values of those that it does not name, old defaults among them.
    """
    described: Any = aws.cloudformation.describe_stacks(StackName=existing.stack)["Stacks"][0]
    before = template.parameters(template.parse(cloudformation.template(aws, existing.stack)))
    given = {each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", [])}
    values = {
        name: new.default
        for name, new in declared.items()
        if name not in INJECTED and new.default is not None
    }
    for name, value in given.items():
        if (
            name in declared
            and name not in INJECTED
            and (name not in before or before[name].default != value)
        ):
            values[name] = value
    return values
