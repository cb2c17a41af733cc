"""`project-template create`: a project from the published template, in either form, followed to its end.

What is sent is what Studio sends: CreateProject with the template (S3 form) or the product's version (Service Catalog form),
and the values of the template's parameters, which are checked here first, as is what GitHub can protect. A project of that name that is being created is
watched, not created twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from model_common.cli.progress import Progress
from model_common.deadline import Deadline
from project_template.account import catalog, project, publication
from project_template.account.project import Follow, Project
from project_template.account.publication import Published
from project_template.aws.clients import Aws
from project_template.aws.waiting import Watch
from project_template.commands.result import Result
from project_template.core import names, template
from project_template.core.settings import Form, check_tags
from project_template.doctor import github_access
from project_template.doctor.finding import Level
from project_template.doctor.github_access import RepositoryRequest
from project_template.errors import GitHubError, ProjectError, RefusedError
from project_template.github import Transport, fetch

LIMIT_SECONDS = 3600
_CREATING = {"Pending", "CreateInProgress"}


@dataclass(frozen=True)
class Request:
    """The project that is asked for. `parameters` are those that were given; the others have the template's defaults."""

    name: str
    publication: str
    form: Form
    parameters: Mapping[str, str]
    description: str = ""
    timeout: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def run(aws: Aws, request: Request, console: Console, transport: Transport = fetch) -> Result:
    """Create the project and wait for it.

    Raises UsageError for values that the template refuses, RefusedError where there is a project of that name or GitHub
    cannot make or protect its repositories, ProjectError with the first failing resource's reason, TimedOutError.
    """
    names.check_project(request.name)
    check_tags(request.tags)
    progress = Progress(console)
    follow = Follow(
        aws, request.name, Watch(aws, progress, Deadline(request.timeout or LIMIT_SECONDS)), progress
    )
    existing = project.describe(aws, request.name)
    attached = existing is not None and existing.status in _CREATING
    if attached:
        progress.say(f"The project {request.name} is being created already: watching it")
    elif existing is not None:
        raise _exists(existing)
    else:
        create(aws, request, progress, transport)
    done = follow.until_done()
    if done is None:
        raise ProjectError(f"The project {request.name} was deleted while it was being created.")
    if done.failed:
        raise ProjectError(
            f"The project {request.name} could not be created ({done.status}): {follow.cause(done)}. Fix the cause, remove "
            f"what is left (`project-template teardown {request.name}`), and create it again; `project-template doctor "
            f"{request.name}` looks for the usual causes."
        )
    return Result.of(aws, done, attached)


def create(aws: Aws, request: Request, progress: Progress, transport: Transport) -> None:
    """Check the parameters, and what GitHub says to them; and ask SageMaker for the project."""
    published = publication.find(aws, request.publication)
    template_document = publication.project_template(aws, published)
    template.check(template_document, request.parameters, request.name)
    defaults = {name: each.default or "" for name, each in template.parameters(template_document).items()}
    _require_github(aws, published, defaults | dict(request.parameters), progress, transport)
    sent: dict[str, Any] = {"ProjectName": request.name}
    if request.tags:
        sent["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(request.tags.items())]
    if request.description:
        sent["ProjectDescription"] = request.description
    values = [{"Key": key, "Value": value} for key, value in sorted(request.parameters.items())]
    if request.form is Form.SERVICE_CATALOG:
        offer = catalog.published(aws, published)
        sent["ServiceCatalogProvisioningDetails"] = {
            "ProductId": offer.product_id,
            "ProvisioningArtifactId": offer.artifact_id,
            "ProvisioningParameters": values,
        } | ({"PathId": offer.path_id} if offer.path_id else {})
    else:
        provider = publication.provider(aws, published, values)
        sent["TemplateProviders"] = [
            {"CfnTemplateProvider": provider | {"RoleARN": published.launch_role_arn}}
        ]
    aws.sagemaker.create_project(**sent)


def _require_github(
    aws: Aws, published: Published, values: Mapping[str, str], progress: Progress, transport: Transport
) -> None:
    """Raises RefusedError where the project's resources would fail after some minutes, and all would be taken back.

    What cannot be looked at from here is left to the functions: they sign in for themselves.
    """
    repositories = RepositoryRequest(
        owner=values.get("GitHubOwner", ""),
        visibility=values.get("RepositoryVisibility", "private"),
        gate=values.get("ProductionGate", "github"),
        reviewers=tuple(filter(None, values.get("ProductionReviewers", "").split(","))),
    )
    try:
        findings = list(github_access.look(aws, published.record, repositories, transport))
    except GitHubError as error:
        progress.say(f"Not asked whether GitHub can protect the project: {error.message}")
        return
    failed = [each for each in findings if each.level is Level.FAIL]
    if failed:
        reasons = " ".join(f"{each.check}: {each.found}. {each.fix}" for each in failed)
        raise RefusedError(f"GitHub would not let the project be made so. {reasons} Nothing was made.")


def _exists(existing: Project) -> RefusedError:
    if existing.status == "CreateFailed":
        what = f"`project-template teardown {existing.name}` removes what is left of it; then create it again"
    elif existing.running:
        what = "wait until that is done"
    else:
        what = (
            f"`project-template update {existing.name}` brings it to the published version, `project-template teardown "
            f"{existing.name}` removes it; or choose another name"
        )
    return RefusedError(
        f"There is a project {existing.name} already ({existing.status}, {existing.id}): {what}. Nothing was changed."
    )
