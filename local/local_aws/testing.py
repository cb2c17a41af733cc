"""A pytest plugin: `pytest_plugins = ["local_aws.testing"]` gives tests an embedded AWS.

`local_server` is one server for the whole session; `aws` is a project of its own on it for each test. `ServerProcess` is a
server in a process of its own, whose waits are as short as a test needs. In GitHub Actions the outcome is appended to the
job's summary, so that it can be read where nothing else is reported.

The server's modules are imported by the first test that needs a server: they take seconds, which other tests need not wait for.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from local_aws.kernel.account import Clients
    from local_aws.project import Project
    from local_aws.server import Server

_OF_A_WORKFLOW = (
    "AWS_REGION",
    "SAGEMAKER_PROJECT_NAME",
    "SAGEMAKER_PROJECT_ID",
    "ARTIFACT_BUCKET",
    "MODEL_PACKAGE_GROUP_NAME",
    "KMS_KEY_ARN",
    "PIPELINE_ROLE_ARN",
    "PULL_REQUEST_ROLE_ARN",
    "TRIAL_ROLE_ARN",
    "PULL_REQUEST_TRIAL_ROLE_ARN",
    "RECIPE",
    "TRAINING_DATA",
    "PULL_REQUEST_NUMBER",
    "ENDPOINT_ROLE_ARN",
    "DEPLOY_SERVICE_ROLE_ARN",
    "PERMISSIONS_BOUNDARY_ARN",
    "MODEL_PACKAGE_ARN",
    "STAGE",
)
"""The variables of the project whose workflow runs the tests."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Aws:
    """A project on the embedded AWS, with a name that no other test uses. What it has is made when it is first asked for."""

    server: Server
    name: str

    @cached_property
    def project(self) -> Project:
        """The whole project: ten requests, of which most tests need three."""
        from local_aws import project

        return project.prepare(self._clients, self.name)

    @cached_property
    def bucket(self) -> str:
        """The project's artifact bucket."""
        from local_aws import project

        return project.bucket(self._clients, self.name)

    @cached_property
    def role_arn(self) -> str:
        """The ARN of the role that jobs run as."""
        from local_aws import project

        return project.pipeline_role(self._clients, self.name)

    @cached_property
    def group(self) -> str:
        """The project's model package group."""
        from local_aws import project

        return project.group(self._clients, self.name)

    @property
    def region(self) -> str:
        """The region of the embedded account."""
        return self.server.account.region

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a command that works in this project."""
        from local_aws.kernel import environment

        return environment.for_command(os.environ, self.server.account.clients, self.project.variables())

    def client(self, service: str) -> Any:
        """A boto3 client of the embedded AWS."""
        return self.server.client(service)

    @property
    def _clients(self) -> Clients:
        return self.server.account.clients


class Interruption:
    """Kills a process when the embedded AWS has got so many calls since the process started.

    A number of calls is the same moment on a fast and on a slow machine, which a number of seconds is not. The calls of
    functions and jobs that the process started count, too. `killed` is how many processes were killed before their end.
    """

    def __init__(self, server: Server) -> None:
        self._calls = server.account.calls
        self.killed = 0

    def count(self, process: BaseProcess) -> int:
        """Start the process, wait for its end, and return how many calls there were meanwhile."""
        began = len(self._calls)
        process.start()
        process.join()
        return len(self._calls) - began

    def kill(self, process: BaseProcess, after: int) -> None:
        """Start the process and kill it with SIGKILL after so many calls, if it has not ended before."""
        until = len(self._calls) + after
        process.start()
        while process.is_alive() and len(self._calls) < until:
            time.sleep(0.001)
        self.killed += process.is_alive()
        process.kill()
        process.join()


class Control:
    """The faults that a test can inject into a server in another process."""

    def __init__(self, server: Server) -> None:
        self._faults = server.account.faults

    def set_fault(self, name: str, value: str) -> None:
        """Set the attribute `name` of `local_aws.kernel.faults.Faults`."""
        setattr(self._faults, name, value)

    def fail(self, service: str, operation: str, code: str) -> None:
        """Answer every call of `operation` with the error `code`."""
        self._faults.responses.fail(service, operation, code=code)

    def clear_failures(self) -> None:
        """Answer all calls again."""
        self._faults.responses.clear()


class ServerProcess:
    """An embedded AWS in a process of its own, because the scale of waits applies to a whole process.

    `folder` is the folder of its temporary files. A wait of a second takes `time_scale` seconds. With `enforce`, IAM
    policies are enforced for every role. `control` is `module:name` of a function that is called with the Server in that
    process; `ask` calls the methods of the object that it returns. `process` is the running process.
    """

    def __init__(
        self, folder: Path, time_scale: float, *, enforce: bool = False, control: str = f"{__name__}:Control"
    ) -> None:
        from local_aws.kernel.account import REGION, Clients
        from local_aws.kernel.signing.keys import AccessKey, Keys

        call = f"from {__name__} import _serve; _serve({control!r}, {enforce!r})"
        self.process = subprocess.Popen(
            [sys.executable, "-c", call],
            env={
                **os.environ,
                "LOCAL_AWS_TIME_SCALE": str(time_scale),
                "TMPDIR": str(folder),
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.log: list[str] = []
        self._reader = threading.Thread(target=self.log.extend, args=(self.process.stderr,), daemon=True)
        self._reader.start()
        start = self._answer()
        self.url: str = start["url"]
        self.clients = Clients(self.url, REGION, Keys(AccessKey(*start["key"])))
        """The administrator's clients."""

    def ask(self, method: str, /, **arguments: Any) -> Any:
        """Call a method of the control in the server's process. Arguments and result are JSON data."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([method, arguments]) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def make_project(self, name: str) -> Project:
        """A project of that name on the server: its bucket, roles and model package group."""
        from local_aws import project

        return project.prepare(self.clients, name)

    def environment(self, base: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
        """`base` with AWS replaced by this server, and `variables`: see `local_aws.kernel.environment.for_command`."""
        from local_aws.kernel import environment

        return environment.for_command(base, self.clients, variables)

    def stop(self) -> None:
        """Stop the server, and wait for its process to end."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self._reader.join(timeout=60)
        self.process.stdout.close()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError(f"The server process ended. Its log:\n{''.join(self.log)}")
        return json.loads(line)


