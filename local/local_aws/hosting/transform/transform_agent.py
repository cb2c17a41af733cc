"""The agent of a transform job: sends inputs to a model server, batch by batch, and assembles its answers in order.

    python -m local_aws.hosting.transform.transform_agent /opt/ml

Its standard output is the job's data log, worded as SageMaker's; the model server has a log stream of its own. A line that
is empty is no record: nothing is sent for it, nothing answered. The exit code is 1 where the model server does not start.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import boto3

from local_aws.hosting.errors import InvocationError, LaunchError
from local_aws.hosting.instances.instance import Instance, Launch
from local_aws.hosting.transform import records
from local_aws.kernel.job_log import JobLog

CONFIG = "input/config/transform.json"
INPUT = "input/data"
OUTPUT = "output/data"
FAILURE = "output/failure"
"""The paths below /opt/ml."""

STARTUP_SECONDS = 480.0
PAUSE_SECONDS = 0.2
"""Between an invocation that failed and the next try."""

_MB = 1024 * 1024


@dataclass(frozen=True)
class Task:
    """The settings of a transform job's agent.

    `strategy` is the API's BatchStrategy; `environment` and `server`, its command, the model server's.
    """

    job: str
    log_group: str
    content_type: str
    accept: str
    by_line: bool
    strategy: str
    assemble_by_line: bool
    payload_mb: int
    concurrency: int
    timeout_seconds: float
    retries: int
    environment: Mapping[str, str]
    server: Sequence[str]
    input_filter: str = records.WHOLE
    output_filter: str = records.WHOLE
    join: bool = False

    @property
    def looks_out(self) -> bool:
        """Whether the answers are taken apart, rather than written as they come."""
        return self.join or self.output_filter != records.WHOLE

    @property
    def payload_bytes(self) -> int:
        """The largest body of one request, in bytes."""
        return self.payload_mb * _MB

    @property
    def headers(self) -> dict[str, str]:
        """The headers of each request."""
        return {"Content-Type": self.content_type, "Accept": self.accept}

    @property
    def separator(self) -> bytes:
        """The bytes after each answer in the output."""
        return b"\n" if self.assemble_by_line else b""


class InputError(Exception):
    """An input gets no answers. `kind` begins the job's FailureReason, `message` is the container's."""

    def __init__(self, kind: str, what: str, message: str = "") -> None:
        super().__init__(what)
        self.kind = kind
        self.what = what
        self.message = message

    def reason(self, name: str) -> str:
        """The FailureReason: SageMaker's words, and what its log would say about the input `name`."""
        said = f" Message: {self.message}" if self.message else ""
        return f"{self.kind}: See job logs for more information. {name}: {self.what}.{said}"


@dataclass(frozen=True)
class Batch:
    """The body of one invocation, and the records that it was made of, as they stand in the input."""

    body: bytes
    records: tuple[bytes, ...]


def batches(path: Path, task: Task) -> Iterator[Batch]:
    """The invocations for one input.

    Raises InputError for one that is too large, and for what a filter does not fit.
    """
    if not task.by_line:
        if path.stat().st_size > task.payload_bytes:
            raise _too_large(task)
        if record := path.read_bytes():
            yield Batch(_filtered_input(record, task), (record,))
        return
    batch: list[bytes] = []
    bodies: list[bytes] = []
    size = 0
    with path.open("rb") as lines:
        for line in filter(bytes.strip, lines):
            body = _filtered_input(line, task)
            if len(body) > task.payload_bytes:
                raise _too_large(task)
            if batch and (task.strategy == "SingleRecord" or size + len(body) > task.payload_bytes):
                yield Batch(b"".join(bodies), tuple(batch))
                batch, bodies, size = [], [], 0
            batch.append(line)
            bodies.append(body)
            size += len(body)
    if batch:
        yield Batch(b"".join(bodies), tuple(batch))


def _filtered_input(record: bytes, task: Task) -> bytes:
    """The part of a record that the model gets."""
    if task.input_filter == records.WHOLE:
        return record
    kind = str(records.format_of(task.content_type))
    try:
        value = records.Filter.parse(task.input_filter).apply(records.parsed(record, kind))
    except records.FilterError as error:
        raise InputError("ClientError", "Unable to apply the input filter", str(error)) from error
    return records.written(value, kind) + (b"\n" if record.endswith(b"\n") else b"")


