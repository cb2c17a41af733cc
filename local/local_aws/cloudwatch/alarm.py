"""One alarm: what was put, and the state it is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class State:
    """An alarm's state, since when, and why. `value` is OK, ALARM or INSUFFICIENT_DATA.

    `by_hand` is the monotonic time of the SetAlarmState that set it, or None where the evaluator did.
    """

    value: str
    reason: str
    since: datetime
    data: str | None = None
    by_hand: float | None = None


@dataclass(frozen=True)
class Alarm:
    """An alarm as put. `stated` is the request, less its tags."""

    arn: str
    configured: datetime
    stated: Mapping[str, Any]
    state: State

    @property
    def name(self) -> str:
        """The name of the alarm."""
        name: str = self.stated["AlarmName"]
        return name

    @property
    def period(self) -> int:
        """Seconds of a period; with metric math the longest of its metrics."""
        metrics = [query["MetricStat"] for query in self.stated.get("Metrics", ()) if "MetricStat" in query]
        period: int = max(metric["Period"] for metric in metrics or [self.stated])
        return period

    def described(self) -> dict[str, Any]:
        """The alarm as DescribeAlarms answers it."""
        answer = {
            "ActionsEnabled": True,
            "AlarmActions": [],
            "OKActions": [],
            "InsufficientDataActions": [],
            "Dimensions": [],
            **self.stated,
            "AlarmArn": self.arn,
            "AlarmConfigurationUpdatedTimestamp": self.configured,
            "StateValue": self.state.value,
            "StateReason": self.state.reason,
            "StateUpdatedTimestamp": self.state.since,
            "StateTransitionedTimestamp": self.state.since,
        }
        return answer if self.state.data is None else {**answer, "StateReasonData": self.state.data}
