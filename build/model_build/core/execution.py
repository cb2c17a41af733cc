"""An execution of a pipeline as data, and the fingerprint that equal executions share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

RUNNING = frozenset({"Executing", "Stopping"})


@dataclass(frozen=True)
class Step:
    """A step of an execution that was reached. `job_arn` is the ARN of the resource that it created."""

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
        """Whether the step cache answered instead of a job."""
        return self.cached_from is not None

    @property
    def seconds(self) -> float | None:
        """The duration in seconds; None while it runs."""
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds()

    @property
    def job_name(self) -> str | None:
        """The name of the step's job, None if it has no job."""
        return self.job_arn.rpartition("/")[2] if self.job_arn else None


@dataclass(frozen=True)
class Execution:
    """A described execution; `steps` in the order in which they were reached."""

    arn: str
    status: str
    steps: tuple[Step, ...] = ()
    started: datetime | None = None
    reason: str = ""

    @property
    def id(self) -> str:
        """The id of the execution, the last part of its ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def running(self) -> bool:
        """Whether the execution has not ended."""
        return self.status in RUNNING

    @property
    def failed(self) -> tuple[Step, ...]:
        """The steps that failed, in the order in which they were reached."""
        return tuple(step for step in self.steps if step.status == "Failed")

    def step(self, name: str) -> Step | None:
        """The step with this name, None if it was not reached."""
        return next((step for step in self.steps if step.name == name), None)


def fingerprint(definition: str, parameters: Mapping[str, str]) -> str:
    """The hash of definition and parameters. Two runs with an equal one would do the same."""
    text = json.dumps([definition, dict(parameters)], sort_keys=True)
    return f"run-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
