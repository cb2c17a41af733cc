"""Pipelines: reads, creates and updates their definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_build.core.settings import Settings
from model_common.aws.errors import is_missing

if TYPE_CHECKING:
    from types_boto3_sagemaker.client import SageMakerClient


def deployed_definition(sagemaker: SageMakerClient, pipeline: str) -> str | None:
    """The present definition of the pipeline, or None if there is no such pipeline."""
    found = _describe(sagemaker, pipeline)
    return found["PipelineDefinition"] if found else None


def upsert(
    sagemaker: SageMakerClient, settings: Settings, pipeline: str, definition: str, description: str
) -> bool:
    """Create the pipeline, or update it if it differs; returns whether it was changed."""
    found = _describe(sagemaker, pipeline)
    request: Any = {
        "PipelineName": pipeline,
        "PipelineDefinition": definition,
        "PipelineDescription": description or f"Trains {pipeline}",
        "RoleArn": settings.pipeline_role_arn,
    }
    if found is None:
        tags: Any = [{"Key": key, "Value": value} for key, value in settings.tags.items()]
        sagemaker.create_pipeline(**request, Tags=tags)
        return True
    if all(found.get(key) == value for key, value in request.items()):
        return False
    sagemaker.update_pipeline(**request)
    return True


def _describe(sagemaker: SageMakerClient, pipeline: str) -> Mapping[str, Any] | None:
    try:
        return sagemaker.describe_pipeline(PipelineName=pipeline)
    except ClientError as error:
        if not is_missing(error):
            raise
        return None
