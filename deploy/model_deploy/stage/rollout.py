"""How traffic moves from the model that serves to the next one."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from model_common.configuration import Part, problem

Wait = Annotated[int, Field(ge=0, le=3600)]

LONGEST_SECONDS = 28800
"""The longest that SageMaker lets a deployment take (MaximumExecutionTimeoutInSeconds)."""

PREPARATION_SECONDS = 1800
"""The seconds for starting instances, beside the waits. A rolling update starts some for each batch."""

_SIZES = {"canary": (1, 50), "linear": (10, 50), "rolling": (5, 50)}


class Rollout(Part):
    """The strategy of an update, and its waits.

    `size_percent` is the share of the fleet that moves first (canary) or with each step (linear, rolling).
    `bake_seconds` is how long alarms are watched after each step, the last one included. `termination_wait_seconds` is
    how long the old fleet stays after that. Source of the limits: UpdateEndpoint, DeploymentConfig.
    """

    strategy: Literal["all_at_once", "canary", "linear", "rolling"] = "all_at_once"
    size_percent: int | None = None
    bake_seconds: Wait = 0
    termination_wait_seconds: Wait = 0

    @model_validator(mode="after")
    def _size_fits_the_strategy(self) -> Self:
        if self.strategy == "all_at_once":
            self.leaves_out("with strategy all_at_once the whole fleet moves in one step", "size_percent")
            return self
        low, high = _SIZES[self.strategy]
        self.states(
            f"the percentage of the fleet that a {self.strategy} step moves, {low} to {high}", "size_percent"
        )
        if not low <= (self.size_percent or 0) <= high:
            raise problem(
                "size_percent", f"found {self.size_percent}. Allowed with {self.strategy}: {low} to {high}"
            )
        return self

    @model_validator(mode="after")
    def _waits_fit_the_strategy(self) -> Self:
        if self.strategy == "rolling" and self.termination_wait_seconds:
            raise problem(
                "termination_wait_seconds",
                f"found {self.termination_wait_seconds}. A rolling update ends the old instances of each batch as it "
                "goes; leave the key out",
            )
        longest = LONGEST_SECONDS - PREPARATION_SECONDS
        if self.waits_seconds > longest:
            raise problem(
                "bake_seconds",
                f"found {self.bake_seconds}, after each of {self.steps} steps. With termination_wait_seconds the waits "
                f"add up to {self.waits_seconds} s. Allowed: {longest} s, since SageMaker ends a deployment after "
                f"{LONGEST_SECONDS} s",
            )
        return self

    @property
    def guarded(self) -> bool:
        """Whether the update needs deployment guardrails: it has a strategy or a wait."""
        return self.strategy != "all_at_once" or self.waits_seconds > 0

    @property
    def steps(self) -> int:
        """The number of steps in which the traffic moves; a bake follows each step."""
        if self.strategy == "canary":
            return 2
        return math.ceil(100 / self.size_percent) if self.size_percent else 1

    @property
    def waits_seconds(self) -> int:
        """The seconds of all waits, without the time that SageMaker needs to start instances."""
        return self.steps * self.bake_seconds + self.termination_wait_seconds

    @property
    def timeout_seconds(self) -> int:
        """The seconds after which SageMaker stops the deployment and rolls back."""
        starts = self.steps if self.strategy == "rolling" else 1
        return min(self.waits_seconds + starts * PREPARATION_SECONDS, LONGEST_SECONDS)
