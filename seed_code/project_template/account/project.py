"""A SageMaker project: how it stands, the stack that it is made of, and waiting for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from model_common.aws.errors import is_missing
from model_common.cli.progress import Progress
from project_template.aws import cloudformation
from project_template.aws.clients import Aws
from project_template.aws.waiting import Watch

PROJECT_NAME_TAG, PROJECT_ID_TAG = "sagemaker:project-name", "sagemaker:project-id"
STAGE_TAG = "sagemaker:deployment-stage"

_RUNNING = {"Pending", "CreateInProgress", "UpdateInProgress", "DeleteInProgress"}


@dataclass(frozen=True)
class Project:
    """A project as SageMaker describes it.

    `template_url` is "" for one of the Service Catalog form, `product_id` and `artifact_id` are for one of the S3 form.
    `stack` is the id or the name of its stack, "" until it has one. `reason` is what SageMaker says of a failure.
    """

    name: str
    id: str
    arn: str
    status: str
    template_url: str = ""
    product_id: str = ""
    artifact_id: str = ""
    stack: str = ""
    reason: str = ""

    @property
    def running(self) -> bool:
        """Whether an operation is under way."""
        return self.status in _RUNNING

    @property
    def failed(self) -> bool:
        """Whether creation, update or deletion of the project failed."""
        return self.status.endswith("Failed")


def describe(aws: Aws, name: str) -> Project | None:
    """The project of that name; None when there is none, or only a deleted one."""
    try:
        found = aws.sagemaker.describe_project(ProjectName=name)
    except ClientError as error:
        if not is_missing(error):
            raise
        return None
    if found["ProjectStatus"] == "DeleteCompleted":
        return None
    providers = found.get("TemplateProviderDetails", [])
    template = dict(providers[0].get("CfnTemplateProviderDetail", {})) if providers else {}
    detail: Any = template.get("StackDetail", {})
    catalog = found.get("ServiceCatalogProvisioningDetails", {})
    provisioned = found.get("ServiceCatalogProvisionedProductDetails", {})
    return Project(
        name=found["ProjectName"],
        id=found["ProjectId"],
        arn=found["ProjectArn"],
        status=found["ProjectStatus"],
        template_url=str(template.get("TemplateURL", "")),
        product_id=str(catalog.get("ProductId", "")),
        artifact_id=str(catalog.get("ProvisioningArtifactId", "")),
        stack=_stack(aws, found["ProjectId"], detail, provisioned.get("ProvisionedProductId", "")),
        reason=detail.get("StatusMessage", "") or provisioned.get("ProvisionedProductStatusMessage", ""),
    )


def _stack(aws: Aws, project_id: str, detail: Mapping[str, str], product: str) -> str:
    """The stack's id, or else its name: SageMaker says it, or it follows from the project's or the product's id."""
    if detail.get("Id") or detail.get("Name"):
        return detail.get("Id") or detail["Name"]
    return f"SC-{aws.account}-{product}" if product else f"SP-{project_id}"


class Follow:
    """Waits for what is done to a project, showing its stack's events; and says why it failed, if it did."""

    def __init__(self, aws: Aws, name: str, watch: Watch, progress: Progress) -> None:
        self._aws, self._name, self._watch, self._progress = aws, name, watch, progress
        self._settled: frozenset[str] = frozenset()
        self._stack = ""

    def begin(self, before: Project | None) -> None:
        """Take the project's history until now as known."""
        if before is not None and before.stack:
            self._settled = self._watch.forget(self._stack_id(before))

    def until_done(self) -> Project | None:
        """The project when nothing is under way any more, None when it is gone. Raises TimedOutError."""
        status = ""
        for _ in self._watch.deadline.looks(f"The project {self._name}"):
            found = describe(self._aws, self._name)
            if found is not None and found.stack:
                self._watch.show_events(self._stack_id(found))
            elif self._stack:
                self._watch.show_events(self._stack)
            if found is not None and found.status != status:
                status = found.status
                self._progress.say(f"Project {self._name}: {status}")
            if found is None or not found.running:
                return found
        raise AssertionError("unreachable")

    def cause(self, found: Project) -> str:
        """The first failing resource and its reason, else what SageMaker says."""
        history = self._stack or found.stack
        failed = cloudformation.first_failure(self._aws, history, self._settled) if history else None
        return failed.cause if failed else found.reason or "SageMaker gives no reason"

    def _stack_id(self, found: Project) -> str:
        """The stack's id where it can be had: by its name alone a deleted stack is not found."""
        if found.stack.startswith("arn:"):
            self._stack = found.stack
        elif not self._stack.startswith("arn:"):
            there = cloudformation.describe(self._aws, found.stack)
            self._stack = there.id if there else found.stack
        return self._stack
