"""GitHub, read only: what doctor asks of it. Requests are sent by a `Transport`, so that tests bring their own."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from model_common import rest
from project_template.errors import GitHubError

API_VERSION = "2022-11-28"
TIMEOUT_SECONDS = 20
ASSERTION_SECONDS = 540
"""The seconds for which an App's assertion is valid; GitHub allows ten minutes at most."""


@dataclass(frozen=True)
class Answer:
    """GitHub's answer: `headers` by their names in lower case, `body` from JSON, None without a body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Transport(Protocol):
    """Sends a GET for a URL with headers, or a POST with a body. Raises GitHubError where there is no answer."""

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes | None = None, /) -> Answer:
        """The answer, whatever its status."""


class GitHub:
    """Reads with one `authorization` (`Bearer ...`), which is never shown."""

    def __init__(self, api_url: str, authorization: str, transport: Transport) -> None:
        self._url = api_url.rstrip("/")
        self._authorization = authorization
        self._transport = transport

    def url(self, path: str) -> str:
        """The address of a path of the API."""
        return f"{self._url}{path}"

    def headers(self) -> dict[str, str]:
        """Those of every request, the credential among them."""
        return {
            "Accept": "application/vnd.github+json",
            "Authorization": self._authorization,
            "User-Agent": "project-template",
            "X-GitHub-Api-Version": API_VERSION,
        }

    def get(self, path: str) -> Answer:
        """The answer, unless it says nothing of what was asked.

        Raises GitHubError for that, and where there is none.
        """
        return self._checked(path, self._transport(self.url(path), self.headers()))

    def reader(self, installation: int) -> GitHub | None:
        """One that reads the repositories of an App's installation, where this one is the App; None where it may not.

        The token that GitHub makes for it reads only, and ends within the hour. Raises GitHubError.
        """
        path = f"/app/installations/{installation}/access_tokens"
        body = json.dumps({"permissions": {"actions": "read", "metadata": "read"}}).encode()
        answer = self._checked(path, self._transport(self.url(path), self.headers(), body))
        if answer.status != 201:
            return None
        return GitHub(self._url, f"Bearer {answer.body['token']}", self._transport)

    def _checked(self, path: str, answer: Answer) -> Answer:
        if answer.status >= 500 or _is_limit(answer):
            raise GitHubError(f"GitHub answers {answer.status} to {self._url}{path}: ask again in a while.")
        return answer


def fetch(url: str, headers: Mapping[str, str], body: bytes | None = None, /) -> Answer:
    """A Transport over the network. Raises GitHubError if GitHub cannot be reached."""
    request = urllib.request.Request(url, body, headers=dict(headers))
    try:
        with rest.opener().open(request, timeout=TIMEOUT_SECONDS) as response:
            answered = rest.document(response.status, response.read())
            return Answer(response.status, answered, _lowered(response.headers))
    except urllib.error.HTTPError as error:
        with error:
            if error.code < 400:
                place = error.headers.get("Location", "nowhere")
                raise GitHubError(
                    f"{url} redirects to {place}, which does not get the credentials. Check the --github-url that was "
                    "published."
                ) from error
            return _answer(error.code, error.read(), error.headers)
    except rest.NotJsonError as error:
        raise GitHubError(f"What answers {url} is not GitHub: {error}. Check proxies on the way.") from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise GitHubError(f"{url} cannot be reached: {reason}.") from error


def assertion(app_id: str, sign: Callable[[bytes], bytes], now: float | None = None) -> str:
    """An App's own token (a JWT, RS256), signed by `sign`: RSASSA-PKCS1-v1.5 with SHA-256 over what it is given.

    Source: "Generating a JSON Web Token (JWT) for a GitHub App", GitHub's documentation.
    """
    issued = int(now if now is not None else time.time()) - 60  # their clock may be behind
    claims = {"iat": issued, "exp": issued + ASSERTION_SECONDS, "iss": app_id}
    signed = f"{_encoded({'alg': 'RS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    return f"{signed}.{_base64(sign(signed.encode()))}"


def _is_limit(answer: Answer) -> bool:
    """Source: "Rate limits for the REST API", GitHub's documentation."""
    used_up = "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
    return answer.status == 429 or (answer.status == 403 and used_up)


def _answer(status: int, body: bytes, headers: Any) -> Answer:
    try:
        parsed = json.loads(body) if body else None
    except ValueError:
        parsed = None
    return Answer(status, parsed, _lowered(headers))


def _lowered(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _encoded(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
