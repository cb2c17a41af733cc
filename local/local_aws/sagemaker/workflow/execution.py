"""The record of a pipeline execution: what it was started with, and what became of its steps.

The runner writes it, the API's operations read it, each under the record's lock.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from local_aws.kernel.wire import invalid
from local_aws.sagemaker.caller import USER_CONTEXT
from local_aws.sagemaker.workflow.definition import Definition, Step
from local_aws.sagemaker.workflow.events import ExecutionEvents

EXECUTING, STOPPING = "Executing", "Stopping"
STOPPED, FAILED, SUCCEEDED = "Stopped", "Failed", "Succeeded"

_FAILURE = "Step failure: One or multiple steps failed."
_LONGEST_REASON = 1024


@dataclass(frozen=True)
class StepRun:
    """A step that was reached. `properties` are what other steps' references see once it has succeeded."""

    step: Step
    status: str
    started: datetime
    ended: datetime | None = None
    attempts: int = 1
    metadata: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    failure_reason: str | None = None
    cached_from: str | None = None
    selected_from: str | None = None
    """The execution that a selective one takes the step from."""

    def answer(self) -> dict[str, Any]:
        """The API's PipelineExecutionStep."""
        cached = {"SourcePipelineExecutionArn": self.cached_from} if self.cached_from else None
        selected = {"SourcePipelineExecutionArn": self.selected_from} if self.selected_from else None
        return _without_none(
            StepName=self.step.name,
            StepDisplayName=self.step.display_name,
            StepDescription=self.step.description,
            StartTime=self.started,
            EndTime=self.ended,
            StepStatus=self.status,
            CacheHitResult=cached,
            SelectiveExecutionResult=selected,
            FailureReason=self.failure_reason,
            Metadata=dict(self.metadata),
            AttemptCount=self.attempts,
        )


@dataclass(frozen=True)
class Start:
    """The arguments that an execution was started with.

    `parameters` are the typed values of all of the definition's, `given` the request's own.
    """

    arn: str
    id: str
    pipeline_arn: str
    pipeline_version: int
    definition: Definition
    definition_text: str
    definition_created: datetime
    parameters: Mapping[str, Any]
    given: tuple[Mapping[str, str], ...]
    created: datetime
    role_arn: str
    display_name: str
    description: str | None = None
    experiment: Mapping[str, str] = field(default_factory=dict)
    parallelism: int | None = None
    selective: Mapping[str, Any] | None = None
    """The request's SelectiveExecutionConfig."""
    selected: frozenset[str] | None = None
    """The steps that it selects; None for all."""
    reused: Mapping[str, StepRun] = field(default_factory=dict)
    """Runs of its source execution that take the place of steps that were not selected."""

    @property
    def steps(self) -> dict[str, Step]:
        """The steps that are to run."""
        steps = self.definition.steps
        return {name: step for name, step in steps.items() if self.selected is None or name in self.selected}


