"""How long a function may still work, and how it waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

RESERVE_SECONDS = 5.0
"""What is kept of a function's time for its last words."""


class Clock:
    """The system's. Tests hand in another."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Deadline:
    """When a Lambda function has to stop: `reserve` seconds before it is stopped, or once `cancel` was called."""

    def __init__(self, remaining_milliseconds: Callable[[], int], reserve: float = RESERVE_SECONDS) -> None:
        self._remaining = remaining_milliseconds
        self._reserve = reserve
        self._cancelled = threading.Event()

    def remaining(self) -> float:
        """Seconds, 0 or less once it is over."""
        if self._cancelled.is_set():
            return 0.0
        return self._remaining() / 1000 - self._reserve

    def cancel(self) -> None:
        self._cancelled.set()
