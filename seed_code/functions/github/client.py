"""Calls to GitHub's REST API: signed in, retried, and their failures as one tree of errors."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from github import retries
from github.clock import Clock, Deadline
from github.errors import (
    BY_STATUS,
    AnswerError,
    OutOfTimeError,
    RateLimitedError,
    TokenRefusedError,
    UnexpectedAnswerError,
    UnreachableError,
)
from github.http import HttpSender, Request, Response, Sender
from github.secret import Secret

TIMEOUT_SECONDS = 20.0
REDIRECTS = 3

_log = logging.getLogger("github")


def segment(text: str) -> str:
    """Text as one segment of a path."""
    return quote(text, safe="")


class Transport:
    """Sends requests to the API at `base_url`, and again where GitHub says so, for as long as `deadline` allows."""

    def __init__(
        self,
        base_url: str,
        deadline: Deadline,
        sender: Sender | None = None,
        clock: Clock | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._http = HttpSender(base_url)
        self._sender = sender or self._http
        self._deadline = deadline
        self._clock = clock or Clock()
        self._timeout = timeout
        self.base_url = base_url

    def now(self) -> float:
        """The time in seconds since the epoch."""
        return self._clock.now()

    def exchange(self, request: Request) -> Response:
        """The answer to a request, whatever its status but 5XX and rate limits. Follows renamed repositories.

        A call that changes something may arrive twice, where an answer was lost: callers look before they make.
        Raises UnreachableError, RateLimitedError, OutOfTimeError.
        """
        for _ in range(REDIRECTS):
            response = self._send_with_retries(request)
            target = self._http.relative(response.headers.get("location", ""))
            # The credential goes to this API only.
            if response.status not in {301, 302, 307, 308} or not target:
                return response
            request = Request(request.method, target, request.body, request.credential)
        raise UnreachableError(f"GitHub keeps redirecting {request.name}.")

    def _send_with_retries(self, request: Request) -> Response:
        attempt = 0
        while True:
            attempt += 1
            response, problem = self._send_once(request)
            seconds = retries.wait(response, attempt, self._clock.now())
            if response is not None and seconds is None:
                return response
            limited = response is not None and retries.is_limit(response)
            self._pause(request, seconds or 0.0, attempt, problem, limited)

    def _send_once(self, request: Request) -> tuple[Response | None, str]:
        """An answer, or none, and what is wrong with it."""
        left = self._deadline.remaining()
        if left <= 0:
            raise OutOfTimeError(
                f"The function's time is nearly over: {request.name} was not sent. Everything before it is done, and"
                " trying again goes on from there."
            )
        try:
            response = self._sender.send(request, min(self._timeout, left))
        except TimeoutError:
            return None, "no answer in time"
        except (OSError, http.client.HTTPException) as error:
            return None, f"no answer ({type(error).__name__})"
        return response, str(response.status)

    def _pause(self, request: Request, seconds: float, attempt: int, problem: str, limited: bool) -> None:
        """Wait before the next attempt. Raises where there is none to come."""
        at = self._place(request)
        if limited and seconds > self._deadline.remaining():
            raise RateLimitedError(
                f"GitHub limits the rate of calls and asks to wait {seconds:.0f} seconds before {at} is tried again;"
                " that is longer than this function may run. Try again then."
            )
        if attempt >= retries.ATTEMPTS or seconds > self._deadline.remaining():
            raise UnreachableError(
                f"GitHub cannot be reached: {problem} from {at} after {attempt} attempts. Look at"
                " https://www.githubstatus.com (or at the Enterprise Server's own), and try again."
            )
        _log.info("%s: %s; attempt %d in %.0f s", request.name, problem, attempt + 1, seconds)
        self._clock.sleep(seconds)

    def _place(self, request: Request) -> str:
        return f"{request.method} {self.base_url.rstrip('/')}{request.path.partition('?')[0]}"


class Client:
    """Calls as one identity. `credential` is asked for before each call."""

    def __init__(self, transport: Transport, credential: Callable[[], Secret | None]) -> None:
        self._transport = transport
        self._credential = credential

    def get(self, path: str) -> Any:
        """GET `path`; the parsed answer. Raises as `call` does."""
        return self.call("GET", path)

    def find(self, path: str, *, absent: tuple[int, ...] = (404,)) -> Any | None:
        """GET a path; returns None if GitHub answers with a status in `absent`."""
        try:
            return self.get(path)
        except AnswerError as error:
            if error.status in absent:
                return None
            raise

    def post(self, path: str, body: Any) -> Any:
        """POST `body` to `path`; the parsed answer. Raises as `call` does."""
        return self.call("POST", path, body)

    def send(self, path: str, body: Any) -> None:
        """POST what GitHub only takes notice of. Raises UnexpectedAnswerError for any success but 204."""
        self.call("POST", path, body, empty=True)

    def put(self, path: str, body: Any) -> Any:
        """PUT `body` to `path`; the parsed answer. Raises as `call` does."""
        return self.call("PUT", path, body)

    def patch(self, path: str, body: Any) -> Any:
        """PATCH `path` with `body`; the parsed answer. Raises as `call` does."""
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Any:
        """DELETE `path`; the parsed answer. Raises as `call` does."""
        return self.call("DELETE", path)

    def call(self, method: str, path: str, body: Any = None, *, empty: bool = False) -> Any:
        """The answer's JSON, None for 204, which with `empty` is the only success.

        Raises UnexpectedAnswerError for a redirect to elsewhere and for what is not JSON, TokenRefusedError for 401, AnswerError for any other 4XX, and what `Transport.exchange` raises.
        """
        credential = self._credential()
        request = Request(method, path, body, credential)
        response = self._transport.exchange(request)
        _log.info("%s: %d", request.name, response.status)
        if response.status < 400:
            return _document(response, request, empty)
        reason = response.reason if credential is None else credential.removed_from(response.reason)
        if response.status == 401:
            raise TokenRefusedError(
                f"GitHub refuses the project's credentials ({request.name}: {reason or '401'}). The token was revoked or has"
                " expired, or the App's id and key do not belong together: put a new one into its place and try again."
            )
        raise BY_STATUS.get(response.status, AnswerError)(response.status, reason, request.name)


def _document(response: Response, request: Request, empty: bool) -> Any:
    """The parsed body of a status below 400. Raises UnexpectedAnswerError if it is not GitHub's API that answered."""
    if response.status == 204 and not response.body:
        return None
    document = response.json()
    if empty or not 200 <= response.status < 300 or not isinstance(document, dict | list):
        place = response.headers.get("location", "")
        reason = f"{response.status}{f' to {place[:200]}' if place else ''}"
        raise UnexpectedAnswerError(reason, request.name)
    return document
