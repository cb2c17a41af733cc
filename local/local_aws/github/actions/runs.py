"""Runs of workflows, their jobs and steps, as GitHub keeps them. Plain records; the engine changes them under its lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from local_aws.github.actions import workflow
from local_aws.github.actions.events import Event
from local_aws.github.records import Deployment, Environment, User, now

Status = Literal["queued", "pending", "waiting", "in_progress", "completed"]
Conclusion = Literal["success", "failure", "cancelled", "skipped"]


@dataclass
class Step:
    """`outcome` is before `continue-on-error` counts, `conclusion` after. `command` is what `run:` held."""

    id: str
    name: str
    number: int
    command: str | None = None
    action: str | None = None
    status: Status = "queued"
    outcome: Conclusion | None = None
    conclusion: Conclusion | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    summary: str = ""


@dataclass
class Review:
    """A reviewer's decision about an environment that a job waits for."""

    environment: str
    user: User
    state: Literal["approved", "rejected"]
    comment: str
    time: str = field(default_factory=now)


@dataclass
class Job:
    """`waiting_for` is the environment whose reviewers are waited for; `annotations` are (level, message)."""

    id: int
    run: Run
    definition: workflow.Job
    name: str
    status: Status = "queued"
    conclusion: Conclusion | None = None
    steps: list[Step] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    waiting_for: Environment | None = None
    environment: str | None = None
    environment_url: str = ""
    annotations: list[tuple[str, str]] = field(default_factory=list)
    review: Review | None = None
    deployment: Deployment | None = None
    cancelled: bool = False
    started_at: str | None = None
    completed_at: str | None = None
    queued_at: str = field(default_factory=now)

    @property
    def summary(self) -> str:
        """The text that the job's steps wrote to GITHUB_STEP_SUMMARY."""
        return "\n".join(step.summary for step in self.steps if step.summary)

    @property
    def log(self) -> str:
        """The log of all steps."""
        return "\n".join(line for step in self.steps for line in step.log)

    def step(self, command: str) -> Step:
        """The step whose `run:` holds this text. Raises KeyError."""
        for each in self.steps:
            if each.command is not None and command in each.command:
                return each
        raise KeyError(command)


@dataclass
class Artifact:
    """An uploaded artifact: its files lie in `folder`."""

    id: int
    name: str
    folder: Path
    created_at: str = field(default_factory=now)

    @property
    def size(self) -> int:
        """The size of all files in bytes."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())


@dataclass
class Run:
    """One run of a workflow. `jobs` are in the order of the file. `error` is why there are none: no valid workflow."""

    id: int
    number: int
    workflow: workflow.Workflow
    event: Event
    name: str
    attempt: int = 1
    conclusion: Conclusion | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    reviews: list[Review] = field(default_factory=list)
    error: str = ""
    cancelled: bool = False
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)

    @property
    def status(self) -> Status:
        """Completed with a conclusion, else the most active of its jobs'."""
        if self.conclusion is not None:
            return "completed"
        found = {job.status for job in self.jobs.values()}
        active: tuple[Status, ...] = ("in_progress", "waiting", "pending")
        return next((each for each in active if each in found), "queued")

    @property
    def repository(self) -> Any:
        """The repository of the run."""
        return self.event.repository

    def job(self, name: str) -> Job:
        """A job by its id in the file. Raises KeyError."""
        return self.jobs[name]


def conclusion_of(run: Run) -> Conclusion:
    """The conclusion of a run, from those of its jobs."""
    found = {job.conclusion for job in run.jobs.values() if not _is_excused(job)}
    if run.error or "failure" in found:
        return "failure"
    if "cancelled" in found or run.cancelled:
        return "cancelled"
    return "success" if "success" in found or not run.jobs else "skipped"


def _is_excused(job: Job) -> bool:
    return job.conclusion == "failure" and job.definition.continue_on_error is True
