"""Runs of the poured workflows, followed to their end: a line for each job, and its log for whoever wants it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from local_aws.demo.shell import CommandFailedError
from local_aws.demo.timeline import Timeline
from local_aws.github.actions import Actions, Job, Run

_EXIT_CODE = re.compile(r"Process completed with exit code (\d+)")
_LAST_LINES = 20
_PATIENCE = 1200.0


@dataclass
class Runs:
    """Follows runs on `actions`, each once."""

    actions: Actions
    timeline: Timeline
    _known: dict[int, Run] = field(default_factory=dict)
    _reported: set[int] = field(default_factory=set)

    def follow(
        self, repository: str, event: str, action: str | None = None, refused: str | None = None
    ) -> Run:
        """The next run for an event, once it has ended or waits for a reviewer. `refused` is the job that is to fail.

        Jobs that look after other runs may still go on: `finish` waits for them.
        Raises CommandFailedError with the end of its log where another job fails.
        """
        run: Run = self.actions.wait_for(lambda: self._next(repository, event, action), _PATIENCE)
        self._known[run.id] = run
        return self.resume(run, refused)

    def resume(self, run: Run, refused: str | None = None) -> Run:
        """The same run, further: after a review."""
        self._report_until(run, _is_settled, refused)
        return run

    def finish(self) -> None:
        """Wait for the end of every run that was followed. Raises CommandFailedError as `follow` does."""
        for run in self._known.values():
            self._report_until(run, lambda each: each.status == "completed")

    def _report_until(self, run: Run, is_over: Callable[[Run], bool], refused: str | None = None) -> None:
        while True:
            ended = self.actions.wait_for(lambda: self._newly_ended(run) or is_over(run), _PATIENCE)
            if ended is True:
                return
            for job in ended:
                self._reported.add(job.id)
                self._report(run, job, is_expected=job.definition.id == refused)

    def _newly_ended(self, run: Run) -> list[Job]:
        """The jobs that have ended and were not told of yet."""
        return [
            job for job in run.jobs.values() if job.status == "completed" and job.id not in self._reported
        ]

    def _next(self, repository: str, event: str, action: str | None) -> Run | None:
        for run in self.actions.runs(repository):
            if run.id not in self._known and (run.event.name, run.event.action) == (event, action):
                return run
        return None

    def _report(self, run: Run, job: Job, *, is_expected: bool) -> None:
        if job.conclusion == "skipped":
            return
        said = "\n".join([job.log, *(message for _, message in job.annotations)])
        self.timeline.note(f"== {run.workflow.name} #{run.number}, job {job.name}\n{said}")
        if job.name in _HOUSEKEEPING and job.conclusion == "success":
            return
        outcome = _OUTCOMES.get(job.conclusion or "", job.conclusion)
        self.timeline.tell(f"{run.workflow.name} #{run.number}: {job.name} {outcome} ({_seconds(job):.0f} s)")
        if job.conclusion != "success" and not is_expected:
            found = _EXIT_CODE.findall(said)
            last = "\n".join(said.splitlines()[-_LAST_LINES:])
            raise CommandFailedError([run.workflow.name, job.name], int(found[-1]) if found else 1, last)


_HOUSEKEEPING = frozenset({"supersede", "end wait", "incident"})
"""Jobs that look after other runs; the log has them."""

_OUTCOMES: Mapping[str, str] = {"success": "passed", "failure": "failed", "cancelled": "was cancelled"}


def _seconds(job: Job) -> float:
    began, ended = (datetime.fromisoformat(each or "") for each in (job.started_at, job.completed_at))
    return (ended - began).total_seconds()


def _is_settled(run: Run) -> bool:
    """Whether the run has ended, but for jobs that look after other runs, or a reviewer may decide."""
    left = {job.status for job in run.jobs.values() if job.name not in _HOUSEKEEPING} - {"completed"}
    return not left or "waiting" in left
