"""The samples of metrics, and their statistics over any span of time."""

from __future__ import annotations

import bisect
import json
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
_SIMPLE = frozenset({"SampleCount", "Sum", "Average", "Minimum", "Maximum"})


@dataclass(frozen=True)
class Metric:
    """The identity of a metric: namespace, name and every dimension."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @classmethod
    def parse(cls, namespace: str, stated: Mapping[str, Any]) -> Metric:
        """From the API's `{"MetricName": ..., "Dimensions": [{"Name": ..., "Value": ...}]}`."""
        dimensions = stated.get("Dimensions") or ()
        return cls(namespace, stated["MetricName"], frozenset((d["Name"], d["Value"]) for d in dimensions))

    def text(self) -> str:
        """An identity that no other metric has."""
        return json.dumps([self.namespace, self.name, sorted(self.dimensions)])

    def described(self) -> dict[str, Any]:
        """The metric as ListMetrics answers it."""
        dimensions = [{"Name": name, "Value": value} for name, value in sorted(self.dimensions)]
        return {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}


@dataclass(frozen=True)
class Sample:
    """Values that were published together. `moment` is in seconds since the epoch.

    `values` maps each value to how often it occurred; it is None for a statistic set, whose values nobody knows.
    """

    moment: float
    count: float
    total: float
    low: float
    high: float
    values: Mapping[float, float] | None
    unit: str

    @classmethod
    def of(cls, moment: float, values: Mapping[float, float], unit: str = "None") -> Sample:
        """A sample of these values and how often each occurred; `moment` in seconds since the epoch."""
        count = sum(values.values())
        total = sum(value * times for value, times in values.items())
        return cls(moment, count, total, min(values), max(values), values, unit)


EXACT = 10_000
"""Samples of a metric that are kept as they came; what is older is kept by the second, the finest that CloudWatch has."""
SECONDS = 10_800
"""Seconds that are kept of a metric, after which it is kept by the minute, as CloudWatch does after three hours."""
_DIGITS = 2
"""Significant digits of older values: CloudWatch's percentiles, too, are of values in ranges."""


class MetricStore:
    """The samples of every metric, in the order of their moments. Older ones are merged, so that memory has a limit."""

    def __init__(self) -> None:
        self._samples: dict[Metric, list[Sample]] = {}
        self._lock = threading.Lock()

    def put(self, metric: Metric, sample: Sample) -> None:
        """Store a sample of a metric."""
        with self._lock:
            samples = self._samples.setdefault(metric, [])
            bisect.insort(samples, sample, key=lambda each: each.moment)
            if len(samples) > EXACT + SECONDS + 2 * EXACT:
                samples[:-EXACT] = merged(samples[:-EXACT])

    def between(self, metric: Metric, start: float, end: float, unit: str | None = None) -> list[Sample]:
        """The samples with start <= moment < end, the oldest first; those of one `unit`, or of all."""
        with self._lock:
            samples = self._samples.get(metric, [])
            first = bisect.bisect_left(samples, start, key=lambda each: each.moment)
            last = bisect.bisect_left(samples, end, lo=first, key=lambda each: each.moment)
            return [sample for sample in samples[first:last] if unit is None or sample.unit == unit]

    def last(self, metric: Metric) -> float:
        """When the newest sample of a metric was taken."""
        with self._lock:
            return self._samples[metric][-1].moment

    def metrics(self) -> list[Metric]:
        """Every metric that has a sample."""
        with self._lock:
            return list(self._samples)


def merged(samples: Sequence[Sample]) -> list[Sample]:
    """Samples of the same second and unit as one; before the last SECONDS of them, those of the same minute."""
    newest = samples[-1].moment if samples else 0.0
    groups: dict[tuple[float, str, bool], list[Sample]] = {}
    for each in samples:
        width = 1 if newest - each.moment < SECONDS else 60
        groups.setdefault((each.moment // width * width, each.unit, each.values is None), []).append(each)
    return sorted((_merge_group(group) for group in groups.values()), key=lambda each: each.moment)


def _merge_group(group: Sequence[Sample]) -> Sample:
    values: dict[float, float] | None = None
    if group[0].values is not None:
        values = {}
        for each in group:
            for value, times in (each.values or {}).items():
                near = float(f"{value:.{_DIGITS - 1}e}") if len(group) > 1 else value
                values[near] = values.get(near, 0) + times
    return Sample(
        min(each.moment for each in group),
        sum(each.count for each in group),
        sum(each.total for each in group),
        min(each.low for each in group),
        max(each.high for each in group),
        values,
        group[0].unit,
    )


def is_statistic(name: str) -> bool:
    """Whether `name` is a statistic or percentile ("p99.9") that `statistic` knows."""
    return name in _SIMPLE or _PERCENTILE.fullmatch(name) is not None


def statistic(samples: Sequence[Sample], name: str) -> float | None:
    """One statistic over samples: SampleCount, Sum, Average, Minimum, Maximum or a percentile "p99".

    None where there is nothing to calculate it from; so, as on CloudWatch, a percentile of statistic sets with more
    than one value each.
    """
    if not samples:
        return None
    match name:
        case "SampleCount":
            return sum(sample.count for sample in samples)
        case "Sum":
            return sum(sample.total for sample in samples)
        case "Average":
            count = sum(sample.count for sample in samples)
            return sum(sample.total for sample in samples) / count if count else None
        case "Minimum":
            return min(sample.low for sample in samples)
        case "Maximum":
            return max(sample.high for sample in samples)
        case _:
            return _percentile(samples, float(name[1:]))


def _percentile(samples: Iterable[Sample], percent: float) -> float | None:
    """The smallest value that at least `percent` of all values do not exceed (nearest rank)."""
    counts: dict[float, float] = {}
    for sample in samples:
        values = sample.values
        if values is None:
            if sample.low != sample.high:
                return None
            values = {sample.low: sample.count}
        for value, times in values.items():
            counts[value] = counts.get(value, 0) + times
    rank = sum(counts.values()) * percent / 100
    seen = 0.0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= rank:
            return value
    return None
