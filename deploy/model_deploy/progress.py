"""The progress of a rollout: the lines of `model_common.progress`, and the phases of an endpoint's update."""

from __future__ import annotations

from rich.console import Console

from model_common import progress


class Progress(progress.Progress):
    """Prints lines on `console`. `phases` of an endpoint are printed when they change."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._phases: tuple[str, ...] = ()

    def phases(self, endpoint: str, phases: tuple[str, ...]) -> None:
        """The phase of an endpoint's update: which part of the new fleet takes traffic."""
        if phases and phases != self._phases:
            for phase in phases:
                self.say(f"            {endpoint}: {phase}")
        self._phases = phases
