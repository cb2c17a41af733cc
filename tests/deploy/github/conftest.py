"""GitHub's REST API as the commands on runs and issues meet it: canned listings, and what was changed in it."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
from email.message import Message
from typing import Any
from urllib.response import addinfourl

import pytest
from typer.testing import CliRunner

from model_common import rest
from model_deploy.cli import app
from model_deploy.core.workflow_run import OwnRun
from model_deploy.github import GitHub

URL = "https://api.example.com"
HOME = f"{URL}/repos/o/shop"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models"
VARIABLES = {
    "GITHUB_API_URL": URL,
    "GITHUB_REPOSITORY": "o/shop",
    "GITHUB_TOKEN": "secret",
    "GITHUB_RUN_ID": "900",
    "GITHUB_RUN_NUMBER": "9",
    "GITHUB_WORKFLOW_REF": "o/shop/.github/workflows/deploy.yml@refs/heads/main",
    "GITHUB_SERVER_URL": "https://github.example.com",
    "MODEL_PACKAGE_ARN": f"{ARN}/7",
}


class Api:
    """Answers a GET of `listings` by its path with a page or with several, and keeps every other request in `changes`.

    `refusals` maps a method and a path to an HTTP status; `created` is what a POST of an issue answers.
    """

    def __init__(self) -> None:
        self.listings: dict[str, list[Any]] = {}
        self.refusals: dict[tuple[str, str], int] = {}
        self.changes: list[tuple[str, str, Any]] = []
        self.asked: list[str] = []

    def lists(self, path: str, *pages: Any) -> None:
        """State the pages of a listing below the repository."""
        self.listings[path] = list(pages)

    def open(self, request: urllib.request.Request, timeout: float) -> addinfourl:
        """Answer as urllib's opener does."""
        assert request.get_header("Authorization") == "Bearer secret"
        method, path = request.get_method(), request.full_url.removeprefix(HOME)
        body = json.loads(request.data) if isinstance(request.data, bytes) else None
        self.asked.append(f"{method} {path}")
        headers = Message()
        status = self.refusals.get((method, path))
        if status is not None:
            refusal = io.BytesIO(b'{"message": "It said so."}')
            raise urllib.error.HTTPError(request.full_url, status, "no", headers, refusal)
        if method != "GET":
            self.changes.append((method, path, body))
            said = {"number": 12, "html_url": "https://github.example.com/12"} | (body or {})
            return _answer(said, headers, request.full_url)
        path, _, number = path.partition("#")
        page, pages = int(number or 0), self.listings[path]
        if page + 1 < len(pages):
            headers["Link"] = f'<{HOME}{path}#{page + 1}>; rel="next", <{HOME}{path}#9>; rel="last"'
        return _answer(pages[page], headers, request.full_url)


def _answer(document: Any, headers: Message, url: str) -> addinfourl:
    return addinfourl(io.BytesIO(json.dumps(document).encode()), headers, url, 200)


@pytest.fixture
def api(monkeypatch) -> Api:
    """GitHub, which every client of this test talks to."""
    made = Api()
    monkeypatch.setattr(rest, "opener", lambda: made)
    return made


@pytest.fixture
def github(api) -> GitHub:
    """A client of that GitHub, which never waits."""
    return GitHub.connect(VARIABLES)


@pytest.fixture
def own() -> OwnRun:
    """The run that the commands belong to: number 9."""
    return OwnRun.load(VARIABLES)


@pytest.fixture
def run(api):
    """A function that runs a command with the variables of run 9, or others; `None` leaves one out."""

    def run(*arguments: str, **variables: str | None) -> Any:
        return CliRunner().invoke(app, arguments, env=VARIABLES | {"GITHUB_ACTIONS": None} | variables)

    return run


@pytest.fixture
def arn() -> str:
    """The package of run 9: version 7."""
    return f"{ARN}/7"
