"""The scheduler of one execution: it starts every step as soon as those before it are done."""

from __future__ import annotations

import os
import queue
import threading

from local_aws.sagemaker.workflow import graph
from local_aws.sagemaker.workflow.definition import Step
from local_aws.sagemaker.workflow.execution import FAILED, STOPPED, SUCCEEDED, Execution
from local_aws.sagemaker.workflow.steps import StepWork, Surroundings


class Runner:
    """Runs an execution in threads of its own, from what its record says is still to do.

    After a failure no step starts any more, and those that run go on to their end, as on SageMaker. A step that is
    not reached leaves no trace.
    """

    def __init__(self, execution: Execution, around: Surroundings) -> None:
        self._execution = execution
        self._around = around
        self._steps = execution.start.steps
        self._before = graph.dependencies(self._steps)
        # Of a retried execution, what failed or was stopped is to be done again.
        self._again = {name for name, run in execution.runs().items() if run.status in (FAILED, STOPPED)}
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=execution.start.arn, daemon=True)

    def start(self) -> None:
        """Start the scheduler's thread."""
        self._thread.start()

    def stop(self) -> None:
        """Have the running jobs stopped, and start no more."""
        self._around.stop.set()

    def leave(self) -> None:
        """End all threads soon, and leave the jobs to themselves."""
        self._around.leave.set()
        self._around.stop.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the execution has ended, at most `timeout` seconds."""
        self._thread.join(timeout)

    def _run(self) -> None:
        running: set[str] = set()
        most = self._execution.parallelism or os.cpu_count() or 1
        while True:
            for step in self._ready(running)[: most - len(running)]:
                self._again.discard(step.name)
                running.add(step.name)
                self._execution.begin(step)
                threading.Thread(target=self._work, args=[step], name=step.name, daemon=True).start()
            if not running:
                break
            running.discard(self._done.get())
        self._execution.finish()

    def _work(self, step: Step) -> None:
        StepWork(step, self._execution, self._around).run()
        self._done.put(step.name)

    def _ready(self, running: set[str]) -> list[Step]:
        runs = {name: run for name, run in self._execution.runs().items() if name not in self._again}
        if self._around.stop.is_set() or any(run.status == FAILED for run in runs.values()):
            return []
        succeeded = {name for name, run in runs.items() if run.status == SUCCEEDED}
        outcomes = {name: runs[name].properties.get("Outcome") for name in succeeded}
        return [
            step
            for name, step in self._steps.items()
            if name not in runs
            and self._before[name] <= succeeded
            and (step.branch is None or outcomes[step.branch.condition] == step.branch.outcome)
        ]
