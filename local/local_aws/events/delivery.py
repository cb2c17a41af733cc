"""From a rule to its targets: with retries, dead letters and metrics, each delivery in a thread of its own.

After https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html: what cannot be cured by waiting goes to the
dead-letter queue at once; the rest is tried again with growing pauses, until an attempt or the event's age is the last.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.events import transform
from local_aws.events.errors import DeliveryError
from local_aws.events.senders import QueueSender, Sender
from local_aws.events.store import Rule, Target
from local_aws.events.targets import service_of
from local_aws.kernel.account import Account

log = logging.getLogger(__name__)

NAMESPACE = "AWS/Events"
RETRIES = 185
AGE_SECONDS = 24 * 3600
"""The retry policy of a target that states none."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 600.0
"""EventBridge backs off exponentially, with jitter; its figures are not documented."""

Event = Mapping[str, Any]


class Deliveries:
    """Deliveries under way. LOCAL_AWS_TIME_SCALE shrinks their pauses, and the age that an event may reach.

    `senders` are by the service of a target's ARN; `letters` takes dead letters.
    """

    def __init__(self, account: Account, senders: Mapping[str, Sender], letters: QueueSender) -> None:
        self._account = account
        self._senders = senders
        self._letters = letters
        self._closed = threading.Event()

    def begin(self, event: Event, rule: Rule) -> None:
        """Deliver `event` to every target of `rule`. Returns at once."""
        for target in rule.targets.values():
            arguments = (event, rule, target)
            threading.Thread(target=self._deliver, args=arguments, name="event", daemon=True).start()

    def close(self) -> None:
        """Drop what waits."""
        self._closed.set()

    def _deliver(self, event: Event, rule: Rule, target: Target) -> None:
        error, retries, exhausted = self._attempt(event, rule, target)
        if self._closed.is_set():
            return
        self._publish_metric(rule, "Invocations")
        if error is None:
            return
        log.warning("%s does not reach %s: %s", rule.arn, target["Arn"], error)
        self._publish_metric(rule, "FailedInvocations")
        letters = (target.get("DeadLetterConfig") or {}).get("Arn")
        if letters:
            attributes = {
                "RULE_ARN": rule.arn,
                "TARGET_ARN": target["Arn"],
                "ERROR_CODE": error.code,
                "ERROR_MESSAGE": str(error),
                "RETRY_ATTEMPTS": str(retries),
                **({"EXHAUSTED_RETRY_CONDITION": exhausted} if exhausted else {}),
            }
            self._send_dead_letter(letters, json.dumps(event), attributes, rule)

    def _attempt(
        self, event: Event, rule: Rule, target: Target
    ) -> tuple[DeliveryError | None, int, str | None]:
        """The last error, or None; how many retries there were; and which limit ended them, if one did."""
        policy = target.get("RetryPolicy") or {}
        most = policy.get("MaximumRetryAttempts", RETRIES)
        scale = self._account.time_scale
        end = time.monotonic() + policy.get("MaximumEventAgeInSeconds", AGE_SECONDS) * scale
        pause, retries = FIRST_PAUSE_SECONDS, 0
        while True:
            try:
                self._senders[service_of(target)].send(target, transform.rendered(target, event, rule), rule)
                return None, retries, None
            except DeliveryError as error:
                if not error.retriable:
                    return error, retries, None
                if retries >= most:
                    return error, retries, "MaximumRetryAttempts"
                wait = pause * scale * random.uniform(0.5, 1.0)
                if time.monotonic() + wait > end:
                    return error, retries, "MaximumEventAgeInSeconds"
                if self._closed.wait(wait):
                    return error, retries, None
            pause, retries = min(pause * 2, LONGEST_PAUSE_SECONDS), retries + 1

    def _send_dead_letter(self, queue_arn: str, body: str, attributes: Mapping[str, str], rule: Rule) -> None:
        try:
            self._letters.send_dead_letter(queue_arn, body, attributes, rule)
        except DeliveryError as error:
            # On AWS, too, nobody hears of it but the metric.
            log.warning("The dead letter of %s is lost: %s", rule.arn, error)
            self._publish_metric(rule, "InvocationsFailedToBeSentToDlq")
        else:
            self._publish_metric(rule, "InvocationsSentToDlq")

    def _publish_metric(self, rule: Rule, metric: str) -> None:
        datum = {
            "MetricName": metric,
            "Dimensions": [{"Name": "RuleName", "Value": rule.name}],
            "Value": 1.0,
            "Unit": "Count",
        }
        try:
            self._account.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=[datum])
        except (ClientError, BotoCoreError):
            if not self._closed.is_set():
                log.warning("The metric %s of %s is lost", metric, rule.arn, exc_info=True)
