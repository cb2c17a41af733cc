"""Projects of SageMaker: those that there are, how one is being made, and the form that makes one, as Studio has it.

The form lists the templates that Studio lists: objects tagged `sagemaker:studio-visibility`, where a domain's tag
`sagemaker:projectS3TemplatesLocation` points. "Create Projects from a template in Amazon S3", SageMaker developer guide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from local_aws.console.clients import Aws
from local_aws.console.pages import Changed, NotThereError, Page, Visit, WrongFormError

PAGE = 20
EVENTS = 25
_LOCATION = "sagemaker:projectS3TemplatesLocation"
_VISIBLE = {"Key": "sagemaker:studio-visibility", "Value": "true"}
_OF_SAGEMAKER = frozenset({"SageMakerProjectName", "SageMakerProjectId"})
_ROLE_OUTPUT = "LaunchRoleArn"
_PARAMETER = "parameter:"


@dataclass(frozen=True)
class Project:
    """A project, as ListProjects has it."""

    name: str
    id: str
    status: str
    created: datetime
    description: str = ""


@dataclass(frozen=True)
class Projects:
    """`templates` is how many templates there are to make a project from."""

    projects: tuple[Project, ...]
    templates: int
    older: str = ""


@dataclass(frozen=True)
class Event:
    """A resource of the project's stack, and what became of it."""

    time: datetime
    resource: str
    type: str
    status: str
    reason: str


@dataclass(frozen=True)
class ProjectView:
    """A project with the newest events of its stack."""

    project: Project
    message: str
    stack: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Template:
    """A template that Studio would list."""

    name: str
    bucket: str
    key: str

    @property
    def uri(self) -> str:
        """The template's address in S3."""
        return f"s3://{self.bucket}/{self.key}"

    def url(self, region: str) -> str:
        """The same as CreateProject takes it."""
        return f"https://{self.bucket}.s3.{region}.amazonaws.com/{self.key}"


@dataclass(frozen=True)
class Field:
    """A parameter of the template: an input, or a choice where `allowed` lists values."""

    name: str
    label: str
    words: str
    default: str
    required: bool
    allowed: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class Section:
    """A group of the template's parameters."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class FormView:
    """The form for `template`; None where nothing is published. `roles` are launch roles that a publication's stack names."""

    template: Template | None
    templates: tuple[Template, ...]
    description: str = ""
    sections: tuple[Section, ...] = ()
    roles: tuple[str, ...] = ()


def overview(visit: Visit) -> Page:
    """All projects, the newest first."""
    asked = {"NextToken": visit.query["from"]} if visit.query.get("from") else {}
    listed = visit.aws.sagemaker.list_projects(
        MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **asked
    )
    found = tuple(
        _project(each) for each in listed["ProjectSummaryList"] if each["ProjectStatus"] != "DeleteCompleted"
    )
    templates = () if found else tuple(_templates(visit.aws))
    return Page("projects.html", "Projects", Projects(found, len(templates), listed.get("NextToken", "")))


def project(visit: Visit) -> Page:
    """One project, and what its stack does."""
    described = visit.aws.sagemaker.describe_project(ProjectName=visit.names["project"])
    stack = _stack(described)
    view = ProjectView(
        _project(described),
        str(stack.get("StatusMessage", "")),
        str(stack.get("Name", "")),
        _events(visit.aws, str(stack.get("Id", ""))),
    )
    return Page("project.html", view.project.name, view)


def form(visit: Visit) -> Page:
    """The form for the template that the query names, or else the first one."""
    templates = tuple(_templates(visit.aws))
    wanted = visit.query.get("template", "")
    chosen = next((each for each in templates if each.uri == wanted), templates[0] if templates else None)
    if chosen is None:
        return Page("project_new.html", "Create a project", FormView(None, ()), live=False)
    stated = _read(visit.aws, chosen)
    view = FormView(
        chosen,
        templates,
        stated.get("Description", ""),
        sections(stated),
        tuple(_launch_roles(visit.aws)),
    )
    return Page("project_new.html", "Create a project", view, live=False)


def create(visit: Visit) -> Changed:
    """Ask SageMaker for the project, as Studio does. Raises WrongFormError, NotThereError."""
    name, role = visit.form.get("name", "").strip(), visit.form.get("role", "").strip()
    if not name or not role:
        raise WrongFormError("A project needs a name and the launch role's ARN: fill in both.")
    chosen = next(
        (each for each in _templates(visit.aws) if each.uri == visit.form.get("template", "")), None
    )
    if chosen is None:
        raise NotThereError(f"There is no template {visit.form.get('template', '')!r} any more.")
    values = [
        {"Key": key.removeprefix(_PARAMETER), "Value": value}
        for key, value in visit.form.items()
        if key.startswith(_PARAMETER)
    ]
    provider = {
        "TemplateName": chosen.name,
        "TemplateURL": chosen.url(visit.aws.clients.region),
        "RoleARN": role,
        "Parameters": values,
    }
    visit.aws.sagemaker.create_project(
        ProjectName=name, TemplateProviders=[{"CfnTemplateProvider": provider}]
    )
    return Changed(f"The project {name} is being created.", ("projects", name))


