"""`model-build status`: the pipeline, its latest executions, and the champion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model_build.aws import champion, executions, pipelines
from model_build.aws.champion import Champion
from model_build.core.execution import Execution
from model_build.workspace import Workspace


@dataclass(frozen=True)
class Status:
    """The pipeline with its latest executions, and the champion. `start` is the command that runs it."""

    pipeline: str
    exists: bool
    executions: tuple[Execution, ...]
    champion: Champion | None
    start: str


def describe(workspace: Workspace) -> Status:
    """Return the status of the recipe's pipeline. Raises AwsError when AWS refuses a call."""
    sagemaker = workspace.aws.sagemaker
    exists = pipelines.deployed_definition(sagemaker, workspace.pipeline) is not None
    return Status(
        pipeline=workspace.pipeline,
        exists=exists,
        executions=_latest(workspace),
        champion=champion.resolve(
            sagemaker, workspace.settings.model_package_group, workspace.recipe.problem_name
        ),
        start=workspace.command("run", "--data", "FILE"),
    )


def _latest(workspace: Workspace) -> tuple[Execution, ...]:
    """The latest executions, newest first: those that trained, and those that registered what a pull request trained."""
    names = [workspace.pipeline]
    if workspace.settings.pull_request is None:
        names.append(workspace.for_merged().pipeline)
    found = [each for name in names for each in executions.recent(workspace.aws.sagemaker, name)]
    return tuple(sorted(found, key=lambda each: (each.started is not None, each.started), reverse=True)[:5])


def document(status: Status) -> dict[str, Any]:
    """The status for machines."""
    current = status.champion
    return {
        "pipeline": {"name": status.pipeline, "exists": status.exists},
        "executions": [
            {
                "arn": execution.arn,
                "status": execution.status,
                "started": execution.started.isoformat() if execution.started else None,
                "reason": execution.reason or None,
            }
            for execution in status.executions
        ],
        "champion": {"arn": current.arn, "stage": current.stage} if current else None,
    }


def lines(status: Status) -> list[str]:
    """The status for people."""
    absent = "" if status.exists else f"  (does not exist yet; `{status.start}` makes it)"
    rows = [f"pipeline   {status.pipeline}{absent}"]
    for execution in status.executions:
        started = f"{execution.started:%Y-%m-%d %H:%M:%S %Z}" if execution.started else ""
        rows.append(f"execution  {execution.id}  {execution.status:<9}  {started}")
        if execution.reason:
            rows.append(f"           {' '.join(execution.reason.split())}")
    current = status.champion
    if current is None:
        rows.append("champion   none: no version is approved")
    else:
        rows.append(f"champion   version {current.version}, {current.stage or 'approved'}  {current.arn}")
    return rows
