"""`model-build stop`: stops a running execution."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from model_build.aws import executions
from model_build.core.execution import Execution
from model_build.workspace import Workspace


@dataclass(frozen=True)
class Stopped:
    """`requested` says whether this command stopped the execution. Its running jobs need some time to stop."""

    execution: Execution
    requested: bool


def stop(workspace: Workspace, execution: str | None) -> Stopped:
    """Stop the execution with that id or ARN, or the latest. One that has ended is left as it is. Raises UsageError."""
    sagemaker = workspace.aws.sagemaker
    found = executions.find(sagemaker, workspace.pipeline, execution, workspace.command)
    if found.status != "Executing":
        return Stopped(found, requested=False)
    sagemaker.stop_pipeline_execution(
        PipelineExecutionArn=found.arn,
        ClientRequestToken=hashlib.sha256(f"stop {found.arn}".encode()).hexdigest(),
    )
    return Stopped(executions.describe(sagemaker, found.arn), requested=True)


def document(stopped: Stopped) -> dict[str, Any]:
    """The result for machines."""
    return {
        "execution_arn": stopped.execution.arn,
        "status": stopped.execution.status,
        "stopped": stopped.requested,
    }


def lines(stopped: Stopped) -> list[str]:
    """The result for people."""
    execution = stopped.execution
    if not stopped.requested:
        return [f"Nothing to stop: execution {execution.id} is {execution.status}."]
    return [f"Execution {execution.id} is {execution.status}. The next run of the same starts again."]
