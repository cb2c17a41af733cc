"""A rollout while it runs, one line for each thing that happens, on stderr: nothing is overwritten, nothing said twice."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from model_deploy.core.observed import Event


class Progress:
    """Says what happens. `phases` of an endpoint are said when they change."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._phases: tuple[str, ...] = ()

    def say(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True, markup=False)

    def event(self, event: Event) -> None:
        """A line of the stack's history; that of a failure with its reason."""
        line = Text(f"  {event.moment:%H:%M:%S}  ")
        line.append(f"{event.status:<28}", _style(event.status))
        line.append(f"  {event.resource}")
        if event.reason and (event.failed or "ROLLBACK" in event.status):
            line.append(f": {' '.join(event.reason.split())}")
        self._console.print(line, soft_wrap=True)

    def phases(self, endpoint: str, phases: tuple[str, ...]) -> None:
        """How far an update of the endpoint is: which part of the new fleet takes traffic."""
        if phases and phases != self._phases:
            for phase in phases:
                self.say(f"            {endpoint}: {phase}")
        self._phases = phases


def _style(status: str) -> str:
    if status.endswith("_FAILED") or "ROLLBACK" in status:
        return "red"
    return "green" if status.endswith("_COMPLETE") else "cyan"
