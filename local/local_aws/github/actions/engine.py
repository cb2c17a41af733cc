"""Starts runs of workflows for what happens in repositories, and is where they are looked up, reviewed and cancelled."""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from local_aws.github.actions import environments, events, tokens, triggers, workflow
from local_aws.github.actions.change_detector import ChangeDetector
from local_aws.github.actions.errors import ActionsError, InvalidWorkflow
from local_aws.github.actions.events import Event
from local_aws.github.actions.language import Language
from local_aws.github.actions.machine import Machine
from local_aws.github.actions.runs import Job, Review, Run
from local_aws.github.actions.scheduler import Scheduler
from local_aws.github.actions.workflow import Workflow
from local_aws.github.credentials import Caller, Token
from local_aws.github.issuer import Issuer
from local_aws.github.records import Repository, User
from local_aws.github.state import State


class Actions:
    """GitHub Actions of the embedded GitHub, until `close`. What happened before it was made starts nothing.

    Methods are safe to call from any thread. The state's lock comes before the scheduler's.
    """

    def __init__(self, state: State, issuer: Issuer, machine: Machine, folder: Path) -> None:
        self._state = state
        self.machine = machine
        self._language = Language()
        self._scheduler = Scheduler(state, issuer, self._language, machine, folder)
        self._runs: dict[int, Run] = {}
        self._numbers: dict[tuple[int, str], int] = {}
        self._parsed: dict[tuple[str, str], Workflow | InvalidWorkflow] = {}
        self._happened: queue.Queue[tuple[Event, str | None] | None] = queue.Queue()
        self._unhandled = 0
        with state.lock:
            tokens.bot(state)
            self._change_detector = ChangeDetector(state)
        self._starter = threading.Thread(target=self._start_runs, name="github-actions", daemon=True)
        self._starter.start()

    # What starts runs

    def observe(self, caller: Caller) -> None:
        """Take in what a request changed. The state's lock is held. A job's own token starts nothing but by dispatches."""
        quiet = isinstance(caller, Token) and tokens.is_of_a_job(caller)
        for event in self._change_detector.changes(caller):
            if not quiet or event.name == "repository_dispatch":
                self._queue_event(event)

    def dispatch(
        self, caller: Caller, repository: Repository, path: str, ref: str, inputs: Mapping[str, Any]
    ) -> None:
        """Run a workflow by hand: `path` is its file's, `ref` a full one. The state's lock is held."""
        self._queue_event(events.workflow_dispatch(self._state, caller, repository, path, ref, inputs), path)

    def schedule(self, full_name: str) -> None:
        """Let the time of every schedule of a repository's workflows come, now.

        Raises KeyError for an unknown repository.
        """
        with self._state.lock:
            repository = self._state.repository(full_name)
            if repository is None:
                raise KeyError(full_name)
            head = repository.git.branch(repository.default_branch) or ""
            caller = Token("", tokens.bot(self._state))
            for path, found in self.workflows(repository, head).items():
                for each in () if isinstance(found, InvalidWorkflow) else found.on.get("schedule", ()):
                    event = events.schedule(self._state, caller, repository, each["cron"])
                    self._queue_event(event, path)

    def _queue_event(self, event: Event, path: str | None = None) -> None:
        with self._scheduler.changed:
            self._unhandled += 1
        self._happened.put((event, path))

    # Runs

    def runs(self, full_name: str | None = None) -> list[Run]:
        """All runs, or those of a repository, oldest first."""
        with self._scheduler.changed:
            found = list(self._runs.values())
        return [each for each in found if full_name in {None, each.repository.full_name}]

    def run(self, identity: int) -> Run | None:
        """The run with this id, None if there is none."""
        return self._runs.get(identity)

    def wait_for(self, happened: Callable[[], Any], timeout: float = 600) -> Any:
        """Wait until `happened` returns a true value, and return it; it is called whenever a run changes. Raises TimeoutError."""
        end = time.monotonic() + timeout
        with self._scheduler.changed:
            while not (found := happened()):
                if not self._scheduler.changed.wait(end - time.monotonic()):
                    raise TimeoutError(f"It did not happen within {timeout:g} s: {self._jobs_description()}")
            return found

    def settle(self, timeout: float = 600) -> None:
        """Wait until every event has been looked at and every run has completed or waits for a reviewer."""
        self.wait_for(lambda: not self._unhandled and all(map(_is_settled, self._runs.values())), timeout)

    def review(
        self,
        run: Run,
        environment: str,
        user: User,
        state: Literal["approved", "rejected"],
        comment: str = "",
    ) -> None:
        """Approve or reject the jobs that wait for an environment. Raises ActionsError if the user is no reviewer."""
        with self._scheduler.changed:
            waiting = [job for job in run.jobs.values() if _waits_for(job, environment)]
            for job in waiting:
                assert job.waiting_for is not None
                if not environments.may_review(run.repository, job.waiting_for, user, run.event):
                    raise ActionsError(f"{user.login} is not a reviewer of {environment}.")
            if not waiting:
                raise ActionsError(f"No job of run {run.id} waits for {environment}.")
            review = Review(environment, user, state, comment)
            run.reviews.append(review)
            for job in waiting:
                job.review, job.status, job.waiting_for = review, "pending", None
            self._scheduler.changed.notify_all()

    def cancel(self, run: Run) -> None:
        """Cancel a run."""
        self._scheduler.cancel(run)

    def lose_machine(self, job: Job) -> None:
        """A fault: the machine of a job that is in progress is lost once its present step has ended."""
        self._scheduler.lose_machine(job)

    def rerun(self, run: Run) -> None:
        """All jobs once more, as the next attempt. Raises ActionsError while it still runs."""
        with self._scheduler.changed:
            if run.status != "completed":
                raise ActionsError("This workflow is already running")
            run.attempt += 1
            run.cancelled, run.conclusion = False, None
            self._scheduler.start(run)

    def close(self) -> None:
        """End all runs, whatever they do."""
        self._happened.put(None)
        self._starter.join()
        self._scheduler.close()
        self._language.close()

    # Workflows

    def workflows(self, repository: Repository, commit: str) -> dict[str, Workflow | InvalidWorkflow]:
        """The workflows of a commit by their paths, or what is wrong with them."""
        folder = repository.git.entry(commit, triggers.FOLDER) if commit else None
        entries = repository.git.entries(folder.sha) if folder is not None and folder.type == "tree" else []
        return {
            f"{triggers.FOLDER}/{each.path}": self._read(
                repository, f"{triggers.FOLDER}/{each.path}", each.sha
            )
            for each in entries
            if each.path.endswith((".yml", ".yaml"))
        }

    def _read(self, repository: Repository, path: str, blob: str) -> Workflow | InvalidWorkflow:
        if (path, blob) not in self._parsed:
            text = repository.git.blob(blob).decode("utf-8", "replace")
            try:
                self._parsed[path, blob] = workflow.read(self._language, path, text)
            except InvalidWorkflow as error:
                self._parsed[path, blob] = error
        return self._parsed[path, blob]

    def _start_runs(self) -> None:
        while (taken := self._happened.get()) is not None:
            event, path = taken
            try:
                for found in self._started_by(event, path):
                    self._start(found, event)
            except Exception as error:  # the next event must still be looked at
                reason = str(error) if isinstance(error, ActionsError) else traceback.format_exc()
                self._start(InvalidWorkflow(path or triggers.FOLDER, [reason]), event)
            finally:
                with self._scheduler.changed:
                    self._unhandled -= 1
                    self._scheduler.changed.notify_all()

    def _started_by(self, event: Event, path: str | None) -> list[Workflow | InvalidWorkflow]:
        found = self.workflows(event.repository, event.sha)
        chosen = list(found.values()) if path is None else [found[path]]
        return [
            each for each in chosen if isinstance(each, InvalidWorkflow) or triggers.starts(each.on, event)
        ]

    def _start(self, found: Workflow | InvalidWorkflow, event: Event) -> None:
        read = found if isinstance(found, Workflow) else Workflow(found.path, found.path, {}, {})
        with self._state.lock:
            identity = self._state.new_id()
        key = (event.repository.id, read.path)
        number = self._numbers[key] = self._numbers.get(key, 0) + 1
        run = Run(identity, number, read, event, read.name)
        if isinstance(found, InvalidWorkflow):
            run.error, run.conclusion = str(found), "failure"
        else:
            self._scheduler.name(run)
        # Nobody sees a run that has no jobs yet.
        with self._scheduler.changed:
            self._runs[identity] = run
            if run.conclusion is None:
                self._scheduler.start(run)

    def _jobs_description(self) -> str:
        jobs = [
            f"{run.workflow.name} #{run.number} {job.name}: {job.conclusion or job.status}"
            for run in self._runs.values()
            for job in run.jobs.values()
        ]
        return "; ".join(jobs) or "no run was started"


def _is_settled(run: Run) -> bool:
    """Whether a run has completed, or goes on only when a reviewer lets it."""
    found = {job.status for job in run.jobs.values()}
    return run.status == "completed" or ("waiting" in found and not found & {"pending", "in_progress"})


def _waits_for(job: Job, environment: str) -> bool:
    return job.status == "waiting" and job.waiting_for is not None and job.waiting_for.name == environment
