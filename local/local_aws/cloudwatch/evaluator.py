"""Evaluates alarms: a thread reads their metrics several times per period.

CloudWatch evaluates a period once it is over. Here the last N periods end now, so an alarm goes off as soon as enough
of the running period breaches: a bake time that is shrunken by LOCAL_AWS_TIME_SCALE, as periods are, still sees it.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.cloudwatch.alarm import Alarm, State
from local_aws.cloudwatch.alarms import COMPARISONS, Alarms
from local_aws.cloudwatch.expressions import Expression
from local_aws.cloudwatch.queue_metrics import QueueMetrics
from local_aws.cloudwatch.series import Metric, MetricStore, statistic
from local_aws.kernel.account import Account

log = logging.getLogger(__name__)

LOOKS_PER_PERIOD = 8
SHORTEST_PAUSE = 0.02
LONGEST_PAUSE = 0.5


class Evaluator:
    """Evaluates every alarm until it is closed."""

    def __init__(self, account: Account, alarms: Alarms, store: MetricStore) -> None:
        self._scale = account.time_scale
        self._alarms = alarms
        self._store = store
        self._queues = QueueMetrics(account, store)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the evaluation."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        pause = LONGEST_PAUSE
        while not self._closing.wait(pause):
            alarms = self._alarms.all()
            self._queues.read(alarms)
            for alarm in alarms:
                try:
                    self._evaluate(alarm)
                except Exception:
                    log.exception("The alarm %s could not be evaluated", alarm.name)
            shortest = min((alarm.period for alarm in alarms), default=LONGEST_PAUSE) * self._scale
            pause = min(max(shortest / LOOKS_PER_PERIOD, SHORTEST_PAUSE), LONGEST_PAUSE)

    def _evaluate(self, alarm: Alarm) -> None:
        by_hand = alarm.state.by_hand
        # As on CloudWatch, a state set by hand lasts until the next evaluation: a period.
        if by_hand is not None and time.monotonic() - by_hand < alarm.period * self._scale:
            return
        state = judge(alarm, self._datapoints(alarm, time.time()))
        if state.value != alarm.state.value:
            self._alarms.transition(alarm, state)

    def _datapoints(self, alarm: Alarm, now: float) -> list[float | None]:
        """A value for each of the last EvaluationPeriods, the oldest first; None where there is no data."""
        length = alarm.period * self._scale
        count = alarm.stated["EvaluationPeriods"]
        starts = [now - length * (count - index) for index in range(count)]
        return [self._value(alarm.stated, start, start + length) for start in starts]

    def _value(self, stated: Mapping[str, Any], start: float, end: float) -> float | None:
        queries = stated.get("Metrics")
        if queries is None:
            name = stated.get("Statistic") or stated["ExtendedStatistic"]
            metric = Metric.parse(stated["Namespace"], stated)
            return self._statistic(metric, name, start, end, stated.get("Unit"))
        values: dict[str, float | None] = {}
        for query in queries:
            if of := query.get("MetricStat"):
                metric = Metric.parse(of["Metric"]["Namespace"], of["Metric"])
                values[query["Id"]] = self._statistic(metric, of["Stat"], start, end, of.get("Unit"))
        for query in queries:
            if "Expression" in query:
                values[query["Id"]] = Expression.parse(query["Expression"]).value(values)
        return next(values[query["Id"]] for query in queries if query.get("ReturnData", True))

    def _statistic(
        self, metric: Metric, name: str, start: float, end: float, unit: str | None
    ) -> float | None:
        return statistic(self._store.between(metric, start, end, unit), name)


def judge(alarm: Alarm, datapoints: list[float | None]) -> State:
    """The state that follows from the datapoints, the oldest first; None is a period without data."""
    now = datetime.now(UTC)
    stated = alarm.stated
    needed = stated.get("DatapointsToAlarm", stated["EvaluationPeriods"])
    compare, words = COMPARISONS[stated["ComparisonOperator"]]
    threshold = stated["Threshold"]
    known = [point for point in datapoints if point is not None]
    missing = len(datapoints) - len(known)
    treatment = stated.get("TreatMissingData", "missing")
    if not known and treatment == "missing":
        return State("INSUFFICIENT_DATA", f"Insufficient Data: {missing} datapoints were unknown.", now)
    if not known and treatment == "ignore":
        return alarm.state
    breaching = sum(compare(point, threshold) for point in known)
    if treatment == "breaching":
        breaching += missing
    crossed = breaching >= needed
    reason = (
        f"Threshold Crossed: {breaching} out of the last {len(datapoints)} datapoints {known[-5:]} "
        f"{'was' if breaching == 1 else 'were'} {words} the threshold ({threshold}) "
        f"(minimum {needed} datapoints for {'OK -> ALARM' if crossed else 'ALARM -> OK'} transition)."
    )
    data = json.dumps({"version": "1.0", "recentDatapoints": known, "threshold": threshold})
    return State("ALARM" if crossed else "OK", reason, now, data)
