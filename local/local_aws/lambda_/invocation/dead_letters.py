"""Events that Lambda gives up: to the function's dead-letter queue, and to its destination for failures.

A dead letter is the event alone, with attributes; a destination gets a record of the whole invocation. A function may have
both. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.kernel.account import Account
from local_aws.lambda_.function import EventConfig, Version
from local_aws.lambda_.invocation.execution import Outcome

log = logging.getLogger(__name__)

MESSAGE_CHARACTERS = 1024

RETRIES_EXHAUSTED, AGE_EXCEEDED = "RetriesExhausted", "EventAgeExceeded"


@dataclass(frozen=True)
class Discarded:
    """An event that is given up. `outcome` is its last invocation's; None where none could begin."""

    version: Version
    config: EventConfig | None
    request_id: str
    payload: bytes
    condition: str
    attempts: int
    outcome: Outcome | None


class DeadLetters:
    """Tells of events that are given up."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def send(self, discarded: Discarded) -> None:
        """Raises nothing: on AWS, too, nobody hears of a letter that is lost but the metrics."""
        dead_letters = discarded.version.settings.get("DeadLetterConfig", {}).get("TargetArn")
        if dead_letters:
            self._send(dead_letters, discarded.payload.decode(), discarded, _attributes(discarded))
        if discarded.config and discarded.config.on_failure:
            self._send(discarded.config.on_failure, json.dumps(_record(discarded)), discarded, {})

    def _send(
        self, target: str, body: str, discarded: Discarded, attributes: Mapping[str, Mapping[str, str]]
    ) -> None:
        # Lambda sends under the function's role, which has to be allowed it.
        role, name = discarded.version.settings["Role"], discarded.version.name
        client = self._account.client_of_role(role, "sns" if ":sns:" in target else "sqs", name)
        try:
            if ":sns:" in target:
                client.publish(TopicArn=target, Message=body, MessageAttributes=attributes)
                return
            url = self._account.client("sqs").get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"]
            client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
        except (ClientError, BotoCoreError):
            log.warning("%s cannot be told of an event of %s", target, discarded.version.name, exc_info=True)


def _attributes(discarded: Discarded) -> dict[str, dict[str, str]]:
    code, message = "429", "Rate Exceeded."
    if discarded.outcome is not None:
        code, message = "200", _error(discarded.outcome).get("errorMessage") or "unknown"
    return {
        "RequestID": {"DataType": "String", "StringValue": discarded.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": code},
        "ErrorMessage": {"DataType": "String", "StringValue": message[:MESSAGE_CHARACTERS]},
    }


def _record(discarded: Discarded) -> dict[str, Any]:
    now, outcome = datetime.now(UTC), discarded.outcome
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
        "requestContext": {
            "requestId": discarded.request_id,
            "functionArn": f"{discarded.version.arn}:{discarded.version.number}",
            "condition": discarded.condition,
            "approximateInvokeCount": discarded.attempts,
        },
        "requestPayload": json.loads(discarded.payload),
    }
    if outcome is None:
        return record
    context = {"statusCode": 200, "executedVersion": discarded.version.number, "functionError": "Unhandled"}
    return {**record, "responseContext": context, "responsePayload": json.loads(outcome.payload)}


def _error(outcome: Outcome) -> dict[str, Any]:
    answer = json.loads(outcome.payload)
    return answer if isinstance(answer, dict) else {}
