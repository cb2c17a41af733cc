"""The template and the events of a CloudFormation stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_common.aws.errors import is_missing
from model_common.stack_events import Event, parse

if TYPE_CHECKING:
    from types_boto3_cloudformation.client import CloudFormationClient


def template(cloudformation: CloudFormationClient, name: str) -> str:
    """The template that the stack has, as it was sent. Raises ClientError when there is no stack of that name."""
    body: Any = cloudformation.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    return body if isinstance(body, str) else json.dumps(body, indent=1, sort_keys=True) + "\n"


def history(cloudformation: CloudFormationClient, name: str) -> Iterator[Event]:
    """The stack's events, the latest first; empty if there is no stack of that name."""
    try:
        for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=name):
            yield from map(parse, page["StackEvents"])
    except ClientError as error:
        if not is_missing(error):
            raise
