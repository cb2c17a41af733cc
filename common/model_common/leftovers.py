"""Unused endpoint configurations and models, to be deleted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Leftovers:
    """Names of endpoint configurations and models. False if there are none."""

    endpoint_configs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.endpoint_configs or self.models)

    def lines(self) -> list[str]:
        """A line for each, for people."""
        return [
            *(f"endpoint configuration {name}" for name in self.endpoint_configs),
            *(f"model {name}" for name in self.models),
        ]