def sections(template: Mapping[str, Any]) -> tuple[Section, ...]:
    """The parameters of a template in the groups that its AWS::CloudFormation::Interface names, less SageMaker's own."""
    interface = template.get("Metadata", {}).get("AWS::CloudFormation::Interface", {})
    stated = {
        name: each for name, each in template.get("Parameters", {}).items() if name not in _OF_SAGEMAKER
    }
    labels = {name: each.get("default", name) for name, each in interface.get("ParameterLabels", {}).items()}
    groups = [
        (group.get("Label", {}).get("default", ""), group.get("Parameters", []))
        for group in interface.get("ParameterGroups", [])
    ]
    grouped = {name for _, names in groups for name in names}
    groups.append(("Other", [name for name in stated if name not in grouped]))
    made = (
        Section(
            title,
            tuple(_field(name, labels.get(name, name), stated[name]) for name in names if name in stated),
        )
        for title, names in groups
    )
    return tuple(each for each in made if each.fields)


def _field(name: str, label: str, stated: Mapping[str, Any]) -> Field:
    return Field(
        name=_PARAMETER + name,
        label=label,
        words=stated.get("Description", ""),
        default=str(stated.get("Default", "")),
        required="Default" not in stated,
        allowed=tuple(map(str, stated.get("AllowedValues", ()))),
        pattern=stated.get("AllowedPattern", ""),
    )


def _project(stated: Mapping[str, Any]) -> Project:
    return Project(
        name=stated["ProjectName"],
        id=stated["ProjectId"],
        status=stated["ProjectStatus"],
        created=stated["CreationTime"],
        description=stated.get("ProjectDescription", ""),
    )


def _stack(described: Mapping[str, Any]) -> Mapping[str, Any]:
    details: Sequence[Mapping[str, Any]] = described.get("TemplateProviderDetails") or [{}]
    found: Mapping[str, Any] = details[0].get("CfnTemplateProviderDetail", {}).get("StackDetail", {})
    return found


def _events(aws: Aws, stack_id: str) -> tuple[Event, ...]:
    """The newest events of the stack; none before it is begun."""
    if not stack_id:
        return ()
    found = aws.client("cloudformation").describe_stack_events(StackName=stack_id)["StackEvents"]
    return tuple(
        Event(
            each["Timestamp"],
            each["LogicalResourceId"],
            each.get("ResourceType", ""),
            each.get("ResourceStatus", ""),
            each.get("ResourceStatusReason", ""),
        )
        for each in found[:EVENTS]
    )


def _templates(aws: Aws) -> Iterator[Template]:
    """The templates that Studio lists in any domain."""
    s3, seen = aws.client("s3"), set()
    for domain in aws.sagemaker.list_domains()["Domains"]:
        tags = aws.sagemaker.list_tags(ResourceArn=domain["DomainArn"])["Tags"]
        location = next((each["Value"] for each in tags if each["Key"] == _LOCATION), "")
        if not location or location in seen:
            continue
        seen.add(location)
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
            if _VISIBLE in s3.get_object_tagging(Bucket=bucket, Key=item["Key"])["TagSet"]:
                name = item["Key"].rpartition("/")[2].partition(".")[0]
                yield Template(name, bucket, item["Key"])


def _read(aws: Aws, template: Template) -> Mapping[str, Any]:
    """The template, which is JSON as the CDK writes it. Raises NotThereError for another one."""
    body = aws.client("s3").get_object(Bucket=template.bucket, Key=template.key)["Body"].read()
    try:
        stated = json.loads(body)
    except ValueError as error:
        raise NotThereError(
            f"{template.uri} is not JSON, so this page cannot show its parameters."
        ) from error
    return stated if isinstance(stated, Mapping) else {}


def _launch_roles(aws: Aws) -> Iterator[str]:
    try:
        stacks = aws.client("cloudformation").describe_stacks()["Stacks"]
    except ClientError:
        return
    for stack in stacks:
        for output in stack.get("Outputs", []):
            if output["OutputKey"] == _ROLE_OUTPUT:
                yield output["OutputValue"]
