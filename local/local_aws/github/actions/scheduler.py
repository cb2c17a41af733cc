"""Carries runs out: which job may start, who waits for whom, what each of them came to. One thread a run, one a job.

A job goes through its gates in GitHub's order: `needs` and `if`, its concurrency group, its environment, its runner.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local_aws.github.actions import contexts, deployments, environments, tokens
from local_aws.github.actions.concurrency import Groups, Member
from local_aws.github.actions.contexts import Scope
from local_aws.github.actions.errors import ActionsError
from local_aws.github.actions.job import Execution, Grants, steps_of
from local_aws.github.actions.language import Language, Status
from local_aws.github.actions.machine import Machine
from local_aws.github.actions.runs import Conclusion, Job, Run, conclusion_of
from local_aws.github.actions.workflow import Concurrency
from local_aws.github.credentials import Token
from local_aws.github.issuer import Issuer
from local_aws.github.records import Environment, now
from local_aws.github.state import State

_MINUTE = 60.0
_LONGEST_WAIT = 30 * 24 * 60
"""Minutes that a job waits for reviewers."""


class Cancelled(Exception):
    """The job was cancelled before it ran."""


class Scheduler:
    """`changed` guards every record of runs, and is notified when one changes."""

    def __init__(
        self, state: State, issuer: Issuer, language: Language, machine: Machine, folder: Path
    ) -> None:
        self.changed = threading.Condition()
        self._state = state
        self._issuer = issuer
        self._language = language
        self._machine = machine
        self._folder = folder
        self._groups = Groups()
        self._executions: dict[int, Execution] = {}
        self._threads: list[threading.Thread] = []
        self._closed = False

    def name(self, run: Run) -> None:
        """Give a run the title that its workflow states, else that of its commit or pull request."""
        scope = contexts.of_run(self._language, self._state.urls, run)
        stated, event = run.workflow.run_name, run.event
        if name := scope.text(stated).strip() if stated is not None else "":
            run.name = name
        elif event.name == "pull_request":
            run.name = str(event.payload["pull_request"]["title"])
        elif event.name == "push" and event.payload["head_commit"]:
            run.name = str(event.payload["head_commit"]["message"]).partition("\n")[0]

    def start(self, run: Run) -> None:
        """Make the run's jobs and begin. `changed` is held."""
        for definition in run.workflow.jobs.values():
            name = str(definition.name or definition.id)
            job = Job(self._state.new_id(), run, definition, name)
            job.steps = steps_of(job)
            run.jobs[definition.id] = job
            self._check(job)
        self._thread(self._carry_out, run, name=f"run-{run.id}")
        self.changed.notify_all()

    def cancel(self, run: Run) -> None:
        """Cancel a run with all of its jobs."""
        with self.changed:
            run.cancelled = True
            for job in run.jobs.values():
                if job.status not in {"queued", "completed"}:
                    self._cancel_job(job, "The run was canceled.")
            self.changed.notify_all()

    def lose_machine(self, job: Job) -> None:
        """Lose the machine of a job that is in progress, between two of its steps."""
        with self.changed:
            self._executions[job.id].lose()

    def close(self) -> None:
        """End all jobs."""
        with self.changed:
            self._closed = True
            for execution in self._executions.values():
                execution.kill()
            self.changed.notify_all()
        for thread in self._threads:
            thread.join(10)

    # A run

    def _carry_out(self, run: Run) -> None:
        scope = contexts.of_run(self._language, self._state.urls, run)
        try:
            with self._in_group(run, run.workflow.concurrency, scope, lambda reason: self.cancel(run)):
                self._carry_out_jobs(run)
        except Cancelled:
            run.cancelled = True
        except ActionsError as error:
            run.error = str(error)
        with self.changed:
            for job in run.jobs.values():
                if job.status != "completed":
                    self._complete(job, "cancelled")
            run.conclusion, run.updated_at = conclusion_of(run), now()
            self.changed.notify_all()

    def _carry_out_jobs(self, run: Run) -> None:
        with self.changed:
            while not self._closed:
                decided = False
                for job in run.jobs.values():
                    needed = [run.jobs[each] for each in job.definition.needs]
                    if job.status == "queued" and all(each.status == "completed" for each in needed):
                        self._decide(job)
                        decided = True
                if all(job.status == "completed" for job in run.jobs.values()):
                    return
                # A job that was skipped may be what one above it in the file needs.
                if not decided:
                    self.changed.wait()

    def _decide(self, job: Job) -> None:
        """Start a job whose needs are done, or skip it. `changed` is held."""
        try:
            runs = self._scope(job).holds(job.definition.condition)
        except ActionsError as error:
            job.annotations.append(("error", str(error)))
            self._complete(job, "failure")
            return
        if not runs:
            self._complete(job, "cancelled" if job.run.cancelled else "skipped")
            return
        job.status = "pending"
        self._thread(self._carry_out_job, job, name=f"job-{job.id}")

    def _scope(self, job: Job) -> Scope:
        run = job.run
        before = [run.jobs[each] for each in _ancestors(job)]
        status = Status(
            success=all(each.conclusion == "success" for each in before) and not run.cancelled,
            failure=any(each.conclusion == "failure" for each in before),
            cancelled=run.cancelled,
        )
        needs = {
            each: {"result": run.jobs[each].conclusion, "outputs": run.jobs[each].outputs}
            for each in job.definition.needs
        }
        return contexts.of_run(self._language, self._state.urls, run).with_(status, needs=needs)

    # A job

    def _carry_out_job(self, job: Job) -> None:
        conclusion: Conclusion = "failure"
        try:
            scope = self._scope(job)
            job.name = scope.text(job.definition.name) or job.definition.id
            with self._in_group(
                job.run, job.definition.concurrency, scope, lambda reason: self._cancel_job(job, reason), job
            ):
                conclusion = self._in_environment(job, scope)
        except Cancelled:
            conclusion = "cancelled"
        except ActionsError as error:
            job.annotations.append(("error", str(error)))
        except Exception:
            job.annotations.append(("error", f"The embedded runner failed: {traceback.format_exc()}"))
        with self.changed:
            self._complete(job, "cancelled" if job.cancelled else conclusion)

    @contextmanager
    def _in_group(
        self,
        run: Run,
        concurrency: Concurrency | None,
        scope: Scope,
        cancel: Callable[[str], None],
        job: Job | None = None,
    ) -> Iterator[None]:
        """Hold a concurrency group, once it is free. Raises Cancelled where another takes the place meanwhile."""
        if concurrency is None:
            yield
            return
        group, repository = scope.text(concurrency.group), run.repository.id
        cancels = scope.truth(concurrency.cancel_in_progress)
        member = Member(group, cancel)
        with self.changed:
            self._groups.enter(repository, group, member, concurrency.queue, cancels)
            self.changed.notify_all()
        try:
            self._wait(lambda: self._groups.holds(repository, group, member), run, job)
            yield
        finally:
            with self.changed:
                self._groups.leave(repository, group, member)
                self.changed.notify_all()

    def _in_environment(self, job: Job, scope: Scope) -> Conclusion:
        if job.definition.environment is None:
            return self._execute(job, scope)
        name = scope.text(job.definition.environment[0])
        with self._state.lock:
            environment = environments.existing(self._state, job.run.repository, name)
            refusal = environments.refusal(job.run.repository, environment, job.run.event)
            if not refusal:
                deployments.begin(self._state, job, environment)
                deployments.move(self._state, job, "pending" if environment.reviewers else "queued")
        if refusal:
            raise ActionsError(refusal)
        job.environment = environment.name
        self._wait_for_review(job, environment)
        return self._execute(job, scope)

    def _wait_for_review(self, job: Job, environment: Environment) -> None:
        """Raises ActionsError where a reviewer rejects or nobody answers, Cancelled."""
        scale = _MINUTE * self._machine.time_scale
        if environment.wait_timer:
            self._wait(lambda: False, job.run, job, time.monotonic() + environment.wait_timer * scale)
        if not environment.reviewers:
            return
        with self.changed:
            job.status, job.waiting_for = "waiting", environment
            self.changed.notify_all()
        self._wait(lambda: job.review is not None, job.run, job, time.monotonic() + _LONGEST_WAIT * scale)
        with self.changed:
            job.waiting_for = None
        if job.review is None:
            raise ActionsError(f"Nobody reviewed the deployment to {environment.name} within 30 days.")
        if job.review.state == "rejected":
            raise ActionsError(
                f"{job.review.user.login} rejected the deployment to {environment.name}: {job.review.comment}"
            )

    def _execute(self, job: Job, scope: Scope) -> Conclusion:
        with self._state.lock:
            token = tokens.github_token(self._state, job)
        grants = self._grants(job, token)
        execution = Execution(job, scope, grants, self._machine, self._folder)
        minutes = float(scope.text(job.definition.timeout_minutes))
        timer = threading.Timer(_MINUTE * minutes, self._time_out, (job, minutes))
        timer.daemon = True
        with self.changed:
            if job.cancelled or self._closed:
                raise Cancelled
            job.status, job.started_at = "in_progress", now()
            self._executions[job.id] = execution
            deployments.move(self._state, job, "in_progress")
            self.changed.notify_all()
        timer.start()
        try:
            return execution.run()
        finally:
            timer.cancel()
            with self.changed:
                del self._executions[job.id]
            with self._state.lock:
                token.revoked = True
            self._issuer.withdraw(grants.oidc_variables)

    def _grants(self, job: Job, token: Token) -> Grants:
        def oidc_token(audience: str) -> str | None:
            with self._state.lock:
                claims = tokens.claims(self._state, job, audience)
            return None if claims is None else self._issuer.token(claims)

        def new_id() -> int:
            with self._state.lock:
                return self._state.new_id()

        trusted = job.run.event.trusted
        secrets = dict(job.run.repository.secrets) if trusted else {}
        offered = self._issuer.offer(oidc_token) if tokens.signs_in(job) else {}
        return Grants(
            token.value,
            secrets,
            oidc_token,
            offered,
            lambda name: f"{self._state.urls.git}/{name}.git",
            new_id,
        )

    def _time_out(self, job: Job, minutes: float) -> None:
        with self.changed:
            self._cancel_job(job, f"The job has exceeded the maximum execution time of {minutes:g} minutes.")

    def _cancel_job(self, job: Job, reason: str) -> None:
        """`changed` is held."""
        job.cancelled = True
        job.annotations.append(("error", reason))
        if job.id in self._executions:
            self._executions[job.id].stop()
        self.changed.notify_all()

    def _complete(self, job: Job, conclusion: Conclusion) -> None:
        """`changed` is held."""
        job.status, job.conclusion, job.completed_at = "completed", conclusion, now()
        deployments.end(self._state, job)
        self._check(job)
        self.changed.notify_all()

    def _check(self, job: Job) -> None:
        """The commit's check of the job's name: what a protected branch may require."""
        event = job.run.event
        checks = self._state.checks.setdefault((event.repository.id, event.commit), {})
        checks[job.name] = job.conclusion or job.status

    def _wait(self, ready: Callable[[], bool], run: Run, job: Job | None, until: float | None = None) -> None:
        """Until `ready` says so, or until that time of the monotonic clock. Raises Cancelled."""
        with self.changed:
            while not ready() and (until is None or time.monotonic() < until):
                self._check_cancelled(run, job)
                self.changed.wait(None if until is None else max(until - time.monotonic(), 0))
            self._check_cancelled(run, job)

    def _check_cancelled(self, run: Run, job: Job | None) -> None:
        if self._closed or (run.cancelled if job is None else job.cancelled):
            raise Cancelled

    def _thread(self, target: Callable[..., None], *arguments: object, name: str) -> None:
        thread = threading.Thread(target=target, args=arguments, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()


def _ancestors(job: Job) -> set[str]:
    """All that a job needs, and what they need."""
    found: set[str] = set()
    waiting = list(job.definition.needs)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += job.run.jobs[name].definition.needs
    return found
