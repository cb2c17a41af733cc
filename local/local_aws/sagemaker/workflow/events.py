"""The EventBridge events of an execution and its steps.

After https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from local_aws.kernel.service_events import ServiceEvent, ServiceEvents

if TYPE_CHECKING:
    from local_aws.sagemaker.workflow.execution import Start, StepRun

EXECUTION = "SageMaker Model Building Pipeline Execution Status Change"
STEP = "SageMaker Model Building Pipeline Execution Step Status Change"


class ExecutionEvents:
    """Told by the record of an execution of what changes in it."""

    def __init__(self, events: ServiceEvents) -> None:
        self._events = events

    def status(self, start: Start, before: str | None, now: str, modified: datetime, *, ended: bool) -> None:
        """The execution has another status since `modified`; `before` is None for one that has just begun."""
        detail = {
            "pipelineExecutionDisplayName": start.display_name,
            "pipelineExecutionDescription": start.description,
            "currentPipelineExecutionStatus": now,
            "previousPipelineExecutionStatus": before,
            "executionStartTime": _moment(start.created),
            "executionEndTime": _moment(modified) if ended else None,
        }
        self._emit(EXECUTION, start, detail)

    def step(self, start: Start, before: str | None, run: StepRun) -> None:
        """A step has another status; `before` is None for one that has just begun."""
        cached = {"sourcePipelineExecutionArn": run.cached_from} if run.cached_from else None
        detail = {
            "stepName": run.step.name,
            "stepType": run.step.type,
            "currentStepStatus": run.status,
            "previousStepStatus": before,
            "stepStartTime": _moment(run.started),
            "stepEndTime": _moment(run.ended) if run.ended else None,
            "failureReason": run.failure_reason,
            "cacheHitResult": cached,
            "metadata": _lowered(run.metadata),
        }
        self._emit(STEP, start, detail)

    def _emit(self, detail_type: str, start: Start, detail: Mapping[str, Any]) -> None:
        said = {name: value for name, value in detail.items() if value is not None}
        arns = {"pipelineArn": start.pipeline_arn, "pipelineExecutionArn": start.arn}
        resources = (start.pipeline_arn, start.arn)
        self._events.emit(ServiceEvent("aws.sagemaker", detail_type, resources, {**said, **arns}))


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _lowered(metadata: Any) -> Any:
    """`{"ProcessingJob": {"Arn": ...}}` as events spell it: `{"processingJob": {"arn": ...}}`."""
    if isinstance(metadata, Mapping):
        return {name[:1].lower() + name[1:]: _lowered(value) for name, value in metadata.items()}
    return metadata
