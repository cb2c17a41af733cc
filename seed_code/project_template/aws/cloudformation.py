"""Describes stacks. `change_sets` changes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile

from botocore.exceptions import ClientError

from model_common import stack_events
from model_common.aws import stacks
from model_common.aws.errors import is_missing
from model_common.stack_events import Event
from project_template.aws.clients import Aws
from project_template.core.stack import Resource, Stack, parse


def describe(aws: Aws, name: str) -> Stack | None:
    """The stack of that name (or id), or None when there is none, or only a deleted one."""
    try:
        found = aws.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if not is_missing(error):
            raise
        return None
    stack = parse(found)
    return None if stack.status == "DELETE_COMPLETE" else stack


def every(aws: Aws) -> Iterator[Stack]:
    """Every stack of the region; those that are deleted are none."""
    pages = aws.cloudformation.get_paginator("describe_stacks").paginate()
    found_stacks = (parse(found) for page in pages for found in page["Stacks"])
    return (found for found in found_stacks if found.status != "DELETE_COMPLETE")


def tagged(aws: Aws, tags: Mapping[str, str]) -> list[Stack]:
    """Every stack of the region that carries all of `tags`."""
    return [found for found in every(aws) if all(found.tags.get(key) == value for key, value in tags.items())]


def template(aws: Aws, name: str) -> str:
    """The template that the stack has, as it was sent."""
    return stacks.template(aws.cloudformation, name)


def first_failure(aws: Aws, name: str, settled: frozenset[str] = frozenset()) -> Event | None:
    """The resource that failed first in the stack's history, which is the cause: the rest was cancelled, or could not go back.

    `settled` are the ids of events that belong to earlier operations.
    """
    fresh = list(takewhile(lambda event: event.id not in settled, stacks.history(aws.cloudformation, name)))
    return stack_events.first_failure(reversed(fresh))


def resources(aws: Aws, name: str) -> list[Resource]:
    """The stack's resources that exist; none when there is no stack."""
    try:
        pages = aws.cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        return [
            Resource(each["LogicalResourceId"], each["ResourceType"], each["PhysicalResourceId"])
            for page in pages
            for each in page["StackResourceSummaries"]
            if each.get("PhysicalResourceId") and each["ResourceStatus"] != "DELETE_COMPLETE"
        ]
    except ClientError as error:
        if not is_missing(error):
            raise
        return []
