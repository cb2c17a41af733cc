"""The watch over a function's time: CloudFormation is answered even where the work never comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

MARGIN_SECONDS = 25.0
"""Between its call and the end of the function: enough for every attempt to send an answer."""

RESERVE_SECONDS = MARGIN_SECONDS + 5.0
"""Between the last call to GitHub and the end of the function, so that the work itself has the first word."""


class Watchdog:
    """Calls `bark` shortly before a function would be stopped, unless it is left earlier."""

    def __init__(self, remaining_milliseconds: int, bark: Callable[[], object]) -> None:
        seconds = max(0.0, remaining_milliseconds / 1000 - MARGIN_SECONDS)
        self._timer = threading.Timer(seconds, bark)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
