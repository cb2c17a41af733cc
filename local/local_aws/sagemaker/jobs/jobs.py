"""The common part of jobs: a thread each, a record that it updates, and the list of jobs.

A job's thread makes the container ready, runs its process, and uploads what it leaves:

    InProgress (Starting, Downloading, Training, Uploading) -> Completed | Failed | Stopped

The words in brackets are secondary statuses, which only training jobs show. The status changes as soon as the uploads
are done and the log is complete, so whoever sees a job ended finds everything in its place.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Generic, TypeVar

from local_aws.containers.container import Container, Host
from local_aws.containers.errors import JobError, UnsupportedError, shortened
from local_aws.containers.interpreter import Interpreters
from local_aws.containers.sandbox import Command, Process, literal_paths
from local_aws.kernel.account import Account
from local_aws.kernel.job_log import JobLog
from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker import arns
from local_aws.sagemaker.tags import Tags

log = logging.getLogger(__name__)

STOP_GRACE_SECONDS = 120
"""The seconds between SIGTERM and SIGKILL of a stopped job. LOCAL_AWS_TIME_SCALE shrinks it."""


class Stop(Enum):
    """Why a job is stopped before its own end."""

    REQUESTED = "Stopped"
    OVERRUN = "MaxRuntimeExceeded"
    CLOSING = "the server closes"


@dataclass(frozen=True)
class Phase:
    """A secondary status, and since when."""

    status: str
    start: datetime


@dataclass(frozen=True)
class Record:
    """The state of a job at one moment."""

    created: datetime
    modified: datetime
    phases: tuple[Phase, ...]
    status: str = "InProgress"
    ended: datetime | None = None
    failure_reason: str | None = None
    exit_message: str | None = None

    @property
    def started(self) -> datetime | None:
        """When the download of the inputs began: the start of what is billed."""
        return self.phases[1].start if len(self.phases) > 1 else None


C = TypeVar("C", bound=Container)


class Job(Generic[C]):
    """One job. `record` may be read at any time: it is replaced, never changed."""

    def __init__(self, name: str, arn: str, container: C) -> None:
        now = datetime.now(UTC)
        self.name = name
        self.arn = arn
        self.container = container
        self.record = Record(created=now, modified=now, phases=(Phase("Starting", now),))
        self._why_stopped: Stop | None = None
        self._process: Process | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_process": None}

    @property
    def request(self) -> Mapping[str, Any]:
        """The request that created the job."""
        return self.container.request

    def start(self) -> None:
        """Start the job's thread."""
        self._thread.start()

    def stop(self) -> bool:
        """Ask the job to end. Returns whether there was anything left to stop."""
        with self._lock:
            if self.record.ended is not None:
                return False
            if self.record.status == "Stopping":
                return True
            self._enter("Stopping", datetime.now(UTC), status="Stopping")
        self._interrupt(Stop.REQUESTED)
        return True

    def close(self) -> None:
        """Kill what runs and wait for the thread to notice."""
        with self._lock:
            self._why_stopped = Stop.CLOSING
            process = self._process
        if process is not None:
            process.kill()
        self._thread.join(timeout=10)

    def _interrupt(self, why: Stop) -> None:
        with self._lock:
            self._why_stopped = self._why_stopped or why
            process = self._process
        if process is not None:
            process.stop(STOP_GRACE_SECONDS * self.container.host.account.time_scale)

    def _run(self) -> None:
        try:
            self._work()
        except JobError as error:
            self._finish("Failed", "Failed", str(error))
        except Exception as error:
            log.exception("%s failed for a reason of the embedded AWS's own", self.arn)
            reason = f"InternalServerError: {type(error).__name__}: {error}"
            self._finish("Failed", "Failed", shortened(reason))
        finally:
            shutil.rmtree(self.container.folder, ignore_errors=True)

    def _work(self) -> None:
        self._advance("Downloading")
        self.container.pull_image()
        command = self.container.prepare()
        if self._why_stopped is None:
            self._advance("Training")
            self._execute(command)
        match self._why_stopped:
            case None:
                self._publish()
                self._finish("Completed", "Completed")
            case Stop.CLOSING:
                self._finish("Stopped", "Stopped")
            case why:
                if why is Stop.OVERRUN and (failure := self.container.overrun()):
                    raise failure
                if self.container.keeps_results_when_stopped:
                    self._publish()
                self._finish("Stopped", why.value)

    def _execute(self, command: Command) -> None:
        """Run the command to its end. Raises AlgorithmError when it fails by itself."""
        container = self.container
        stream = f"{self.name}/algo-1-{int(time.time())}"
        logs = container.host.account.client_of_role(container.role_arn, "logs")
        job_log = JobLog(logs, container.log_group, stream, container.host.account.client("logs"))

        def on_line(line: str) -> None:
            job_log.write(line)
            container.observe(line)

        limit = threading.Timer(container.max_runtime_seconds, self._interrupt, [Stop.OVERRUN])
        limit.daemon = True
        try:
            with self._lock:
                if self._why_stopped is not None:
                    return
                process = self._process = Process(command, container.ml, on_line)
            limit.start()
            exit_code = process.wait()
            if exit_code and self._why_stopped is None:
                raise container.failure(exit_code, job_log.end())
        finally:
            limit.cancel()
            job_log.close()

    def _publish(self) -> None:
        self._advance("Uploading")
        self.container.publish()

    def _finish(self, status: str, phase: str, failure_reason: str | None = None) -> None:
        exit_message = self.container.exit_message() or None
        with self._lock:
            ended = datetime.now(UTC)
            self._enter(
                phase,
                ended,
                status=status,
                ended=ended,
                failure_reason=failure_reason,
                exit_message=exit_message,
            )

    def _advance(self, phase: str) -> None:
        with self._lock:
            self._enter(phase, datetime.now(UTC))

    def _enter(self, phase: str, moment: datetime, **changes: Any) -> None:
        phases = (*self.record.phases, Phase(phase, moment))
        self.record = replace(self.record, modified=moment, phases=phases, **changes)


