"""An endpoint's metrics in CloudWatch: counted on the request path, published from a thread of their own.

Namespace AWS/SageMaker, dimensions EndpointName and VariantName. An invocation counts as 0 or 1 in Invocation4XXErrors and
Invocation5XXErrors, so that their Average is a rate. Latencies are in microseconds.
https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.kernel.account import Account

log = logging.getLogger(__name__)

NAMESPACE = "AWS/SageMaker"
VALUES_OF_A_DATUM = 150
"""CloudWatch takes no more different values at once."""
DATA_OF_A_CALL = 20

FLUSH_SECONDS = 10.0
"""Scaled by LOCAL_AWS_TIME_SCALE like the periods of the alarms that look at the metrics, within these limits."""
SHORTEST_FLUSH_SECONDS = 0.1
LONGEST_FLUSH_SECONDS = 1.0


@dataclass(frozen=True)
class Invocation:
    """The figures of one invocation, in seconds; `model_seconds` is None if the container was not reached."""

    status: int
    model_seconds: float | None
    overhead_seconds: float
    instances: int


class Counts:
    """The invocations of one variant since the last flush: for each metric its values and how often they occurred."""

    def __init__(self) -> None:
        self.of: dict[str, Counter[float]] = {name: Counter() for name in _UNITS}

    def add(self, invocation: Invocation) -> None:
        """Count one invocation."""
        of = self.of
        of["Invocations"][1.0] += 1
        of["InvocationsPerInstance"][1.0 / max(invocation.instances, 1)] += 1
        of["Invocation4XXErrors"][float(400 <= invocation.status < 500)] += 1
        of["Invocation5XXErrors"][float(invocation.status >= 500)] += 1
        of["OverheadLatency"][_microseconds(invocation.overhead_seconds)] += 1
        if invocation.model_seconds is not None:
            of["ModelLatency"][_microseconds(invocation.model_seconds)] += 1


_UNITS = {
    "Invocations": "None",
    "InvocationsPerInstance": "None",
    "Invocation4XXErrors": "None",
    "Invocation5XXErrors": "None",
    "ModelLatency": "Microseconds",
    "OverheadLatency": "Microseconds",
}


class InvocationMetrics:
    """The metrics of every endpoint, until it is closed."""

    def __init__(self, account: Account) -> None:
        self._client = account.client("cloudwatch")
        self._pause = min(
            max(FLUSH_SECONDS * account.time_scale, SHORTEST_FLUSH_SECONDS), LONGEST_FLUSH_SECONDS
        )
        self._counts: dict[tuple[str, str], Counts] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="invocation-metrics", daemon=True)
        self._thread.start()

    def add(self, endpoint: str, variant: str, invocation: Invocation) -> None:
        """Count one invocation of a variant."""
        with self._lock:
            counts = self._counts.get((endpoint, variant))
            if counts is None:
                counts = self._counts[endpoint, variant] = Counts()
            counts.add(invocation)

    def close(self) -> None:
        """Publish the remaining counts."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(self._pause):
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            taken, self._counts = self._counts, {}
        data = (datum for names, counts in taken.items() for datum in _data(*names, counts))
        while some := list(itertools.islice(data, DATA_OF_A_CALL)):
            try:
                self._client.put_metric_data(Namespace=NAMESPACE, MetricData=some)
            except (ClientError, BotoCoreError):
                log.warning("%d metrics of endpoints could not be published", len(some), exc_info=True)


def _data(endpoint: str, variant: str, counts: Counts) -> Iterator[dict[str, Any]]:
    now = datetime.now(UTC)
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    for name, counter in counts.of.items():
        pairs = iter(counter.items())
        while some := list(itertools.islice(pairs, VALUES_OF_A_DATUM)):
            yield {
                "MetricName": name,
                "Dimensions": dimensions,
                "Timestamp": now,
                "Values": [value for value, _ in some],
                "Counts": [float(count) for _, count in some],
                "Unit": _UNITS[name],
            }


def _microseconds(seconds: float) -> float:
    """To three digits: many latencies then share a value, and a percentile is off by half a percent at most."""
    return float(f"{seconds * 1e6:.3g}")
