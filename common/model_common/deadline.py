"""Waiting with a limit. The operation continues if the limit is reached."""

from __future__ import annotations

import time
from collections.abc import Iterator

from model_common.errors import TimedOutError

FIRST_PAUSE, LONGEST_PAUSE, SLOWER = 0.1, 5.0, 1.1
"""The first pause and the longest one in seconds, and the factor between a pause and the next."""


class Deadline:
    """The moment at which a command stops waiting, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the limit is reached."""
        return time.monotonic() >= self._at

    @property
    def left(self) -> float:
        """Seconds until then, and never less than one."""
        return max(self._at - time.monotonic(), 1.0)

    def looks(self, what: str) -> Iterator[None]:
        """Yields each time that `what` is to be polled, with growing pauses. Raises TimedOutError at the limit."""
        pause = FIRST_PAUSE
        while True:
            yield
            left = self._at - time.monotonic()
            if left <= 0:
                raise TimedOutError(
                    f"{what} took longer than {self.seconds:g} s. It goes on on AWS; run the same command again to watch "
                    "it, with a longer --timeout."
                )
            time.sleep(min(pause, left))
            pause = min(pause * SLOWER, LONGEST_PAUSE)
