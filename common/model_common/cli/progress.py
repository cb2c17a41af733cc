"""The progress of a command on stderr: one line per event. No line is overwritten or repeated."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rich.console import Console
from rich.text import Text


class StackEvent(Protocol):
    """The parts of a stack's event that are printed."""

    @property
    def moment(self) -> datetime:
        """The time of the event."""

    @property
    def status(self) -> str:
        """The status of the resource."""

    @property
    def resource(self) -> str:
        """The logical id of the resource."""

    @property
    def words(self) -> str:
        """The reason for the status, "" if there is none."""

    @property
    def failed(self) -> bool:
        """Whether the status is a failure."""


class Progress:
    """Prints lines on `console`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun: dict[str, datetime] = {}

    def say(self, text: str) -> None:
        """Print a line as it is: no markup, no line breaks added."""
        self._console.print(text, highlight=False, soft_wrap=True, markup=False)

    def event(self, event: StackEvent) -> None:
        """Print an event of a stack: time, status, resource, and the reason of a failure.

        A terminal shows one line for each resource, at its end, with the seconds that it took; a log shows both.
        """
        if (
            self._console.is_terminal
            and event.status.endswith("_IN_PROGRESS")
            and "ROLLBACK" not in event.status
        ):
            self._begun.setdefault(event.resource, event.moment)
            return
        line = Text(f"  {event.moment:%H:%M:%S}  ")
        line.append(f"{event.status:<28}", _style(event.status))
        line.append(f"  {event.resource}")
        begun = self._begun.pop(event.resource, None)
        if begun is not None:
            line.append(f"  {(event.moment - begun).total_seconds():.0f} s", "dim")
        if event.words and (event.failed or "ROLLBACK" in event.status):
            line.append(f": {event.words}")
        self._console.print(line, soft_wrap=True)


def _style(status: str) -> str:
    if status.endswith("_FAILED") or "ROLLBACK" in status:
        return "red"
    return "green" if status.endswith("_COMPLETE") else "cyan"