def _serve(control: str, enforce: bool) -> None:
    """Serve until stdin ends or SIGTERM: each line of JSON, [name, {arguments}], calls a method; a line answers it."""
    from local_aws.kernel.termination import awaited
    from local_aws.server import Server

    module, _, name = control.partition(":")
    make_control = getattr(importlib.import_module(module), name)
    with awaited(signal.SIGTERM) as termination, Server(0, enforce=enforce) as server:
        desk = make_control(server)
        key = server.account.clients.keys.administrator
        _print_line({"url": server.endpoint_url, "key": [key.id, key.secret]})
        while not termination.comes_before(sys.stdin) and (line := sys.stdin.readline()):
            method, arguments = json.loads(line)
            _print_line(getattr(desk, method)(**arguments))


def _print_line(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


@pytest.fixture(scope="session", autouse=True)
def _project_of_the_workflow_is_unseen() -> Iterator[None]:
    """Commands under test work in projects of the tests, wherever these run."""
    with pytest.MonkeyPatch.context() as patched:
        for name in _OF_A_WORKFLOW:
            patched.delenv(name, raising=False)
        yield


@pytest.fixture
def any_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server answers whatever its host is called, for a test that puts something between it and its clients."""
    from local_aws.kernel.http.guard import Admitted, Guard

    monkeypatch.setattr(Guard, "admit", lambda guard, environ: Admitted())


@pytest.fixture(scope="session")
def local_server() -> Iterator[Server]:
    """An embedded AWS that serves all tests of the session."""
    from local_aws.server import Server

    with Server() as server:
        yield server


@pytest.fixture
def aws(local_server: Server) -> Aws:
    """A project of its own in the embedded AWS."""
    return Aws(local_server, f"test-{next(_numbers)}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in the summary of the GitHub Actions job what passed on the embedded AWS, and what did not."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        return
    outcomes = {
        name: terminalreporter.stats.get(name, []) for name in ("passed", "failed", "error", "skipped")
    }
    counted = ", ".join(f"{len(reports)} {name}" for name, reports in outcomes.items() if reports)
    failures = [report.nodeid for report in (*outcomes["failed"], *outcomes["error"])]
    lines = [
        f"## Tests on the embedded AWS: {counted or 'none ran'}",
        "",
        *(f"    {name}" for name in failures),
    ]
    with Path(summary).open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
