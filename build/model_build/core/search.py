"""A search for hyperparameters as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Attempt:
    """A training job of the search: its settings, the objective that it reached, and the seconds that it took."""

    name: str
    status: str
    settings: Mapping[str, str]
    objective: float | None
    seconds: float


@dataclass(frozen=True)
class Search:
    """All training jobs of a search, and the best; `objective` is the metric's name, such as validation:accuracy."""

    strategy: str
    objective: str
    attempts: tuple[Attempt, ...]
    best: Attempt | None

    @property
    def seconds(self) -> float:
        """The time of all training jobs together, which is paid for."""
        return sum(each.seconds for each in self.attempts)

    @property
    def failed(self) -> int:
        """The number of training jobs without an objective."""
        return sum(each.objective is None for each in self.attempts)

    def document(self) -> dict[str, Any]:
        """The search for machines."""
        best = self.best
        return {
            "strategy": self.strategy,
            "objective": self.objective,
            "jobs": len(self.attempts),
            "failed": self.failed,
            "seconds": self.seconds,
            "best": best and {"objective": best.objective, "hyperparameters": dict(best.settings)},
        }
