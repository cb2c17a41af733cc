"""Projects: made from a template in S3, each a CloudFormation stack. Of the Service Catalog there is nothing here.

    Pending -> CreateInProgress -> CreateCompleted | CreateFailed
    UpdateInProgress -> UpdateCompleted | UpdateFailed
    DeleteInProgress -> DeleteCompleted | DeleteFailed

A project that is deleted stays to be described, and its name is free again. That Studio shows a template only if its
object is tagged is Studio's rule: CreateProject takes any template.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from local_aws.kernel import caller
from local_aws.kernel.account import Account
from local_aws.kernel.ids import new_id
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError, invalid
from local_aws.sagemaker import arns
from local_aws.sagemaker.caller import USER_CONTEXT
from local_aws.sagemaker.listing import select
from local_aws.sagemaker.studio.project_stacks import Abandoned, ProjectStacks, StackFailedError, Wanted
from local_aws.sagemaker.tags import Tags

log = logging.getLogger(__name__)

KIND = "project"
ID_LENGTH = 12
_LONGEST_MESSAGE = 4096
_ABSENT = "The embedded SageMaker has no Service Catalog: leave {} out, and state {}."
_UPDATABLE = frozenset({"CreateCompleted", "UpdateCompleted", "UpdateFailed"})
_DELETED = "DeleteCompleted"


@dataclass(frozen=True)
class Project:
    """A project. `template` is the API's CfnTemplateProviderDetail, less its StackDetail; `message` is the stack's."""

    arn: str
    id: str
    name: str
    created: datetime
    status: str
    template: Mapping[str, Any]
    description: str | None = None
    stack_id: str | None = None
    message: str = "The stack is not begun yet."
    modified: datetime | None = None

    @property
    def stack_name(self) -> str:
        """The name of the project's stack."""
        return f"SP-{self.id}"

    @property
    def busy(self) -> bool:
        """Whether the project is being created, updated or deleted."""
        return self.status == "Pending" or self.status.endswith("InProgress")

    def summary(self) -> dict[str, Any]:
        """The project in the answer of ListProjects."""
        described = {"ProjectDescription": self.description} if self.description is not None else {}
        return {
            "ProjectName": self.name,
            "ProjectArn": self.arn,
            "ProjectId": self.id,
            "CreationTime": self.created,
            "ProjectStatus": self.status,
            **described,
        }

    def answer(self) -> dict[str, Any]:
        """The answer of DescribeProject."""
        identity = {"Id": self.stack_id} if self.stack_id else {}
        stack = {"Name": self.stack_name, **identity, "StatusMessage": self.message}
        changed = {"LastModifiedTime": self.modified, "LastModifiedBy": USER_CONTEXT} if self.modified else {}
        return {
            **self.summary(),
            "TemplateProviderDetails": [
                {"CfnTemplateProviderDetail": {**self.template, "StackDetail": stack}}
            ],
            "CreatedBy": USER_CONTEXT,
            **changed,
        }


