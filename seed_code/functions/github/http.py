"""One HTTP exchange with GitHub, over a connection that is kept for the next one."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from github.secret import Secret

API_VERSION = "2022-11-28"
USER_AGENT = "sagemaker-project-template"


@dataclass(frozen=True)
class Request:
    """A call. `path` begins with "/" and is below the API's base URL; `body` is sent as JSON, None as no body."""

    method: str
    path: str
    body: Any = None
    credential: Secret | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The call as messages name it: without its query."""
        return f"{self.method} {self.path.partition('?')[0]}"


@dataclass(frozen=True)
class Response:
    """An answer. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, or None where there is none or it is not JSON."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return None

    @property
    def reason(self) -> str:
        """GitHub's own reason: its `message`, and that of each of its `errors`."""
        answer = self.json()
        if not isinstance(answer, dict):
            return ""
        errors = answer.get("errors")
        details = [
            str(each.get("message") or each.get("code") or each) if isinstance(each, dict) else str(each)
            for each in (errors if isinstance(errors, list) else [errors] if errors else [])
        ]
        return "; ".join([str(answer.get("message", "")), *details]).strip("; ")[:500]


class Sender(Protocol):
    """Sends a request once. Raises OSError or http.client.HTTPException where no answer comes within `timeout` seconds."""

    def send(self, request: Request, timeout: float) -> Response:
        """Send one request and return the response; `timeout` is in seconds."""


class HttpSender:
    """Sends over HTTP(S) to the API at `base_url`: https://api.github.com, or https://HOST/api/v3 of an Enterprise Server."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"GITHUB_API_URL is {base_url!r}: an http or https URL is expected")
        self._parts = parts
        self._connection: http.client.HTTPConnection | None = None

    def send(self, request: Request, timeout: float) -> Response:
        """Raises OSError and http.client.HTTPException."""
        kept = self._connection is not None
        try:
            return self._exchange(request, timeout)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.close()
            # GitHub closes a connection that was idle: that says nothing about this request, unless it could have
            # changed something.
            if not kept or request.method != "GET":
                raise
            return self._exchange(request, timeout)
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self) -> None:
        """Close the connection. The next request opens another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def relative(self, url: str) -> str | None:
        """The path below the base URL of an absolute or relative URL, or None where it leads to elsewhere."""
        parts = urlsplit(url)
        if parts.netloc and (parts.scheme, parts.netloc) != (self._parts.scheme, self._parts.netloc):
            return None
        base = self._parts.path.rstrip("/")
        if not parts.path.startswith(f"{base}/"):
            return None
        return parts.path.removeprefix(base) + (f"?{parts.query}" if parts.query else "")

    def _exchange(self, request: Request, timeout: float) -> Response:
        connection = self._connect(timeout)
        body = None if request.body is None else json.dumps(request.body).encode()
        connection.request(
            request.method, self._parts.path.rstrip("/") + request.path, body, _headers(request, body)
        )
        answer = connection.getresponse()
        content = answer.read()
        if answer.will_close:
            self.close()
        return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        if self._connection is None:
            host, port = self._parts.hostname or "", self._parts.port
            self._connection = (
                http.client.HTTPSConnection(host, port, context=ssl.create_default_context())
                if self._parts.scheme == "https"
                else http.client.HTTPConnection(host, port)
            )
        self._connection.timeout = timeout
        if self._connection.sock is not None:
            self._connection.sock.settimeout(timeout)
        return self._connection


def _headers(request: Request, body: bytes | None) -> dict[str, str]:
    headers = {
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": API_VERSION,
        "User-Agent": USER_AGENT,
    }
    if body is not None:
        headers["Content-Type"] = "application/json"
    if request.credential is not None:
        headers["Authorization"] = f"Bearer {request.credential.reveal()}"
    return headers
