"""A command while it runs, one line for each thing that happens, on stderr: nothing is overwritten, nothing said twice."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from project_template.stack import Event


class Progress:
    """Says what happens."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True, markup=False)

    def event(self, event: Event) -> None:
        """A line of a stack's history; that of a failure with its reason."""
        line = Text(f"  {event.moment:%H:%M:%S}  ")
        line.append(f"{event.status:<28}", _style(event.status))
        line.append(f"  {event.resource}")
        if event.reason and (event.failed or "ROLLBACK" in event.status):
            line.append(f": {' '.join(event.reason.split())}")
        self._console.print(line, soft_wrap=True)


def _style(status: str) -> str:
    if status.endswith("_FAILED") or "ROLLBACK" in status:
        return "red"
    return "green" if status.endswith("_COMPLETE") else "cyan"
