"""A rollout while it runs: what `model_common.progress` prints, and how far an update of the endpoint is."""

from __future__ import annotations

from rich.console import Console

from model_common import progress


class Progress(progress.Progress):
    """Prints lines on `console`. `phases` of an endpoint are printed when they change."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._phases: tuple[str, ...] = ()

    def phases(self, endpoint: str, phases: tuple[str, ...]) -> None:
        """How far an update of the endpoint is: which part of the new fleet takes traffic."""
        if phases and phases != self._phases:
            for phase in phases:
                self.say(f"            {endpoint}: {phase}")
        self._phases = phases
