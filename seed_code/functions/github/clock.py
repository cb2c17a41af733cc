"""The time that a Lambda function has left, and the clock that it waits with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

RESERVE_SECONDS = 5.0
"""The time that a function keeps for its last answer and log lines."""


class Clock:
    """The system's clock. Tests pass another one."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait for this number of seconds."""
        time.sleep(seconds)


class Deadline:
    """When a Lambda function has to stop: `reserve` seconds before it is stopped, or once `cancel` was called."""

    def __init__(self, remaining_milliseconds: Callable[[], int], reserve: float = RESERVE_SECONDS) -> None:
        self._remaining = remaining_milliseconds
        self._reserve = reserve
        self._cancelled = threading.Event()

    def remaining(self) -> float:
        """The seconds that are left, 0 or less after the deadline."""
        if self._cancelled.is_set():
            return 0.0
        return self._remaining() / 1000 - self._reserve

    def cancel(self) -> None:
        """End the time now: `remaining` is 0 from here on."""
        self._cancelled.set()
