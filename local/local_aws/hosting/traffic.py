"""Routes invocations: to a variant by weight, to one of its fleets by size, and to the target with the least load.

A `Traffic` never changes; a deployment replaces it as a whole, and so shifts traffic at one moment.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from local_aws.hosting.errors import UnavailableError
from local_aws.hosting.instances.fleet import Target


@dataclass(frozen=True)
class Share:
    """Targets of one fleet that are turned on, and the part of the variant's traffic that they get, 0 to 1."""

    targets: tuple[Target, ...]
    part: float


@dataclass(frozen=True)
class Route:
    """A variant's traffic. `weight` is relative to the other variants'."""

    variant: str
    weight: float
    shares: tuple[Share, ...]

    @classmethod
    def to(cls, variant: str, weight: float, targets: Sequence[Target]) -> Route:
        """All of the variant's traffic to `targets`."""
        return cls(variant, weight, (Share(tuple(targets), 1.0),))

    @property
    def size(self) -> int:
        """How many targets are turned on."""
        return sum(len(share.targets) for share in self.shares)

    def enter(self) -> Target:
        """A target that has taken an invocation on. Raises UnavailableError where there is none.

        Where no target of the share that is drawn is ready, another share's is taken.
        """
        drawn = random.choices(self.shares, [share.part for share in self.shares])
        for share in (*drawn, *(share for share in self.shares if share is not drawn[0])):
            ready = [target for target in share.targets if target.is_ready]
            # Equals are drawn by lot: min() alone would prefer the first.
            random.shuffle(ready)
            for target in sorted(ready, key=lambda target: target.load):
                if target.enter():
                    return target
        raise UnavailableError(f"no instance of the variant {self.variant} is ready")


@dataclass(frozen=True)
class Traffic:
    """The routes of an endpoint, one per variant."""

    routes: tuple[Route, ...]

    def route(self, variant: str | None) -> Route:
        """The named variant's route, or one drawn by weight. Raises KeyError for a variant that is not here."""
        if variant is not None:
            return next((route for route in self.routes if route.variant == variant), None) or _unknown(
                variant
            )
        weights = [route.weight for route in self.routes]
        if not any(weights):
            raise UnavailableError("every variant has the weight 0")
        return random.choices(self.routes, weights)[0]


def _unknown(variant: str) -> Route:
    raise KeyError(variant)
