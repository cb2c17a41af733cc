"""Invokes the targets of schedules as their roles: with retries, and a dead letter for what is given up.

After https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-retry-policy.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.kernel.account import Account

log = logging.getLogger(__name__)

SESSION_NAME = "AmazonEventBridgeScheduler"
RETRIES, AGE_SECONDS = 185, 24 * 3600
"""The retry policy of a target that states none."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 600.0
"""The scheduler backs off exponentially; its figures are not documented."""


class Invocations:
    """Invocations under way, each in a thread of its own. LOCAL_AWS_TIME_SCALE shrinks their pauses, and their age."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._closed = threading.Event()

    def begin(self, schedule_arn: str, target: Mapping[str, Any]) -> None:
        """Invoke a function asynchronously. Returns at once."""
        threading.Thread(
            target=self._invoke, args=(schedule_arn, target), name="schedule", daemon=True
        ).start()

    def close(self) -> None:
        """Drop what waits for another attempt."""
        self._closed.set()

    def _invoke(self, schedule_arn: str, target: Mapping[str, Any]) -> None:
        error = self._tried(target)
        if error is None or self._closed.is_set():
            return
        log.warning("%s does not reach %s: %s", schedule_arn, target["Arn"], error)
        if queue_arn := (target.get("DeadLetterConfig") or {}).get("Arn"):
            self._bury(queue_arn, schedule_arn, target, error)

    def _tried(self, target: Mapping[str, Any]) -> ClientError | BotoCoreError | None:
        """The last error, None where an attempt succeeded."""
        policy, scale = target.get("RetryPolicy") or {}, self._account.time_scale
        end = time.monotonic() + policy.get("MaximumEventAgeInSeconds", AGE_SECONDS) * scale
        retries, pause = policy.get("MaximumRetryAttempts", RETRIES), FIRST_PAUSE_SECONDS
        client = self._account.client_of_role(target["RoleArn"], "lambda", SESSION_NAME)
        while True:
            try:
                body = target.get("Input", "{}").encode()
                client.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=body)
                return None
            except (ClientError, BotoCoreError) as error:
                if retries == 0 or time.monotonic() + pause * scale > end or self._closed.wait(pause * scale):
                    return error
            retries, pause = retries - 1, min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _bury(
        self, queue_arn: str, schedule_arn: str, target: Mapping[str, Any], error: ClientError | BotoCoreError
    ) -> None:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        facts = {
            "ERROR_CODE": code,
            "ERROR_MESSAGE": str(error),
            "SCHEDULE_ARN": schedule_arn,
            "TARGET_ARN": target["Arn"],
        }
        stated = {name: {"DataType": "String", "StringValue": value} for name, value in facts.items()}
        client = self._account.client_of_role(target["RoleArn"], "sqs", SESSION_NAME)
        try:
            name = queue_arn.rpartition(":")[2]
            url = self._account.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
            client.send_message(QueueUrl=url, MessageBody=target.get("Input", "{}"), MessageAttributes=stated)
        except (ClientError, BotoCoreError):
            log.warning("The dead letter of %s is lost", schedule_arn, exc_info=True)
