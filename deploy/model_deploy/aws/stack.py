"""A CloudFormation stack: its description, events and resources, and its deletion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from model_common.aws import stacks
from model_common.aws.errors import is_missing
from model_common.stack_events import Event
from model_deploy.aws.clients import Aws
from model_deploy.core.plan.observed import Stack

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import StackTypeDef


def describe(aws: Aws, name: str) -> Stack | None:
    """The stack of that name (or id), or None if there is none."""
    try:
        found = aws.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if not is_missing(error):
            raise
        return None
    return parse(found)


def parse(answer: StackTypeDef) -> Stack:
    """A stack from DescribeStacks' answer."""
    # arn:aws:cloudformation:REGION:ACCOUNT:changeSet/NAME/UUID
    change_set = answer.get("ChangeSetId", "").split("/")
    return Stack(
        name=answer["StackName"],
        id=answer["StackId"],
        status=answer["StackStatus"],
        changed=answer.get("LastUpdatedTime") or answer["CreationTime"],
        reason=answer.get("StackStatusReason", ""),
        change_set=change_set[1] if len(change_set) == 3 else "",
        outputs={output["OutputKey"]: output["OutputValue"] for output in answer.get("Outputs", [])},
    )


def template(aws: Aws, name: str) -> str:
    """The stack's template, as it was sent."""
    return stacks.template(aws.cloudformation, name)


def events(aws: Aws, name: str) -> Iterator[Event]:
    """The stack's events, the latest first; empty if there is no stack of that name."""
    return stacks.history(aws.cloudformation, name)


def last_operation(aws: Aws, name: str) -> list[Event]:
    """The events of the stack's last operation, oldest first."""
    found = []
    for event in events(aws, name):
        found.append(event)
        if event.begins:
            break
    return found[::-1]


def resources(aws: Aws, name: str) -> dict[str, tuple[str, str]]:
    """The stack's resources: logical id to type and name; empty if there is no stack.

    The physical id of some is an ARN; its last part is the name.
    """
    try:
        pages = aws.cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        return {
            each["LogicalResourceId"]: (each["ResourceType"], _name(each["PhysicalResourceId"]))
            for page in pages
            for each in page["StackResourceSummaries"]
            if each.get("PhysicalResourceId")
            and each["ResourceStatus"] not in {"DELETE_COMPLETE", "DELETE_SKIPPED"}
        }
    except ClientError as error:
        if not is_missing(error):
            raise
        return {}


def _name(physical_id: str) -> str:
    return physical_id.rpartition("/")[2] if physical_id.startswith("arn:") else physical_id


def delete(aws: Aws, stack: Stack) -> None:
    """Start to delete the stack by its id, so that a new stack of the same name is not deleted."""
    aws.cloudformation.delete_stack(StackName=stack.id)
