"""Executions of pipelines: start, describe, list, find."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_build.core.execution import Execution, Step
from model_build.errors import UsageError
from model_common.aws.errors import is_missing, names_nothing

if TYPE_CHECKING:
    from types_boto3_sagemaker.client import SageMakerClient


@dataclass(frozen=True)
class Listed:
    """An execution in a listing. `mark` is its display name: the fingerprint of definition and parameters."""

    arn: str
    status: str
    mark: str


def listed(sagemaker: SageMakerClient, pipeline: str) -> Iterator[Listed]:
    """All executions of the pipeline, newest first; empty if there is no pipeline."""
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(
        PipelineName=pipeline,
        SortBy="CreationTime",
        SortOrder="Descending",
        PaginationConfig={"PageSize": 100},
    )
    try:
        for page in pages:
            for summary in page["PipelineExecutionSummaries"]:
                yield Listed(
                    summary["PipelineExecutionArn"],
                    summary["PipelineExecutionStatus"],
                    summary.get("PipelineExecutionDisplayName", ""),
                )
    except ClientError as error:
        if not is_missing(error):
            raise


def start(
    sagemaker: SageMakerClient, pipeline: str, mark: str, parameters: Mapping[str, str], after: str
) -> str:
    """Start an execution with the display name `mark`; returns its ARN.

    `after` is the ARN of the latest execution that the caller has seen, or empty. Mark and `after` make the client
    token. So two callers with equal ones start one execution, and a later caller starts a new one.
    """
    answer = sagemaker.start_pipeline_execution(
        PipelineName=pipeline,
        PipelineExecutionDisplayName=mark,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
        ClientRequestToken=hashlib.sha256(f"{mark} after {after}".encode()).hexdigest(),
    )
    return answer["PipelineExecutionArn"]


def describe(sagemaker: SageMakerClient, arn: str) -> Execution:
    """Describe the execution and its steps."""
    found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=arn, SortOrder="Ascending"
    )
    return Execution(
        arn=arn,
        status=found["PipelineExecutionStatus"],
        steps=tuple(_step(step) for page in pages for step in page["PipelineExecutionSteps"]),
        started=found.get("CreationTime"),
        reason=found.get("FailureReason", ""),
    )


def parameters(sagemaker: SageMakerClient, arn: str) -> dict[str, str]:
    """The parameters that an execution was started with."""
    pages = sagemaker.get_paginator("list_pipeline_parameters_for_execution").paginate(
        PipelineExecutionArn=arn
    )
    return {item["Name"]: item["Value"] for page in pages for item in page["PipelineParameters"]}


def recent(sagemaker: SageMakerClient, pipeline: str, count: int = 5) -> list[Execution]:
    """The latest executions of the pipeline without their steps, newest first; empty if there is no pipeline."""
    try:
        summaries = sagemaker.list_pipeline_executions(
            PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending", MaxResults=count
        )["PipelineExecutionSummaries"]
    except ClientError as error:
        if not is_missing(error):
            raise
        return []
    return [
        Execution(
            arn=summary["PipelineExecutionArn"],
            status=summary["PipelineExecutionStatus"],
            started=summary.get("StartTime"),
            reason=summary.get("PipelineExecutionFailureReason", ""),
        )
        for summary in summaries
    ]


def find(
    sagemaker: SageMakerClient, pipeline: str, execution: str | None, command: Callable[..., str]
) -> Execution:
    """The execution with that id or ARN, or the latest.

    `command` makes a command line of its words (`Workspace.command`). Raises UsageError when there is none.
    """
    if execution is None:
        latest = recent(sagemaker, pipeline, count=1)
        if not latest:
            start = command("run", "--data", "FILE")
            raise UsageError(f"The pipeline {pipeline} has no execution yet; `{start}` starts one.")
        return describe(sagemaker, latest[0].arn)
    try:
        arn = execution if execution.startswith("arn:") else _arn(sagemaker, pipeline, execution)
        return describe(sagemaker, arn)
    except ClientError as error:
        if not names_nothing(error):
            raise
        raise UsageError(
            f"The pipeline {pipeline} has no execution {execution}; `{command('status')}` lists the latest."
        ) from error


def _arn(sagemaker: SageMakerClient, pipeline: str, execution_id: str) -> str:
    return f"{sagemaker.describe_pipeline(PipelineName=pipeline)['PipelineArn']}/execution/{execution_id}"


def _step(answer: Mapping[str, Any]) -> Step:
    metadata = answer.get("Metadata", {})
    made = next(((kind, item["Arn"]) for kind, item in metadata.items() if "Arn" in item), ("", None))
    cached = answer.get("CacheHitResult") or {}
    return Step(
        name=answer["StepName"],
        status=answer["StepStatus"],
        started=answer.get("StartTime"),
        ended=answer.get("EndTime"),
        cached_from=cached.get("SourcePipelineExecutionArn"),
        reason=answer.get("FailureReason", ""),
        kind=made[0],
        job_arn=made[1],
    )
