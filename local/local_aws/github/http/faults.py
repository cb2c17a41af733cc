"""Faults that a test asks for: GitHub down, slow, out of patience, gone in the middle of a call.

Fault
├── Down         5XX without any work done
├── Slow         the answer is late
├── RateLimited  403 or 429 with the server's hint: primary or secondary limit
├── Dropped      the work is done, the connection is closed without an answer
└── Killed       after the n-th call something is done (to the caller, say), and the connection is closed
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from local_aws.github.errors import ApiError


@dataclass(frozen=True)
class Incoming:
    """A request: `path` is below the API's base URL, or `/git/OWNER/NAME.git/...`; `number` counts from 1."""

    method: str
    path: str
    number: int


class ConnectionDropped(Exception):
    """The caller gets no answer."""


@dataclass(kw_only=True)
class Fault:
    """Meets requests of `method` (any) whose path matches `path` (a regular expression), `times` of them (all)."""

    method: str = ""
    path: str = ""
    times: int | None = None
    met: int = field(default=0, init=False)

    def meets(self, incoming: Incoming) -> bool:
        """Whether the fault applies to a request; counts it."""
        if self.method not in {"", incoming.method} or not re.search(self.path, incoming.path):
            return False
        if self.times is not None and self.met >= self.times:
            return False
        self.met += 1
        return True

    def before(self, incoming: Incoming) -> None:
        """Happens instead of the work where it raises."""

    def after(self, incoming: Incoming) -> None:
        """Happens when the work is done."""


@dataclass(kw_only=True)
class Down(Fault):
    """GitHub answers with a server error."""

    status: int = 503
    retry_after: int | None = None

    def before(self, incoming: Incoming) -> None:
        """Raise the server error."""
        hint = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        message = {502: "Server Error", 503: "Service Unavailable"}.get(self.status, "Server Error")
        raise ApiError(self.status, message, headers=hint)


@dataclass(kw_only=True)
class Slow(Fault):
    """GitHub answers after this many seconds."""

    seconds: float

    def before(self, incoming: Incoming) -> None:
        """Wait."""
        time.sleep(self.seconds)


@dataclass(kw_only=True)
class RateLimited(Fault):
    """`reset_in` seconds: the primary limit, told by X-RateLimit-Reset; `retry_after`: the secondary one.

    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """

    status: int = 403
    reset_in: float | None = None
    retry_after: int | None = None

    def before(self, incoming: Incoming) -> None:
        """Raise the error of the primary or secondary rate limit."""
        if self.reset_in is None:
            message = (
                "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
                "If you reach out to GitHub Support for help, please include the request ID."
            )
            hint = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
            raise ApiError(self.status, message, headers=hint)
        reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time() + self.reset_in))}
        raise ApiError(self.status, "API rate limit exceeded for user ID 1.", headers=reset)


@dataclass(kw_only=True)
class Dropped(Fault):
    """The connection is closed after the request has had its effect."""

    times: int | None = 1

    def after(self, incoming: Incoming) -> None:
        """Close the connection. Raises ConnectionDropped."""
        raise ConnectionDropped


@dataclass(kw_only=True)
class Killed(Fault):
    """Meets one request: the `call`-th of those that match, counted from when the fault was added."""

    call: int
    kill: Callable[[], object]
    seen: int = field(default=0, init=False)

    def meets(self, incoming: Incoming) -> bool:
        """Whether this is the call after which the client is killed."""
        if not super().meets(incoming):
            return False
        self.seen += 1
        return self.seen == self.call

    def after(self, incoming: Incoming) -> None:
        """Kill the client and close the connection. Raises ConnectionDropped."""
        self.kill()
        raise ConnectionDropped


class Faults:
    """The faults in force, and every request that arrived, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self.calls: list[Incoming] = []

    def add(self, fault: Fault) -> Fault:
        """Add a fault."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """No more faults, and no calls remembered."""
        with self._lock:
            self._faults.clear()
            self.calls.clear()

    def arrived(self, method: str, path: str) -> tuple[Incoming, list[Fault]]:
        """Note a request; the faults that it meets."""
        with self._lock:
            incoming = Incoming(method, path, len(self.calls) + 1)
            self.calls.append(incoming)
            return incoming, [fault for fault in self._faults if fault.meets(incoming)]
