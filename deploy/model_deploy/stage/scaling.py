"""How the endpoint's size follows its load, by target tracking."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from model_common.configuration import Part, problem

_TARGETS = ("invocations_per_instance", "backlog_per_instance", "provisioned_utilization_percent")


class Scaling(Part):
    """Scales between `min` and `max`, so that a metric stays near its target. Each kind of endpoint has one metric:

    `invocations_per_instance`         realtime: requests per minute and instance
    `backlog_per_instance`             asynchronous: waiting requests per instance; `min` may be 0
    `provisioned_utilization_percent`  serverless: the used share of the provisioned concurrency

    `min` and `max` are instances, or provisioned concurrency for a serverless endpoint.
    """

    min: Annotated[int, Field(ge=0)] = Field(description="the least that the endpoint scales to")
    max: Annotated[int, Field(ge=1)] = Field(description="the most that the endpoint scales to")
    invocations_per_instance: Annotated[float, Field(gt=0)] | None = None
    backlog_per_instance: Annotated[float, Field(gt=0)] | None = None
    provisioned_utilization_percent: Annotated[float, Field(gt=0, le=100)] | None = None
    scale_in_cooldown_seconds: Annotated[int, Field(ge=0)] = 300
    scale_out_cooldown_seconds: Annotated[int, Field(ge=0)] = 60

    @model_validator(mode="after")
    def _targets_one_figure(self) -> Self:
        if self.min > self.max:
            raise problem("min", f"found {self.min}. Allowed: at most max, {self.max}")
        given = [name for name in _TARGETS if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "no target"
            raise problem("", f"found {found}. Allowed: exactly one of {', '.join(_TARGETS)}")
        return self

    @property
    def target(self) -> str:
        """The key of the tracked metric."""
        return next(name for name in _TARGETS if getattr(self, name) is not None)

    @property
    def target_value(self) -> float:
        """The target value in the metric's unit; utilization is a share between 0 and 1."""
        value: float = getattr(self, self.target)
        return value / 100 if self.target == "provisioned_utilization_percent" else value
