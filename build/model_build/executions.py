"""Pipelines and their executions: bring the definition up to date, start or re-attach, and watch until the end."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_build.errors import TimedOutError, UsageError
from model_build.settings import Settings
from model_common.aws.errors import is_missing

if TYPE_CHECKING:
    from types_boto3_sagemaker.client import SageMakerClient

RUNNING = frozenset({"Executing", "Stopping"})
_FIRST_PAUSE, _LONGEST_PAUSE, _SLOWER = 0.2, 10.0, 1.1


@dataclass(frozen=True)
class Step:
    """A step of an execution that was reached. `job_arn` is the resource that it made, of whatever kind."""

    name: str
    status: str
    started: datetime | None = None
    ended: datetime | None = None
    cached_from: str | None = None
    reason: str = ""
    kind: str = ""
    job_arn: str | None = None

    @property
    def cache_hit(self) -> bool:
        return self.cached_from is not None

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds()

    @property
    def job_name(self) -> str | None:
        return self.job_arn.rpartition("/")[2] if self.job_arn else None


@dataclass(frozen=True)
class Execution:
    """An execution as it stands; `steps` in the order in which they were reached."""

    arn: str
    status: str
    steps: tuple[Step, ...] = ()
    started: datetime | None = None
    reason: str = ""

    @property
    def id(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def running(self) -> bool:
        return self.status in RUNNING

    @property
    def failed(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.status == "Failed")

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)


@dataclass(frozen=True)
class Started:
    """An execution that was started, or that was found running with the same definition and parameters."""

    arn: str
    attached: bool


def deployed_definition(sagemaker: SageMakerClient, pipeline: str) -> str | None:
    """The definition that the pipeline has now, or None when there is no such pipeline."""
    found = _describe(sagemaker, pipeline)
    return found["PipelineDefinition"] if found else None


def upsert(
    sagemaker: SageMakerClient, settings: Settings, pipeline: str, definition: str, description: str
) -> bool:
    """Create the pipeline, or update it where it differs; whether anything had to be done."""
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


def start(
    sagemaker: SageMakerClient, pipeline: str, definition: str, parameters: Mapping[str, str]
) -> Started:
    """Start an execution, unless one with the same definition and parameters is running: then attach to that.

    The execution carries the fingerprint of both in its display name. The client token also holds the latest
    execution, so that two starts at once become one execution and a later one becomes a new one.
    """
    mark = fingerprint(definition, parameters)
    latest = sagemaker.list_pipeline_executions(
        PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending", MaxResults=50
    )["PipelineExecutionSummaries"]
    for summary in latest:
        if (
            summary["PipelineExecutionStatus"] == "Executing"
            and summary.get("PipelineExecutionDisplayName") == mark
        ):
            return Started(summary["PipelineExecutionArn"], attached=True)
    before = latest[0]["PipelineExecutionArn"] if latest else ""
    answer = sagemaker.start_pipeline_execution(
        PipelineName=pipeline,
        PipelineExecutionDisplayName=mark,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
        ClientRequestToken=hashlib.sha256(f"{mark} after {before}".encode()).hexdigest(),
    )
    return Started(answer["PipelineExecutionArn"], attached=False)


def fingerprint(definition: str, parameters: Mapping[str, str]) -> str:
    """What two runs have in common when they would do the same."""
    text = json.dumps([definition, dict(parameters)], sort_keys=True)
    return f"run-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def describe(sagemaker: SageMakerClient, arn: str) -> Execution:
    """The execution and its steps as they stand."""
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


def watch(
    sagemaker: SageMakerClient, arn: str, show: Callable[[Execution], None], timeout: float | None = None
) -> Execution:
    """Wait for the execution's end, showing it each time it was looked at.

    `timeout` is in seconds. Raises TimedOutError after it; the execution goes on.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    seen: Execution | None = None
    pause = _FIRST_PAUSE
    while True:
        execution = describe(sagemaker, arn)
        show(execution)
        if not execution.running:
            return execution
        if deadline is not None and time.monotonic() >= deadline:
            raise TimedOutError(
                f"The execution {arn} did not end within {timeout:g} s; it goes on. Run the same command again to "
                "watch it, with a longer --timeout or none."
            )
        # Something that changes is looked at closely; a long training is left alone.
        pause = _FIRST_PAUSE if execution != seen else min(pause * _SLOWER, _LONGEST_PAUSE)
        seen = execution
        time.sleep(pause if deadline is None else max(0.0, min(pause, deadline - time.monotonic())))


def recent(sagemaker: SageMakerClient, pipeline: str, count: int = 5) -> list[Execution]:
    """The latest executions of the pipeline without their steps, newest first; none when there is no pipeline."""
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


def find(sagemaker: SageMakerClient, pipeline: str, execution: str | None) -> Execution:
    """The execution with that id or ARN, or the latest. Raises UsageError when there is none."""
    if execution is None:
        latest = recent(sagemaker, pipeline, count=1)
        if not latest:
            raise UsageError(f"The pipeline {pipeline} has no execution yet; `model-build run` starts one.")
        return describe(sagemaker, latest[0].arn)
    try:
        arn = execution if execution.startswith("arn:") else _arn(sagemaker, pipeline, execution)
        return describe(sagemaker, arn)
    except ClientError as error:
        if not is_missing(error):
            raise
        raise UsageError(
            f"The pipeline {pipeline} has no execution {execution}; `model-build status` lists the latest."
        ) from error


def _arn(sagemaker: SageMakerClient, pipeline: str, execution_id: str) -> str:
    return f"{sagemaker.describe_pipeline(PipelineName=pipeline)['PipelineArn']}/execution/{execution_id}"


def _describe(sagemaker: SageMakerClient, pipeline: str) -> Mapping[str, Any] | None:
    try:
        return sagemaker.describe_pipeline(PipelineName=pipeline)
    except ClientError as error:
        if not is_missing(error):
            raise
        return None


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
