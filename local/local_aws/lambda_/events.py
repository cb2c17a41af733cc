"""Asynchronous invocations: an event waits its turn, is tried three times, and then goes to the dead-letter queue.

After https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html: one minute before the first
retry and two before the second; throttled events are tried for six hours, after one second, then two, up to five minutes.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.lambda_.execution import Outcome
from local_aws.lambda_.function import Version
from local_aws.lambda_.invoker import Invoker
from local_aws.lambda_.names import Reference
from local_aws.lambda_.store import Store
from local_aws.wire import ServiceError

log = logging.getLogger(__name__)

RETRY_SECONDS = (60.0, 120.0)
THROTTLED_SECONDS = (1.0, 300.0)
"""The first and the longest wait of a throttled event."""
LONGEST_AGE_SECONDS = 6 * 3600.0
MESSAGE_CHARACTERS = 1024


class EventQueue:
    """Events under way, each in a thread of its own. LOCAL_AWS_TIME_SCALE shrinks their waits."""

    def __init__(self, store: Store, invoker: Invoker) -> None:
        self._store = store
        self._scale = store.account.time_scale
        self._invoker = invoker
        self._closed = threading.Event()

    def put(self, reference: Reference, payload: bytes) -> None:
        """Take an event on. Returns at once."""
        arguments = (reference, payload, str(uuid.uuid4()))
        threading.Thread(target=self._deliver, args=arguments, name="lambda-event", daemon=True).start()

    def close(self) -> None:
        """Drop the events that wait."""
        self._closed.set()

    def _deliver(self, reference: Reference, payload: bytes, request_id: str) -> None:
        for wait in (*RETRY_SECONDS, None):
            try:
                version, outcome = self._unthrottled(reference, payload, request_id)
            except ServiceError as error:  # the function is deleted, or always throttled
                log.warning("An event for %s is dropped: %s", reference.name, error.message)
                return
            if not outcome.failed:
                return
            if wait is not None and self._closed.wait(wait * self._scale):
                return
        self._bury(version, payload, request_id, outcome)

    def _unthrottled(self, reference: Reference, payload: bytes, request_id: str) -> tuple[Version, Outcome]:
        pause, longest = THROTTLED_SECONDS
        end = time.monotonic() + LONGEST_AGE_SECONDS * self._scale
        while True:
            try:
                return self._invoker.run(reference, payload, request_id)
            except ServiceError as error:
                if error.status != 429 or time.monotonic() > end:
                    raise
                if self._closed.wait(pause * self._scale):
                    raise
                pause = min(pause * 2, longest)

    def _bury(self, version: Version, payload: bytes, request_id: str, outcome: Outcome) -> None:
        target = version.settings.get("DeadLetterConfig", {}).get("TargetArn")
        if not target:
            return
        message = json.loads(outcome.payload).get("errorMessage", "")[:MESSAGE_CHARACTERS]
        attributes = {
            "RequestID": {"DataType": "String", "StringValue": request_id},
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": {"DataType": "String", "StringValue": message or "unknown"},
        }
        try:
            self._send(target, payload.decode(), attributes)
        except (ClientError, BotoCoreError):
            # On AWS, too, nobody hears of it but the metric DeadLetterErrors.
            log.warning("The dead letter of %s cannot be put into %s", version.name, target, exc_info=True)

    def _send(self, target: str, body: str, attributes: dict[str, dict[str, str]]) -> None:
        client = self._store.account.client
        if ":sns:" in target:
            client("sns").publish(TopicArn=target, Message=body, MessageAttributes=attributes)
            return
        url = client("sqs").get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"]
        client("sqs").send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
