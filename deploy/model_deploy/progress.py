"""The progress of a rollout: the lines of `model_common.cli.progress`, and the phases of an endpoint's update."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console

from model_common.cli import progress
from model_deploy.core.plan.observed import Endpoint, Phase


class Progress(progress.Progress):
    """Prints lines on `console`. `phases` of an endpoint are printed when they change."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._phases: tuple[Phase, ...] = ()

    def phases(self, endpoint: Endpoint, bake_seconds: int) -> None:
        """The phase of an endpoint's update: which part of the new fleet takes traffic, and how long it bakes."""
        if endpoint.phases and endpoint.phases != self._phases:
            for phase in endpoint.phases:
                self.say(f"            {endpoint.name}: {described(phase, bake_seconds)}")
        self._phases = endpoint.phases


def described(phase: Phase, bake_seconds: int) -> str:
    """The phase, and the seconds for which it still bakes."""
    left = phase.seconds_left(bake_seconds, datetime.now(UTC))
    return str(phase) if left is None else f"{phase}, {left:.0f} s left of {bake_seconds} s"
