"""Trial endpoints that jobs left behind: found by name and tag, and deleted.

A trial is a model, an endpoint configuration and an endpoint of one name. The step Trial deletes them itself, also when it
is stopped; a job that is killed cannot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_common.aws.errors import error_text, is_missing, unless_missing

if TYPE_CHECKING:
    from types_boto3_sagemaker.client import SageMakerClient

DEADLINE = "model-build:trial-deadline"
"""The tag of the time after which no job uses the trial any more. steps/trials/endpoint.py sets it."""

PROJECT = "sagemaker:project-name"


def find(sagemaker: SageMakerClient, pattern: str, project: str) -> dict[str, str]:
    """The project's trials whose whole names match `pattern`, each with its deadline."""
    named, found = re.compile(pattern), {}
    for name, arn in _listed(sagemaker, project):
        if name not in found and named.fullmatch(name):
            tags = _tags(sagemaker, arn)
            if tags.get(PROJECT) == project and DEADLINE in tags:
                found[name] = tags[DEADLINE]
    return found


def delete(sagemaker: SageMakerClient, name: str) -> bool:
    """Delete the trial; False if SageMaker refuses, because it is still creating the endpoint."""
    try:
        unless_missing(sagemaker.delete_endpoint, EndpointName=name)
    except ClientError as error:
        if "in-progress" not in error_text(error):
            raise
        return False
    unless_missing(sagemaker.delete_endpoint_config, EndpointConfigName=name)
    unless_missing(sagemaker.delete_model, ModelName=name)
    return True


def _listed(sagemaker: SageMakerClient, project: str) -> Iterator[tuple[str, str]]:
    """Names and ARNs of all that is named like the project's, of each of the three kinds."""
    pages: Any
    for pages, kind in (
        (sagemaker.get_paginator("list_endpoints").paginate(NameContains=f"{project}-"), "Endpoint"),
        (
            sagemaker.get_paginator("list_endpoint_configs").paginate(NameContains=f"{project}-"),
            "EndpointConfig",
        ),
        (sagemaker.get_paginator("list_models").paginate(NameContains=f"{project}-"), "Model"),
    ):
        for page in pages:
            for each in page[f"{kind}s"]:
                yield each[f"{kind}Name"], each[f"{kind}Arn"]


def _tags(sagemaker: SageMakerClient, arn: str) -> dict[str, str]:
    try:
        return {each["Key"]: each["Value"] for each in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    except ClientError as error:
        if not is_missing(error):
            raise
        return {}
