"""A client of GitHub's REST API for comments on a pull request, and for what a commit merged. Standard library only.

https://docs.github.com/rest/issues/comments: a pull request is an issue, and its comments are an issue's.
"""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from model_build.errors import GitHubError, SettingsError
from model_common import rest

VERSION = "2022-11-28"
_ATTEMPTS = 5
_PATIENCE = 120.0  # seconds; a longer Retry-After ends in an error
_TIMEOUT = 30.0
_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


@dataclass(frozen=True)
class Comment:
    """A comment; `trusted` says that a bot or a member of the repository wrote it."""

    id: int
    body: str
    url: str
    trusted: bool


@dataclass(frozen=True)
class Merged:
    """A merged pull request, and the login of its author."""

    number: int
    author: str


class GitHub:
    """One repository at one API address. `sleep` takes seconds."""

    def __init__(
        self, api_url: str, repository: str, token: str, sleep: Callable[[float], None] = time.sleep
    ):
        self._api_url, self._repository, self._token = api_url.rstrip("/"), repository, token
        self._sleep = sleep
        self._opener = rest.opener()

    @classmethod
    def connect(cls, environment: Mapping[str, str]) -> GitHub:
        """The repository of a GitHub Actions step: GITHUB_API_URL, GITHUB_REPOSITORY and GITHUB_TOKEN.

        Raises SettingsError naming what is missing or malformed.
        """
        names = ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN")
        missing = [name for name in names if not environment.get(name, "").strip()]
        if missing:
            raise SettingsError(
                f"Not set: {', '.join(missing)}. GitHub Actions sets the first two; GITHUB_TOKEN is given to the step: "
                "env: {GITHUB_TOKEN: ${{ github.token }}}."
            )
        api_url, repository, token = (environment[name].strip() for name in names)
        if not api_url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise SettingsError(f"GITHUB_API_URL is {api_url!r}; expected an https:// address.")
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
            raise SettingsError(f"GITHUB_REPOSITORY is {repository!r}; expected OWNER/NAME.")
        return cls(api_url, repository, token)

    def comments(self, number: int) -> Iterator[Comment]:
        """All comments on the pull request, oldest first. Raises GitHubError."""
        url: str | None = f"{self._issues}/{number}/comments?per_page=100"
        while url:
            answer, headers = self._call("GET", url)
            yield from map(_comment, answer)
            following = _NEXT.search(headers.get("Link", ""))
            url = following[1] if following else None
            if url and not url.startswith(f"{self._api_url}/"):
                raise GitHubError(f"GitHub sent the next page of comments to another address: {url}.")

    def create(self, number: int, body: str) -> Comment:
        """Create a comment with the text `body` on pull request `number`. Raises GitHubError."""
        return _comment(self._call("POST", f"{self._issues}/{number}/comments", {"body": body})[0])

    def edit(self, comment: Comment, body: str) -> Comment:
        """Replace the text of a comment. Raises GitHubError."""
        return _comment(self._call("PATCH", f"{self._issues}/comments/{comment.id}", {"body": body})[0])

    def merged(self, commit: str) -> Merged | None:
        """The pull request whose merging made `commit`; None for a commit of another kind. Raises GitHubError.

        https://docs.github.com/rest/commits/commits#list-pull-requests-associated-with-a-commit
        """
        url = f"{self._api_url}/repos/{self._repository}/commits/{commit}/pulls?per_page=100"
        for found in self._call("GET", url)[0]:
            if found["merged_at"] and found["merge_commit_sha"] == commit:
                return Merged(found["number"], (found["user"] or {}).get("login", ""))
        return None

    @property
    def _issues(self) -> str:
        return f"{self._api_url}/repos/{self._repository}/issues"

    def _call(
        self, method: str, url: str, body: Mapping[str, str] | None = None
    ) -> tuple[Any, Mapping[str, str]]:
        """Send one request, and repeat it while GitHub answers with a temporary error; returns the answer and its headers."""
        for attempt in range(_ATTEMPTS):
            try:
                with self._opener.open(self._request(method, url, body), timeout=_TIMEOUT) as response:
                    return rest.document(response.status, response.read()), response.headers
            except urllib.error.HTTPError as error:
                wait = _wait(error, attempt, repeatable=method != "POST")
                if wait is None or wait > _PATIENCE or attempt == _ATTEMPTS - 1:
                    raise self._refusal(method, url, error) from error
            except (OSError, http.client.HTTPException, rest.NotJsonError) as error:
                # A POST without an answer may have succeeded, and a retry would write a second comment.
                if method == "POST" or attempt == _ATTEMPTS - 1:
                    raise GitHubError(
                        f"The way to {self._api_url} is closed ({method} {url}: {error}). Run the same command again."
                    ) from error
                wait = 2.0**attempt
            self._sleep(wait)
        raise AssertionError("every attempt answers or raises")

    def _request(self, method: str, url: str, body: Mapping[str, str] | None) -> urllib.request.Request:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": "model-build",
            "X-GitHub-Api-Version": VERSION,
        }
        if body is None:
            return urllib.request.Request(url, headers=headers, method=method)
        data = json.dumps(body).encode()
        return urllib.request.Request(
            url, data, headers | {"Content-Type": "application/json"}, method=method
        )

    def _refusal(self, method: str, url: str, error: urllib.error.HTTPError) -> GitHubError:
        advice = {
            401: "GITHUB_TOKEN is not valid, or not any more.",
            403: "The token needs the permission pull-requests: write, or read for what a commit merged; a pull request from a "
            "fork has none to give.",
            404: f"There is no such pull request in {self._repository}, or the token may not see it.",
            410: "Comments are switched off there.",
        }.get(error.code, "Run the same command again later.")
        if _is_limited(error):
            advice = "The rate limit is used up; run the same command again later."
        return GitHubError(
            f"GitHub answered {error.code} to {method} {url} ({_said(error)}). {advice}", error.code
        )


def _wait(error: urllib.error.HTTPError, attempt: int, *, repeatable: bool) -> float | None:
    """The seconds before another attempt, from the server's headers if it sends them; None for no other attempt.

    https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
    """
    if _is_limited(error):
        if (after := error.headers.get("Retry-After", "")).isdecimal():
            return float(after)
        if (reset := error.headers.get("X-RateLimit-Reset", "")).isdecimal():
            return max(1.0, float(reset) - time.time())
        return 60.0
    if error.code in _TRANSIENT and repeatable:
        return 2.0**attempt
    return None


def _is_limited(error: urllib.error.HTTPError) -> bool:
    exhausted = error.headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in error.headers
    return error.code == 429 or (error.code == 403 and exhausted)


def _said(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read()).get("message", error.reason)).rstrip(".")
    except (OSError, ValueError, AttributeError):
        return str(error.reason)


def _comment(answer: Mapping[str, Any]) -> Comment:
    is_bot = (answer.get("user") or {}).get("type") == "Bot"
    is_member = answer.get("author_association") in {"OWNER", "MEMBER", "COLLABORATOR"}
    return Comment(answer["id"], answer.get("body") or "", answer["html_url"], is_bot or is_member)