def _output_of(batch: Batch, answer: bytes, task: Task) -> bytes:
    """The output of an answer: its records, joined with their inputs, and filtered."""
    if not task.looks_out:
        return answer
    kind = str(records.format_of(task.accept))
    keep = records.Filter.parse(task.output_filter)
    written = []
    try:
        for record, said in zip(batch.records, records.split(answer, len(batch.records)), strict=True):
            value = records.parsed(said, kind)
            if task.join:
                value = records.joined(records.parsed(record, kind), value, kind)
            written.append(records.written(keep.apply(value), kind))
    except records.FilterError as error:
        raise InputError("ClientError", "Unable to process the output", str(error)) from error
    return b"\n".join(written)


class Agent:
    """Transforms inputs by one model server, `task.concurrency` invocations at once."""

    def __init__(self, task: Task, instance: Instance) -> None:
        self._task = task
        self._instance = instance
        self._pool = ThreadPoolExecutor(task.concurrency)

    def transform(self, source: Path, target: Path) -> None:
        """Write the answers for one input. Raises InputError, which leaves no target, and LaunchError."""
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with target.open("wb") as output:
                for answer in self._answers(batches(source, self._task)):
                    output.write(answer + self._task.separator)
        except InputError:
            target.unlink()
            raise

    def close(self) -> None:
        """Drop the requests that were not started."""
        self._pool.shutdown(cancel_futures=True)

    def _answers(self, found: Iterator[Batch]) -> Iterator[bytes]:
        """The answers in the order of the batches, of which no more are read than are on their way."""
        waiting: deque[Future[bytes]] = deque()
        try:
            for batch in found:
                waiting.append(self._pool.submit(self._answer, batch))
                if len(waiting) >= self._task.concurrency:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def _answer(self, batch: Batch) -> bytes:
        return _output_of(batch, self._invoke_with_retries(batch.body), self._task)

    def _invoke_with_retries(self, body: bytes) -> bytes:
        for _ in range(self._task.retries):
            try:
                return self._invoke(body)
            except InputError as error:
                if error.kind == "ClientError":
                    raise
            # A model server that has just died is ready again a moment later.
            time.sleep(PAUSE_SECONDS)
        return self._invoke(body)

    def _invoke(self, body: bytes) -> bytes:
        self._instance.wait_ready()
        try:
            answer = self._instance.invoke(body, self._task.headers, self._task.timeout_seconds)
        except InvocationError as error:
            raise InputError("AlgorithmError", "Unable to get response from algorithm", str(error)) from error
        if answer.status < 300:
            return answer.body
        message = answer.body.decode("utf-8", "replace")
        if 400 <= answer.status < 500:
            raise InputError("ClientError", f"ClientError: {answer.status}", message)
        raise InputError(
            "AlgorithmError", f"Bad HTTP status received from algorithm: {answer.status}", message
        )


def run(root: Path, task: Task, instance: Instance) -> None:
    """Transform all inputs below `root`; the first failure of one is noted in its FAILURE. Raises LaunchError."""
    instance.wait_ready()
    strategy = "SINGLE_RECORD" if task.strategy == "SingleRecord" else "MULTI_RECORD"
    _log(
        f"MaxConcurrentTransforms={task.concurrency}, MaxPayloadInMB={task.payload_mb}, BatchStrategy={strategy}"
    )
    agent, failure = Agent(task, instance), root / FAILURE
    try:
        for source in sorted(path for path in (root / INPUT).rglob("*") if path.is_file()):
            name = source.relative_to(root / INPUT).as_posix()
            try:
                agent.transform(source, root / OUTPUT / f"{name}.out")
            except InputError as error:
                _log_failure(name, error)
                if not failure.exists():
                    failure.write_text(error.reason(name), encoding="utf-8")
    finally:
        agent.close()


def _too_large(task: Task) -> InputError:
    return InputError(
        "ClientError", "Too much data for max payload size", f"MaxPayloadInMB is {task.payload_mb}"
    )


def _log_failure(name: str, error: InputError) -> None:
    _log(f"{name}: {error.what}")
    if error.message:
        _log(f"{name}: Message:")
        for line in error.message.splitlines():
            _log(f"{name}: {line}")


def _log(words: str) -> None:
    moment = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    print(f"{moment}:[sagemaker logs]: {words}")


def main(root: Path) -> int:
    """Start the model server of /opt/ml/model, and run the task; returns the exit code."""
    task = Task(**json.loads((root / CONFIG).read_text(encoding="utf-8")))
    stream = f"{task.job}/model-server"
    instance = Instance(
        "algo-1",
        Launch("AllTraffic", task.server, root / "model", task.environment, STARTUP_SECONDS),
        JobLog(boto3.client("logs"), task.log_group, stream),
    )
    try:
        run(root, task, instance)
    except LaunchError:
        print(f"The primary container did not pass the ping health check; its log stream {stream} tells why.")
        return 1
    finally:
        instance.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
