"""What a project has outside its stack: pipelines, models and configurations of earlier endpoints, trial endpoints, a schedule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from botocore.exceptions import ClientError

from model_common.aws.errors import error_text, is_missing, unless_missing
from model_common.leftovers import Leftovers
from project_template.aws.clients import Aws, sagemaker_tags
from project_template.aws.waiting import Watch

_RUNNING = {"Executing", "Stopping"}
_TRIAL_TAG = "model-build:trial-deadline"
"""On the temporary endpoints of pipelines. The others are resources of stacks."""


def find(aws: Aws, name: str, tags: Mapping[str, str]) -> Leftovers:
    """Everything of these kinds that carries `tags`; also what endpoints still use."""
    sagemaker = aws.sagemaker
    endpoints = sagemaker.get_paginator("list_endpoints").paginate()
    configs = sagemaker.get_paginator("list_endpoint_configs").paginate()
    models = sagemaker.get_paginator("list_models").paginate()
    return Leftovers(
        endpoint_configs=tuple(
            each["EndpointConfigName"]
            for page in configs
            for each in page["EndpointConfigs"]
            if _has_tags(aws, each["EndpointConfigArn"], tags)
        ),
        models=tuple(
            each["ModelName"]
            for page in models
            for each in page["Models"]
            if _has_tags(aws, each["ModelArn"], tags)
        ),
        trials=tuple(
            each["EndpointName"]
            for page in endpoints
            for each in page["Endpoints"]
            if each["EndpointStatus"] != "Deleting"
            and _has_tags(aws, each["EndpointArn"], tags, having=_TRIAL_TAG)
        ),
    )


def delete(aws: Aws, found: Leftovers, watch: Watch) -> Iterator[str]:
    """Delete them, saying each; what is gone already is none of them. Raises TimedOutError."""
    for name in found.trials:
        _delete_trial(aws, name, watch)
        yield f"Deleted the trial endpoint {name}"
    for name in found.endpoint_configs:
        unless_missing(aws.sagemaker.delete_endpoint_config, EndpointConfigName=name)
        yield f"Deleted the endpoint configuration {name}"
    for name in found.models:
        unless_missing(aws.sagemaker.delete_model, ModelName=name)
        yield f"Deleted the model {name}"


def pipelines(aws: Aws, name: str, tags: Mapping[str, str]) -> Iterator[str]:
    """The project's pipelines, those of its pull requests among them.

    Their names begin with the project's, and so may those of another project: the tag decides.
    """
    pages = aws.sagemaker.get_paginator("list_pipelines").paginate(PipelineNamePrefix=name)
    for page in pages:
        for each in page["PipelineSummaries"]:
            if _has_tags(aws, each["PipelineArn"], tags):
                yield each["PipelineName"]


def delete_pipeline(aws: Aws, name: str, watch: Watch) -> None:
    """Stop the pipeline's runs, wait for them, and delete it: SageMaker refuses to while one runs."""
    for _ in watch.deadline.looks(f"Stopping the pipeline {name}"):
        running = _running_executions(aws, name)
        if not running:
            break
        for arn, status in running:
            if status == "Executing":
                unless_missing(aws.sagemaker.stop_pipeline_execution, PipelineExecutionArn=arn)
    unless_missing(aws.sagemaker.delete_pipeline, PipelineName=name)


def delete_schedule(aws: Aws, name: str) -> None:
    """Delete the schedule for new training data, which its function sets: it outlives them where data has just arrived."""
    unless_missing(aws.scheduler.delete_schedule, Name=f"{name}-new-data")


def _delete_trial(aws: Aws, name: str, watch: Watch) -> None:
    """Delete the endpoint, once SageMaker has made it: before, it refuses to."""
    for _ in watch.deadline.looks(f"Deleting the trial endpoint {name}"):
        try:
            unless_missing(aws.sagemaker.delete_endpoint, EndpointName=name)
            return
        except ClientError as error:
            if "in-progress" not in error_text(error):
                raise


def _running_executions(aws: Aws, name: str) -> list[tuple[str, str]]:
    try:
        return [
            (each["PipelineExecutionArn"], each["PipelineExecutionStatus"])
            for page in aws.sagemaker.get_paginator("list_pipeline_executions").paginate(PipelineName=name)
            for each in page["PipelineExecutionSummaries"]
            if each["PipelineExecutionStatus"] in _RUNNING
        ]
    except ClientError as error:
        if not is_missing(error):
            raise
        return []


def _has_tags(aws: Aws, arn: str, tags: Mapping[str, str], having: str = "") -> bool:
    try:
        found = sagemaker_tags(aws, arn)
    except ClientError as error:
        if not is_missing(error):
            raise
        return False
    return (not having or having in found) and all(found.get(key) == value for key, value in tags.items())
