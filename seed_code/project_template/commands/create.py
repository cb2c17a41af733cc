"""`project-template create`: a project from the published template, in either form, followed to its end.

What is sent is what Studio sends: CreateProject with the template (S3 form) or the product's version (Service Catalog form),
and the values of the template's parameters, which are checked here first. A project of that name that is being created is
watched, not created twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from project_template import catalog, names, project, publication, stack, template
from project_template.aws import Aws
from project_template.errors import NotPublishedError, RefusedError
from project_template.progress import Progress
from project_template.project import Follow, Project
from project_template.publication import Published
from project_template.settings import Form
from project_template.waiting import Deadline, Watch

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


@dataclass(frozen=True)
class Result:
    """The project, its stack's outputs, and whether this command asked for it or found it being created."""

    project: Project
    outputs: Mapping[str, str] = field(default_factory=dict)
    attached: bool = False


def run(aws: Aws, request: Request, console: Console) -> Result:
    """Create the project and wait for it.

    Raises UsageError for values that the template refuses, RefusedError where there is a project of that name,
    ProjectError with the first failing resource's reason, TimedOutError.
    """
    names.check_project(request.name)
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
        create(aws, request)
    remedy = (
        f"Mend the cause, remove what is left (`project-template teardown {request.name}`), and create it again; "
        f"`project-template doctor {request.name}` looks for the usual causes."
    )
    created = project.require_done(follow.until_done(), follow, "created", remedy)
    made = stack.describe(aws, created.stack) if created.stack else None
    return Result(created, made.outputs if made else {}, attached)


def create(aws: Aws, request: Request) -> None:
    """Check the parameters and ask SageMaker for the project."""
    published = publication.find(aws, request.publication)
    template.check(template.parameters(published_template(aws, published)), request.parameters, request.name)
    sent: dict[str, Any] = {"ProjectName": request.name}
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
        provider = provider_of(aws, published, values)
        sent["TemplateProviders"] = [
            {"CfnTemplateProvider": provider | {"RoleARN": published.launch_role_arn}}
        ]
    aws.sagemaker.create_project(**sent)


def published_template(aws: Aws, published: Published) -> dict[str, Any]:
    """The project template that was published last. Raises NotPublishedError where it never was."""
    digest = published.record.get("template_sha256")
    text = publication.read(aws, published.bucket, f"versions/{digest}.yaml") if digest else ""
    if not text:
        raise NotPublishedError(published.name, aws.region)
    return template.parse(text)


def provider_of(aws: Aws, published: Published, values: list[dict[str, str]]) -> dict[str, Any]:
    """The S3 form's template provider, without the role, which only CreateProject takes."""
    return {
        "TemplateName": published.name,
        "TemplateURL": publication.url(aws, published.bucket, published.template_key),
        "Parameters": values,
    }


def document(result: Result) -> dict[str, Any]:
    """The project for machines."""
    return {
        "project": result.project.name,
        "id": result.project.id,
        "arn": result.project.arn,
        "status": result.project.status,
        "attached": result.attached,
        "outputs": dict(result.outputs),
    }


def lines(result: Result) -> list[str]:
    """The project for people."""
    made = result.project
    width = max(map(len, ("project", "status", *result.outputs)))
    shown = {"project": f"{made.name}  {made.id}", "status": made.status, **result.outputs}
    return [f"{key:<{width}}  {value}" for key, value in shown.items()]


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
