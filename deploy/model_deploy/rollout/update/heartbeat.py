"""Publishes two metrics while a rollout watches an update: a heartbeat, and the number of failed probe cases.

Both have an alarm (`stacks.alarms`). The process that watches sends the heartbeat. If it is killed or stops waiting,
the data ends and SageMaker rolls the update back.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from model_deploy.aws.clients import Aws
from model_deploy.core.plan.deployment import CONTRACT_FAILURES, METRICS, WATCHED
from model_deploy.rollout.update.probes import Probes

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricDatumTypeDef

PUBLISH_SECONDS = 0.25
"""The seconds between two publications."""


class Heartbeat:
    """Publishes from `start` to `stop`. `problem` is the reason why it could not publish, if there is one."""

    def __init__(self, aws: Aws, endpoint: str, probes: Probes | None) -> None:
        self.problem = ""
        self._cloudwatch, self._endpoint, self._probes = aws.cloudwatch, endpoint, probes
        self._published = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Start to publish."""
        self._thread.start()

    def stop(self) -> None:
        """Stop publishing, and wait for the last call."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic()
        try:
            while not self._stopped.wait(max(0.0, due - time.monotonic())):
                due = time.monotonic() + PUBLISH_SECONDS
                self._publish()
        except Exception as error:
            self.problem = f"{WATCHED} is not published any more ({type(error).__name__}: {error})"

    def _publish(self) -> None:
        metrics = [self._metric(WATCHED, 1)]
        failures = self._probes.failures if self._probes is not None else 0
        if self._probes is not None:
            # Zero is published too: an alarm without data says nothing.
            metrics.append(self._metric(CONTRACT_FAILURES, failures - self._published))
        try:
            self._cloudwatch.put_metric_data(Namespace=METRICS, MetricData=metrics)
        except (ClientError, BotoCoreError) as error:
            self.problem = f"{WATCHED} could not be published: {error}"
            return
        self._published = failures

    def _metric(self, name: str, value: float) -> MetricDatumTypeDef:
        return {
            "MetricName": name,
            "Dimensions": [{"Name": "EndpointName", "Value": self._endpoint}],
            "Value": value,
            "Unit": "Count",
        }
