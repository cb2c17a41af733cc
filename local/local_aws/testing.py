"""A pytest plugin: `pytest_plugins = ["local_aws.testing"]` gives tests an embedded AWS.

`local_server` is one server for the whole session; `aws` is a project of its own on it for each test.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local_aws import environment, project
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
        return environment.for_command(
            os.environ, self.server.endpoint_url, self.region, self.project.variables()
        )

    def client(self, service: str) -> Any:
        return self.server.client(service)


@pytest.fixture(scope="session")
def local_server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def aws(local_server: Server) -> Aws:
    return Aws(local_server, project.prepare(local_server.account.clients, f"test-{next(_numbers)}"))
