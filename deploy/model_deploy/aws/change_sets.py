"""Change sets, which bring a stack to a template. CloudFormation shows their changes before they are executed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.exceptions import ClientError

from model_common.aws import objects
from model_common.aws.errors import error_code, is_missing
from model_common.deadline import Deadline
from model_deploy import stacks
from model_deploy.aws.clients import Aws
from model_deploy.core.plan.next_step import Apply
from model_deploy.core.plan.target import Target
from model_deploy.errors import OvertakenError, StackError
from model_deploy.settings import Settings

if TYPE_CHECKING:
    from types_boto3_cloudformation.literals import CapabilityType
    from types_boto3_cloudformation.type_defs import (
        CreateChangeSetInputTypeDef,
        DescribeChangeSetOutputTypeDef,
    )

CAPABILITIES: tuple[CapabilityType, ...] = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM")

_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_TAKEN = {"AlreadyExistsException", "LimitExceededException"}
_UNUSABLE = {
    "ChangeSetNotFound",
    "ChangeSetNotFoundException",
    "InvalidChangeSetStatus",
    "InvalidChangeSetStatusException",
}


@dataclass(frozen=True)
class ChangeSet:
    """A change set that can be executed, with its changes as CloudFormation shows them, one line per resource."""

    arn: str
    name: str
    stack: str
    lines: tuple[str, ...]

    @property
    def token(self) -> str:
        """The operation's token in the stack's events. CloudFormation executes requests with an equal token once."""
        return f"{self.name}-{self.arn.rpartition('/')[2][:36]}"


def make(aws: Aws, settings: Settings, target: Target, step: Apply, deadline: Deadline) -> ChangeSet | None:
    """Create the change set that brings the stack to `target`, or find it; returns None if it would change nothing.

    Raises OvertakenError if the stack has changed since `step` was planned, StackError if CloudFormation cannot
    create one.
    """
    fresh = _create(aws, settings, target, step)
    found = _wait(aws, target, deadline)
    if found["Status"] == "CREATE_COMPLETE" and found.get("ExecutionStatus") == "AVAILABLE":
        return ChangeSet(found["ChangeSetId"], target.change_set, found["StackId"], _lines(found))
    delete(aws, target)
    reason = found.get("StatusReason", "")
    if not fresh:
        raise OvertakenError(f"an earlier change set {target.change_set} was {found['Status']}")
    if any(words in reason for words in _NO_CHANGES):
        return None
    if found["Status"] == "CREATE_COMPLETE":
        raise OvertakenError(f"the change set {target.change_set} is {found.get('ExecutionStatus')}")
    raise StackError(
        f"CloudFormation cannot make the change set {target.change_set} for {target.deployment.stack_name} "
        f"({found['Status']}): {reason or 'it says no more'}"
    )


def execute(aws: Aws, change_set: ChangeSet) -> None:
    """Start the execution. Raises OvertakenError if the change set is obsolete because another one was executed."""
    try:
        aws.cloudformation.execute_change_set(
            ChangeSetName=change_set.arn, StackName=change_set.stack, ClientRequestToken=change_set.token
        )
    except ClientError as error:
        if error_code(error) in _UNUSABLE or _is_busy(error):
            raise OvertakenError(str(error)) from error
        raise


def delete(aws: Aws, target: Target) -> None:
    """Delete the change set of `target`, if it exists."""
    try:
        aws.cloudformation.delete_change_set(
            StackName=target.deployment.stack_name, ChangeSetName=target.change_set
        )
    except ClientError as error:
        if error_code(error) not in _UNUSABLE and not is_missing(error):
            raise


def _upload(aws: Aws, target: Target) -> str | None:
    """Upload a template that is too large for a request; returns its URL."""
    content = target.body.encode()
    if len(content) <= stacks.LARGEST_BYTES:
        return None
    stage, bucket = target.deployment.stage.name, target.deployment.bucket
    key = f"code/deploy/{stage}/{hashlib.sha256(content).hexdigest()}/template.json"
    stored = objects.put(aws.s3, bucket, key, content)
    version = f"?versionId={quote(stored.version)}" if stored.version else ""
    return f"{aws.s3.meta.endpoint_url}/{bucket}/{key}{version}"


def _create(aws: Aws, settings: Settings, target: Target, step: Apply) -> bool:
    """Request the change set; returns False if one of that name exists, from an earlier command."""
    deployment = target.deployment
    request: CreateChangeSetInputTypeDef = {
        "StackName": deployment.stack_name,
        "ChangeSetName": target.change_set,
        "ChangeSetType": step.kind,
        "Description": f"{target.purpose} of version {target.candidate.package.version} to {deployment.stage.name}",
        "Capabilities": list(CAPABILITIES),
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(deployment.tags.items())],
    }
    url = _upload(aws, target)
    if url is None:
        request["TemplateBody"] = target.body
    else:
        request["TemplateURL"] = url
    if settings.service_role_arn is not None:
        request["RoleARN"] = settings.service_role_arn
    try:
        aws.cloudformation.create_change_set(**request)
    except ClientError as error:
        if _is_busy(error):
            raise OvertakenError(str(error)) from error
        if error_code(error) not in _TAKEN:
            raise
        return False
    return True


def _wait(aws: Aws, target: Target, deadline: Deadline) -> DescribeChangeSetOutputTypeDef:
    """Wait until the change set was created or has failed; returns its description."""
    try:
        for _ in deadline.looks(f"The change set {target.change_set}"):
            found = aws.cloudformation.describe_change_set(
                StackName=target.deployment.stack_name, ChangeSetName=target.change_set
            )
            if found["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
                return found
        raise AssertionError("unreachable")
    except ClientError as error:
        if error_code(error) in _UNUSABLE or is_missing(error):
            raise OvertakenError(str(error)) from error
        raise


def _is_busy(error: ClientError) -> bool:
    """Whether the stack has changed since the step was planned."""
    message = str(error.response.get("Error", {}).get("Message", ""))
    return error_code(error) == "ValidationError" and (
        "state and can not be updated" in message or is_missing(error)
    )


def _lines(described: DescribeChangeSetOutputTypeDef) -> tuple[str, ...]:
    lines = []
    for change in described.get("Changes", []):
        resource = change["ResourceChange"]
        replaced = {"True": " (replaced by a new one)", "Conditional": " (may be replaced)"}
        how = replaced.get(resource.get("Replacement", ""), "")
        lines.append(
            f"{resource['Action']:<7}{resource['LogicalResourceId']} {resource['ResourceType']}{how}"
        )
    return tuple(lines)