class Projects:
    """CreateProject, DescribeProject, ListProjects, UpdateProject, DeleteProject."""

    def __init__(self, account: Account, tags: Tags, stacks: ProjectStacks | None = None) -> None:
        self._account = account
        self._tags = tags
        self._stacks = stacks or ProjectStacks(account)
        self._lock = threading.Lock()
        self._projects: dict[str, Project] = {}

    def create_project(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a project and its CloudFormation stack from a template in S3.

        Raises ValidationException. Source: Amazon SageMaker API reference, CreateProject.
        """
        if request.get("ServiceCatalogProvisioningDetails"):
            raise invalid(_ABSENT.format("ServiceCatalogProvisioningDetails", "TemplateProviders"))
        template = _template(request, "TemplateProviders")
        name = request["ProjectName"]
        with self._lock:
            known = self._projects.get(name)
            if known is not None and known.status != _DELETED:
                raise invalid(f"Project already exists: {known.arn}")
            project = Project(
                arn=arns.make(self._account, KIND, name),
                id=f"p-{new_id(ID_LENGTH)}",
                name=name,
                created=datetime.now(UTC),
                status="Pending",
                template=template,
                description=request.get("ProjectDescription"),
            )
            self._projects[name] = project
            self._tags.put(project.arn, request.get("Tags"))
        self._begin(
            name, "Create", lambda: self._stacks.create(self._wanted(project), self._note_stack_id(name))
        )
        return {"ProjectArn": project.arn, "ProjectId": project.id}

    def describe_project(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one project.

        Raises ValidationException. Source: Amazon SageMaker API reference, DescribeProject.
        """
        with self._lock:
            return self._find(request["ProjectName"]).answer()

    def list_projects(self, request: dict[str, Any]) -> dict[str, Any]:
        """List projects, filtered and sorted as the request says, one page at a time.

        Raises ValidationException. Source: Amazon SageMaker API reference, ListProjects.
        """
        with self._lock:
            summaries = [project.summary() for project in self._projects.values()]
        chosen = select(summaries, request, name="ProjectName", status="ProjectStatus")
        shown, token = page(chosen, request, key=lambda each: str(each["ProjectArn"]))
        return paged({"ProjectSummaryList": shown}, token)

    def update_project(self, request: dict[str, Any]) -> dict[str, Any]:
        """Update a project's stack, description or tags.

        Raises ConflictException, ValidationException. Source: Amazon SageMaker API reference, UpdateProject.
        """
        if request.get("ServiceCatalogProvisioningUpdateDetails"):
            raise invalid(
                _ABSENT.format("ServiceCatalogProvisioningUpdateDetails", "TemplateProvidersToUpdate")
            )
        stated = "TemplateProvidersToUpdate"
        template = _template(request, stated) if request.get(stated) else None
        with self._lock:
            project = self._find(request["ProjectName"])
            _require(project, project.status in _UPDATABLE, "updated")
            changed = replace(
                project,
                description=request.get("ProjectDescription", project.description),
                template={**project.template, **(template or {})},
                status="UpdateInProgress" if template else "UpdateCompleted",
                modified=datetime.now(UTC),
            )
            self._projects[project.name] = changed
        if request.get("Tags"):
            self._tags.add_tags({"ResourceArn": project.arn, "Tags": request["Tags"]})
        if template:
            stack_id = changed.stack_id
            assert stack_id is not None  # an updatable project has one
            self._begin(project.name, "Update", lambda: self._stacks.update(self._wanted(changed), stack_id))
        return {"ProjectArn": project.arn}

    def delete_project(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a project and its stack.

        Raises ConflictException, ValidationException. Source: Amazon SageMaker API reference, DeleteProject.
        """
        with self._lock:
            project = self._find(request["ProjectName"])
            _require(project, not project.busy and project.status != _DELETED, "deleted")
            changed = replace(project, status="DeleteInProgress", modified=datetime.now(UTC))
            self._projects[project.name] = changed

        def delete() -> None:
            if project.stack_id is not None:
                self._stacks.delete(project.stack_id)
            self._tags.drop(project.arn)

        self._begin(project.name, "Delete", delete)
        return {}

    def close(self) -> None:
        """Follow no stack any more."""
        self._stacks.close()

    def _begin(self, name: str, verb: str, work: Callable[[], None]) -> None:
        """Do `work` in the background: the project is in VERBInProgress, and then in VERBCompleted or VERBFailed."""

        session = caller.current()

        def run() -> None:
            self._change(name, status=f"{verb}InProgress", message=f"{verb} of the stack is in progress.")
            try:
                with caller.calling(session):
                    work()
            except Abandoned:
                return
            except StackFailedError as error:
                self._change(name, status=f"{verb}Failed", message=str(error)[:_LONGEST_MESSAGE])
            except Exception as error:
                log.exception("%s of the project %s", verb, name)
                message = f"Internal Failure: {type(error).__name__}: {error}"
                self._change(name, status=f"{verb}Failed", message=message[:_LONGEST_MESSAGE])
            else:
                self._change(name, status=f"{verb}Completed", message=f"{verb} of the stack is complete.")

        threading.Thread(target=run, name=f"project-{name}", daemon=True).start()

    def _wanted(self, project: Project) -> Wanted:
        injected = {"SageMakerProjectName": project.name, "SageMakerProjectId": project.id}
        own = {"sagemaker:project-name": project.name, "sagemaker:project-id": project.id}
        stated = {tag["Key"]: tag["Value"] for tag in self._tags.get(project.arn)}
        return Wanted(
            name=project.stack_name,
            template_url=project.template["TemplateURL"],
            role_arn=project.template.get("RoleARN"),
            parameters={
                each["Key"]: each.get("Value", "") for each in project.template.get("Parameters", ())
            },
            injected=injected,
            tags={**stated, **own},
        )

    def _note_stack_id(self, name: str) -> Callable[[str], None]:
        return lambda stack_id: self._change(name, stack_id=stack_id)

    def _change(self, name: str, **changes: Any) -> None:
        with self._lock:
            self._projects[name] = replace(self._projects[name], modified=datetime.now(UTC), **changes)

    def _find(self, name: str) -> Project:
        if name not in self._projects:
            raise invalid(f"Project {arns.make(self._account, KIND, name)} does not exist.")
        return self._projects[name]


def _template(request: Mapping[str, Any], member: str) -> dict[str, Any]:
    """The one CloudFormation template that a request states. Raises ServiceError."""
    providers = request.get(member) or []
    if len(providers) != 1 or not providers[0].get("CfnTemplateProvider"):
        raise invalid(f"{member} must hold exactly one CfnTemplateProvider.")
    template: dict[str, Any] = providers[0]["CfnTemplateProvider"]
    return template


def _require(project: Project, condition: bool, verb: str) -> None:
    if not condition:
        raise ServiceError(
            "ConflictException",
            f"Project {project.arn} is in the status {project.status} and cannot be {verb}.",
        )
