"""The output of the demonstration: its parts with the seconds at which they begin, and a few lines of each."""

from __future__ import annotations

import os
import time
from pathlib import Path

from rich.console import Console

_WIDTH = 5


class Timeline:
    """Acts and lines go to `console`. Everything else goes to the file `log`, or to `console` where there is none."""

    def __init__(self, console: Console, log: Path | None) -> None:
        self.log = log
        self._console = console
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return round(time.monotonic() - self._started, 1)

    def act(self, title: str) -> None:
        """A step of the scenario begins. The log has the processor time so far, which a busy machine does not change."""
        used = os.times()
        own, children = used.user + used.system, used.children_user + used.children_system
        self.note(f"== {title}: {own:.1f} s of processor time here, {children:.1f} s in commands and jobs")
        self._print(f"{self.seconds:{_WIDTH}.0f} s  {title}", "bold")

    def tell(self, line: str) -> None:
        """Something that came of it."""
        self._print(f"{'':{_WIDTH}}    {line}", "")

    def note(self, text: str) -> None:
        """Write a detail to the log, or print it dimmed where there is no log."""
        if self.log is None:
            self._print(text, "dim")
            return
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    def _print(self, line: str, style: str) -> None:
        self._console.print(line, style=style, highlight=False, soft_wrap=True, markup=False)
