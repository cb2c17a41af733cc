"""Metrics of queues, which moto does not publish: what alarms look at is read from SQS, once a minute, as on AWS.

Namespace AWS/SQS, dimension QueueName. Queues that no alarm looks at have no metrics here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.cloudwatch.alarm import Alarm
from local_aws.cloudwatch.series import Metric, MetricStore, Sample
from local_aws.kernel.account import Account

log = logging.getLogger(__name__)

NAMESPACE = "AWS/SQS"
SECONDS = 60.0
"""Between two readings. LOCAL_AWS_TIME_SCALE shrinks it."""

ATTRIBUTES = {
    "ApproximateNumberOfMessagesVisible": "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
}
"""The metrics, and the attribute of a queue that each is."""


class QueueMetrics:
    """Reads the queues that alarms look at. One thread calls it."""

    def __init__(self, account: Account, store: MetricStore) -> None:
        self._account = account
        self._store = store
        self._read: dict[str, float] = {}

    def read(self, alarms: Iterable[Alarm]) -> None:
        """Put the metrics of each queue whose minute is over."""
        for name in {name for alarm in alarms for name in _queues(alarm.stated)}:
            now = time.monotonic()
            if now - self._read.get(name, float("-inf")) >= SECONDS * self._account.time_scale:
                self._read[name] = now
                self._put(name)

    def _put(self, name: str) -> None:
        sqs = self._account.client("sqs")
        try:
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            names = list(ATTRIBUTES.values())
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        except (ClientError, BotoCoreError) as error:
            log.debug("The queue %s cannot be read: %s", name, error)
            return
        for metric, attribute in ATTRIBUTES.items():
            sample = Sample.of(time.time(), {float(found[attribute]): 1.0}, "Count")
            self._store.put(Metric(NAMESPACE, metric, frozenset({("QueueName", name)})), sample)


def _queues(stated: Mapping[str, Any]) -> Iterator[str]:
    """The names of the queues that an alarm looks at."""
    looked_at = [
        query["MetricStat"]["Metric"] for query in stated.get("Metrics", ()) if "MetricStat" in query
    ]
    for metric in [stated, *looked_at]:
        if metric.get("Namespace") == NAMESPACE:
            yield from (each["Value"] for each in metric.get("Dimensions", ()) if each["Name"] == "QueueName")
