"""A pytest plugin: `pytest_plugins = ["local_aws.testing"]` gives tests an embedded AWS.

`local_server` is one server for the whole session; `aws` is a project of its own on it for each test. In GitHub Actions
the outcome is appended to the job's summary, so that it can be read where nothing else is reported.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_aws import project
from local_aws.kernel import environment
from local_aws.server import Server

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Aws:
    """A project on the embedded AWS, with names that no other test uses."""

    server: Server
    project: project.Project

    @property
    def bucket(self) -> str:
        return self.project.bucket

    @property
    def role_arn(self) -> str:
        return self.project.pipeline_role_arn

    @property
    def group(self) -> str:
        return self.project.model_package_group

    @property
    def region(self) -> str:
        return self.server.account.region

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a command that works in this project."""
        return environment.for_command(os.environ, self.server.account.clients, self.project.variables())

    def client(self, service: str) -> Any:
        return self.server.client(service)


@pytest.fixture(scope="session")
def local_server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def aws(local_server: Server) -> Aws:
    return Aws(local_server, project.prepare(local_server.account.clients, f"test-{next(_numbers)}"))


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
