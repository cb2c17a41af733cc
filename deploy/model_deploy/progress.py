"""A rollout while it runs: what `model_common.progress` prints, and how far an update of the endpoint is."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console

from model_common import progress
from model_deploy.core.observed import Endpoint, Phase


class Progress(progress.Progress):
    """Prints lines on `console`. `phases` of an endpoint are printed when they change."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._phases: tuple[Phase, ...] = ()

    def phases(self, endpoint: Endpoint, bake_seconds: int) -> None:
        """How far an update of the endpoint is: which part of the new fleet takes traffic, and how long it bakes."""
        if endpoint.phases and endpoint.phases != self._phases:
            for phase in endpoint.phases:
                self.say(f"            {endpoint.name}: {described(phase, bake_seconds)}")
        self._phases = endpoint.phases


def described(phase: Phase, bake_seconds: int) -> str:
    """The phase, with how long it still bakes."""
    left = phase.seconds_left(bake_seconds, datetime.now(UTC))
    return str(phase) if left is None else f"{phase}, {left:.0f} s left of {bake_seconds} s"
