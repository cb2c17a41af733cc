"""Rate limits per hour, counted by user, installation or App, and together for all anonymous callers.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from local_aws.github.credentials import AppCaller, Caller, Token
from local_aws.github.errors import ApiError

_WINDOW = 3600
_LIMIT = 5000
_ANONYMOUS = 60


@dataclass
class Window:
    """The requests of one caller in the current hour."""

    limit: int
    reset: int
    used: int = 0

    @property
    def remaining(self) -> int:
        """The requests that are left."""
        return max(self.limit - self.used, 0)

    def headers(self) -> dict[str, str]:
        """The headers of an answer."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Used": str(self.used),
            "X-RateLimit-Reset": str(self.reset),
            "X-RateLimit-Resource": "core",
        }

    def shown(self) -> dict[str, int]:
        """The window as GET /rate_limit answers it."""
        return {"limit": self.limit, "remaining": self.remaining, "reset": self.reset, "used": self.used}


class RateLimits:
    """The windows of all callers. Callers without a name share one of `anonymous` requests an hour."""

    def __init__(self, limit: int = _LIMIT, anonymous: int = _ANONYMOUS) -> None:
        self.limit = limit
        self.anonymous = anonymous
        self._windows: dict[str, Window] = {}

    def of(self, caller: Caller) -> Window:
        """The current window of a caller."""
        key, limit = _key(caller), self.limit if isinstance(caller, Token | AppCaller) else self.anonymous
        window = self._windows.get(key)
        if window is None or window.reset <= time.time():
            window = self._windows[key] = Window(limit, int(time.time()) + _WINDOW)
        return window

    def spend(self, caller: Caller) -> None:
        """Count a request. Raises 403 once none is left."""
        window = self.of(caller)
        if window.remaining == 0:
            raise ApiError(403, f"API rate limit exceeded for {_key(caller)}.", headers=window.headers())
        window.used += 1


def _key(caller: Caller) -> str:
    match caller:
        case Token(installation=None):
            return f"user ID {caller.user.id}"
        case Token():
            assert caller.installation is not None
            return f"installation ID {caller.installation.id}"
        case AppCaller():
            return f"app ID {caller.app.id}"
    return "127.0.0.1"