class Execution:
    """One execution, from StartPipelineExecution on. Retrying it goes on in the same record, `events` are told."""

    def __init__(self, start: Start, events: ExecutionEvents) -> None:
        self.start = start
        self._events = events
        self._lock = threading.Lock()
        self._parallelism = start.parallelism
        self._status = EXECUTING
        self._modified = start.created
        self._failure_reason: str | None = None
        self._display_name = start.display_name
        self._description = start.description
        self._runs: dict[str, StepRun] = {
            name: replace(run, selected_from=(start.selective or {}).get("SourcePipelineExecutionArn"))
            for name, run in start.reused.items()
        }
        events.status(start, None, EXECUTING, start.created, ended=False)

    @property
    def status(self) -> str:
        """The status, as the API names it."""
        return self._status

    @property
    def active(self) -> bool:
        """Whether the execution has not ended."""
        return self._status in (EXECUTING, STOPPING)

    @property
    def stopping(self) -> bool:
        """Whether the execution is being stopped."""
        return self._status == STOPPING

    @property
    def parallelism(self) -> int | None:
        """The most steps that may run at once, if anyone said so."""
        return self._parallelism

    def runs(self) -> dict[str, StepRun]:
        """The steps reached so far, in the order in which they were."""
        with self._lock:
            return dict(self._runs)

    def run(self, name: str) -> StepRun:
        """The record of the step with this name."""
        with self._lock:
            return self._runs[name]

    def begin(self, step: Step) -> None:
        """Note that a step starts; one that ran before starts its next attempt."""
        with self._lock:
            before = self._runs.pop(step.name, None)
            attempts = before.attempts + 1 if before else 1
            run = StepRun(step, "Starting", datetime.now(UTC), attempts=attempts)
            self._runs[step.name] = run
            self._events.step(self.start, before.status if before else None, run)

    def executing(self, name: str, metadata: Mapping[str, Any]) -> None:
        """Note that a step's resource has been made."""
        with self._lock:
            status = STOPPING if self._status == STOPPING else EXECUTING
            self._notify(name, status=status, metadata=metadata)

    def try_again(self, name: str) -> None:
        """Note that a step that failed gets another attempt by its retry policies."""
        with self._lock:
            self._notify(name, attempts=self._runs[name].attempts + 1, metadata={})

    def end(self, name: str, status: str, failure_reason: str | None = None, **changes: Any) -> None:
        """Note that a step is over, and what else is new about it: StepRun's fields."""
        reason = failure_reason[:_LONGEST_REASON] if failure_reason else None
        with self._lock:
            self._notify(name, status=status, ended=datetime.now(UTC), failure_reason=reason, **changes)

    def finish(self) -> None:
        """Note that no step runs and none will: the execution's own end."""
        with self._lock:
            failed = any(run.status == FAILED for run in self._runs.values())
            if self._status == STOPPING:
                self._change(STOPPED)
            elif failed:
                self._change(FAILED, _FAILURE)
            else:
                self._change(SUCCEEDED)

    def stop(self) -> None:
        """Raises ServiceError unless the execution runs."""
        with self._lock:
            self._require(EXECUTING, verb="stopped")
            self._change(STOPPING)
            for name, run in list(self._runs.items()):
                if run.ended is None:
                    self._notify(name, status=STOPPING)

    def resume(self, parallelism: int | None) -> None:
        """Forget the end, keep the steps that succeeded. Raises ServiceError unless it failed or was stopped."""
        with self._lock:
            self._require(FAILED, STOPPED, verb="retried")
            self._parallelism = parallelism or self._parallelism
            self._change(EXECUTING)

    def update(self, display_name: str | None, description: str | None, parallelism: int | None) -> None:
        """Change what is said about the execution; None leaves a value as it is."""
        with self._lock:
            self._display_name = display_name or self._display_name
            self._description = self._description if description is None else description
            self._parallelism = parallelism or self._parallelism
            self._modified = datetime.now(UTC)

    def describe(self) -> dict[str, Any]:
        """DescribePipelineExecution's answer."""
        start = self.start
        with self._lock:
            parallelism = {"MaxParallelExecutionSteps": self._parallelism} if self._parallelism else None
            return _without_none(
                PipelineArn=start.pipeline_arn,
                PipelineExecutionArn=start.arn,
                PipelineExecutionDisplayName=self._display_name,
                PipelineExecutionStatus=self._status,
                PipelineExecutionDescription=self._description,
                PipelineExperimentConfig=dict(start.experiment) or None,
                FailureReason=self._failure_reason,
                CreationTime=start.created,
                LastModifiedTime=self._modified,
                CreatedBy=USER_CONTEXT,
                LastModifiedBy=USER_CONTEXT,
                ParallelismConfiguration=parallelism,
                SelectiveExecutionConfig=start.selective,
                PipelineVersionId=start.pipeline_version,
                RoleArn=start.role_arn,
            )

    def summary(self) -> dict[str, Any]:
        """The execution in ListPipelineExecutions."""
        with self._lock:
            return _without_none(
                PipelineExecutionArn=self.start.arn,
                StartTime=self.start.created,
                PipelineExecutionStatus=self._status,
                PipelineExecutionDescription=self._description,
                PipelineExecutionDisplayName=self._display_name,
                PipelineExecutionFailureReason=self._failure_reason,
            )

    def _notify(self, name: str, **changes: Any) -> None:
        before = self._runs[name]
        run = self._runs[name] = replace(before, **changes)
        if run.status != before.status:
            self._events.step(self.start, before.status, run)

    def _change(self, status: str, failure_reason: str | None = None) -> None:
        before = self._status
        self._status, self._failure_reason, self._modified = status, failure_reason, datetime.now(UTC)
        ended = status not in (EXECUTING, STOPPING)
        self._events.status(self.start, before, status, self._modified, ended=ended)

    def _require(self, *statuses: str, verb: str) -> None:
        if self._status not in statuses:
            allowed = " or ".join(f"'{status}'" for status in statuses)
            raise invalid(
                f"Pipeline execution {self.start.arn} has status '{self._status}'. "
                f"Only pipelines with {allowed} status can be {verb}."
            )


def _without_none(**members: Any) -> dict[str, Any]:
    """The members that there is something to say about."""
    return {name: value for name, value in members.items() if value is not None}