class JobStore(Generic[C]):
    """The jobs of one kind, by name. `kind` is as in their ARNs: "processing-job"."""

    def __init__(self, account: Account, tags: Tags, kind: str, container: type[C]) -> None:
        self._account = account
        self._tags = tags
        self._kind = kind
        self._container = container
        self._state = Path(tempfile.mkdtemp(prefix=f"{kind}s-", dir=account.state))
        self._host = Host(account, Interpreters(self._state), literal_paths())
        self._jobs: dict[str, Job[C]] = {}
        self._lock = threading.Lock()

    def start(self, name: str, request: Mapping[str, Any]) -> Job[C]:
        """Start a job. Raises ServiceError for a name that is taken, and for what is not embedded."""
        self._refuse_unsupported(lambda: self._container.check(request))
        arn = arns.make(self._account, self._kind, name)
        with self._lock:
            if name in self._jobs:
                raise ServiceError(
                    "ResourceInUse",
                    f"{self._kind_in_words.capitalize()} names must be unique within an AWS account and region, and a "
                    f"{self._kind_in_words} with this name already exists ({arn})",
                )
            job = self._jobs[name] = Job(
                name, arn, self._container(self._host, request, arn, self._folder(name))
            )
            self._tags.put(arn, request.get("Tags", ()))
            job.start()
        return job

    def find(self, name: str) -> Job[C]:
        """Raises ServiceError where there is no such job."""
        with self._lock:
            job = self._jobs.get(name)
        if job is None:
            raise ServiceError(
                "ValidationException",
                f"Requested resource not found: there is no {self._kind_in_words} named {name}.",
            )
        return job

    def stop(self, name: str) -> None:
        """Raises ServiceError where there is no such job, or it has ended."""
        job = self.find(name)
        if not job.stop():
            raise ServiceError(
                "ValidationException",
                f"The request was rejected because the {self._kind_in_words} {name} is in status {job.record.status}.",
            )

    def all(self) -> list[Job[C]]:
        """Every job, the oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def close(self) -> None:
        """Stop all jobs."""
        for job in self.all():
            job.close()

    @property
    def _kind_in_words(self) -> str:
        return self._kind.replace("-", " ")

    def _folder(self, name: str) -> Path:
        return self._state / "jobs" / name

    def _refuse_unsupported(self, check: Callable[[], None]) -> None:
        try:
            check()
        except UnsupportedError as error:
            raise ServiceError("ValidationException", str(error)) from error


def without_none(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer's members that have a value: the API leaves the others out."""
    return {name: value for name, value in answer.items() if value is not None}
