"""The alarms of a stage's endpoint."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from model_common.configuration import Part, matching, problem

Percent = Annotated[float, Field(gt=0, le=100)]
TopicArn = Annotated[
    str, matching(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+(\.fifo)?", "the ARN of an SNS topic")
]

_MEASURES = ("invocation_5xx_percent", "invocation_4xx_percent", "latency_p99_ms", "contract_failures")


class Alarms(Part):
    """The thresholds. An alarm goes into ALARM if its figure, over `period_seconds`, reaches its threshold in
    `evaluation_periods` periods in a row. A threshold that is left out creates no alarm.

    `latency_p99_ms` is the model's own time, without SageMaker's overhead. `contract_failures` is the number of cases
    of `checks/` that failed during a rollout. With `rollback`, an alarm during a rollout rolls it back. `notify` are
    the ARNs of SNS topics that are notified of alarms at any time.
    """

    invocation_5xx_percent: Percent | None = None
    invocation_4xx_percent: Percent | None = None
    latency_p99_ms: Annotated[float, Field(gt=0)] | None = None
    contract_failures: Annotated[int, Field(ge=1)] | None = None
    period_seconds: Annotated[int, Field(ge=60, le=3600)] = 60
    evaluation_periods: Annotated[int, Field(ge=1)] = 1
    rollback: bool = True
    notify: Annotated[tuple[TopicArn, ...], Field(max_length=5)] = ()

    @model_validator(mode="after")
    def _alarms_can_go_off(self) -> Self:
        if all(getattr(self, name) is None for name in _MEASURES):
            raise problem(
                "", f"no threshold. State at least one of {', '.join(_MEASURES)}, or leave the key out"
            )
        if self.period_seconds % 60:
            words = f"found {self.period_seconds}. Allowed: multiples of 60, since SageMaker sends its metrics once a minute"
            raise problem("period_seconds", words)
        if self.reaction_seconds > 86400:
            raise problem(
                "evaluation_periods",
                f"found {self.evaluation_periods}. Allowed: period_seconds times evaluation_periods up to one day, "
                "which is how far CloudWatch looks back",
            )
        return self

    @property
    def reaction_seconds(self) -> int:
        """The seconds for which a figure has to reach its threshold before its alarm goes into ALARM."""
        return self.period_seconds * self.evaluation_periods
