"""`model-build logs`: prints the log of a step's job."""

from __future__ import annotations

from collections.abc import Iterator

from model_build.aws import executions, logs
from model_build.core.execution import Step
from model_build.errors import UsageError
from model_build.workspace import Workspace


def step(workspace: Workspace, name: str, execution: str | None) -> Step:
    """The step of that name in the execution, or in the latest.

    Raises UsageError if it was not reached, or has no job and therefore no log.
    """
    found = executions.find(workspace.aws.sagemaker, workspace.pipeline, execution, workspace.command)
    chosen = next((step for step in found.steps if step.name.lower() == name.lower()), None)
    if chosen is None:
        reached = ", ".join(step.name for step in found.steps) or "none yet"
        raise UsageError(f"Execution {found.id} has not reached a step {name}. Steps reached: {reached}.")
    if chosen.kind not in logs.GROUPS:
        with_logs = ", ".join(step.name for step in found.steps if step.kind in logs.GROUPS) or "none yet"
        raise UsageError(f"Step {chosen.name} runs no job, so it has no log. Steps with logs: {with_logs}.")
    return chosen


def lines(workspace: Workspace, chosen: Step) -> Iterator[str]:
    """The log lines of a step's job, oldest first."""
    return logs.lines(workspace.aws.logs, chosen)
