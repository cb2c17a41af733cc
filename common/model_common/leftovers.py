"""Unused endpoint configurations and models, and trial endpoints that a killed job left, to be deleted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Leftovers:
    """Names of endpoint configurations, models and trial endpoints. False if there are none."""

    endpoint_configs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    trials: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.endpoint_configs or self.models or self.trials)

    def lines(self) -> list[str]:
        """A line for each, for people."""
        return [
            *(f"trial endpoint {name}  (billed while it lives)" for name in self.trials),
            *(f"endpoint configuration {name}" for name in self.endpoint_configs),
            *(f"model {name}" for name in self.models),
        ]
