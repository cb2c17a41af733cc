"""An execution environment: a process that has loaded the handler, with a log stream of its own."""

from __future__ import annotations

import base64
import os
import shutil
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from local_aws.kernel.account import Account
from local_aws.kernel.job_log import JobLog
from local_aws.kernel.limits import maximum
from local_aws.lambda_.errors import ExecutionError, TimedOutError
from local_aws.lambda_.function import Version
from local_aws.lambda_.invocation import bootstrap
from local_aws.lambda_.invocation.process import Process

INIT_SECONDS = 10.0
"""The seconds for loading the handler, beside the function's Timeout."""

TAIL_BYTES = 4096
"""The bytes of an invocation's log in an answer with LogType Tail."""

RESPONSE_BYTES = maximum("lambda.response")


@dataclass(frozen=True)
class Outcome:
    """The result of an invocation: JSON, whether it is an error, and the end of the log."""

    payload: bytes
    failed: bool
    tail: bytes

    @property
    def log_result(self) -> str:
        """The end of the log, in base64."""
        return base64.b64encode(self.tail).decode()


class ExecutionEnvironment:
    """Starts at once; the first invocation waits until the handler is loaded. One invocation at a time."""

    def __init__(self, account: Account, version: Version, python: Path) -> None:
        self.version = version
        self.usable = True
        self._lines: list[str] = []
        self._initialised = False
        name = uuid.uuid4().hex
        stream = f"{datetime.now(UTC):%Y/%m/%d}/[{version.number}]{name}"
        logs = account.client_of_role(version.settings["Role"], "logs", version.name)
        self._log = JobLog(logs, version.log_group, stream, account.client("logs"))
        self._folder = account.state / "lambda" / "environments" / name
        self._folder.mkdir(parents=True)
        self._started = time.monotonic()
        # -P: not the folder of the script, which is the embedded Lambda, but the function's own comes first.
        self._process = Process(
            [str(python), "-P", "-s", bootstrap.__file__],
            _variables(account, version, stream, self._folder),
            version.code.folder,
            self._write,
        )

    def invoke(self, request_id: str, arn: str, event: bytes) -> Outcome:
        """Run the handler on an event. `arn` is the function as the caller named it."""
        self._lines = []
        init = ""
        try:
            if not self._initialised:
                failure = self._wait_for_init()
                if failure is not None:
                    return self._report(request_id, failure, failed=True, seconds=0.0, init="")
                init = f"Init Duration: {(time.monotonic() - self._started) * 1000:.2f} ms\t"
        except ExecutionError as error:
            return self._fail(request_id, error, 0.0)
        self._write(f"START RequestId: {request_id} Version: {self.version.number}")
        start = time.monotonic()
        timeout = float(self.version.timeout)
        header = {"request_id": request_id, "arn": arn, "deadline": time.time() + timeout}
        try:
            self._process.send(header, event)
            answer, payload = self._process.receive(timeout, self.version.memory_mb)
        except ExecutionError as error:
            return self._fail(request_id, error, time.monotonic() - start)
        seconds = time.monotonic() - start
        if len(payload) > RESPONSE_BYTES:
            return self._report(request_id, _too_large(len(payload)), failed=True, seconds=seconds, init=init)
        return self._report(request_id, payload, failed=answer["error"], seconds=seconds, init=init)

    def interrupt(self) -> None:
        """End the process while it works: the invocation fails."""
        self._process.kill()

    def close(self) -> None:
        """End the process, and send the rest of its log."""
        self.usable = False
        self._process.close()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait_for_init(self) -> bytes | None:
        """Wait until the handler is loaded; returns the error where it cannot be."""
        limit = INIT_SECONDS + self.version.timeout
        answer, payload = self._process.receive(limit, self.version.memory_mb)
        self._initialised = True
        if answer["ready"]:
            return None
        self.usable = False
        return payload

    def _fail(self, request_id: str, error: ExecutionError, seconds: float) -> Outcome:
        self.usable = False
        payload = error.payload(request_id)
        if isinstance(error, TimedOutError):
            self._write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ} {request_id} {error}")
        else:
            self._write(f"RequestId: {request_id} Error: {error}")
        return self._report(request_id, payload, failed=True, seconds=seconds, init="")

    def _report(self, request_id: str, payload: bytes, *, failed: bool, seconds: float, init: str) -> Outcome:
        milliseconds = seconds * 1000
        used = self._process.peak_mb()
        self._write(f"END RequestId: {request_id}")
        self._write(
            f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
            f"Billed Duration: {-(-milliseconds // 1):.0f} ms\tMemory Size: {self.version.memory_mb} MB\t"
            f"Max Memory Used: {used or 0} MB\t{init}"
        )
        tail = "".join(f"{line}\n" for line in self._lines).encode()
        return Outcome(payload, failed, tail[-TAIL_BYTES:])

    def _write(self, line: str) -> None:
        self._lines.append(line)
        self._log.write(line)


def _too_large(size: int) -> bytes:
    message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes): {size}"
    return f'{{"errorMessage": "{message}", "errorType": "Function.ResponseSizeTooLarge"}}'.encode()


def _variables(account: Account, version: Version, stream: str, folder: Path) -> Mapping[str, str]:
    """The whole environment of the process: nothing of the server's own is in it."""
    return {
        **version.variables,
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        # Neither this machine's ~/.aws nor its temporary files.
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "_HANDLER": str(version.settings["Handler"]),
        "LAMBDA_TASK_ROOT": str(version.code.folder),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{version.settings['Runtime']}",
        "AWS_LAMBDA_FUNCTION_NAME": version.name,
        "AWS_LAMBDA_FUNCTION_VERSION": version.number,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(version.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": version.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_REGION": account.region,
        "AWS_DEFAULT_REGION": account.region,
        **account.credentials_of(version.settings["Role"], version.name),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": account.endpoint_url,
    }
