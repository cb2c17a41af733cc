"""A client of GitHub's REST API, as a step of a workflow uses it. Standard library only.

https://docs.github.com/rest
"""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from model_common import rest
from model_common.errors import GitHubError, SettingsError

VERSION = "2022-11-28"
_ATTEMPTS = 5
_PATIENCE = 120.0  # seconds; a longer Retry-After ends in an error
_TIMEOUT = 30.0
_TRANSIENT = frozenset({500, 502, 503, 504})
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')
_Self = TypeVar("_Self", bound="Client")


class Client:
    """One repository at one API address. `sleep` takes seconds.

    A subclass has a method for each question, the name of its program, and what to do about a status (`advice`).
    """

    agent: ClassVar[str] = "model-common"
    advice: ClassVar[Mapping[int, str]] = {}

    def __init__(
        self, api_url: str, repository: str, token: str, sleep: Callable[[float], None] = time.sleep
    ):
        self._api_url, self._repository, self._token = api_url.rstrip("/"), repository, token
        self._sleep = sleep
        self._opener = rest.opener()

    @classmethod
    def connect(cls: type[_Self], environment: Mapping[str, str]) -> _Self:
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

    @property
    def _home(self) -> str:
        """The address of the repository."""
        return f"{self._api_url}/repos/{self._repository}"

    def _pages(self, url: str, key: str | None = None) -> Iterator[Any]:
        """The items of all pages of a listing; `key` is the member that holds them where a page is no array."""
        following: str | None = url
        while following:
            answer, headers = self._call("GET", following)
            yield from answer if key is None else answer[key]
            found = _NEXT.search(headers.get("Link", ""))
            following = found[1] if found else None
            if following and not following.startswith(f"{self._api_url}/"):
                raise GitHubError(f"GitHub sent the next page of {url} to another address: {following}.")

    def _call(
        self, method: str, url: str, body: Mapping[str, Any] | None = None
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
                        f"{self._api_url} cannot be reached ({method} {url}: {error}). Run the same command again."
                    ) from error
                wait = 2.0**attempt
            self._sleep(wait)
        raise AssertionError("every attempt answers or raises")

    def _request(self, method: str, url: str, body: Mapping[str, Any] | None) -> urllib.request.Request:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": self.agent,
            "X-GitHub-Api-Version": VERSION,
        }
        if body is None:
            return urllib.request.Request(url, headers=headers, method=method)
        data = json.dumps(body).encode()
        return urllib.request.Request(
            url, data, headers | {"Content-Type": "application/json"}, method=method
        )

    def _refusal(self, method: str, url: str, error: urllib.error.HTTPError) -> GitHubError:
        known = {401: "GITHUB_TOKEN is not valid, or not any more.", **self.advice}
        advice = known.get(error.code, "Run the same command again later.")
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
    except (OSError, ValueError, AttributeError, RecursionError):
        return str(error.reason)
