"""Asynchronous invocations: an event waits its turn, is tried three times, and then goes to the dead-letter queue.

After https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html: one minute before the first
retry and two before the second; throttled events are tried after one second, then two, up to five minutes. The function's
EventInvokeConfig may say fewer retries than two, and a shorter life of an event than six hours.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from dataclasses import dataclass

from local_aws.kernel.wire import ServiceError
from local_aws.lambda_.function import EventConfig, Version
from local_aws.lambda_.invocation.dead_letters import AGE_EXCEEDED, RETRIES_EXHAUSTED, DeadLetters, Discarded
from local_aws.lambda_.invocation.execution import Outcome
from local_aws.lambda_.invocation.invoker import Invoker
from local_aws.lambda_.names import Reference
from local_aws.lambda_.store import Store

log = logging.getLogger(__name__)

RETRY_SECONDS = (60.0, 120.0)
THROTTLED_SECONDS = (1.0, 300.0)
"""The first and the longest wait of a throttled event."""
LONGEST_AGE_SECONDS = 6 * 3600.0


@dataclass(frozen=True)
class _Event:
    """An event on its way. `accepted` is the monotonic time since which it waits."""

    reference: Reference
    payload: bytes
    request_id: str
    accepted: float


class EventQueue:
    """Events under way, each in a thread of its own. LOCAL_AWS_TIME_SCALE shrinks their waits, and their life."""

    def __init__(self, store: Store, invoker: Invoker) -> None:
        self.store = store
        self._scale = store.account.time_scale
        self._invoker = invoker
        self._letters = DeadLetters(store.account)
        self._closed = threading.Event()

    def put(self, reference: Reference, payload: bytes) -> None:
        """Take an event on. Returns at once."""
        event = _Event(reference, payload, str(uuid.uuid4()), time.monotonic())
        threading.Thread(target=self._deliver, args=[event], name="lambda-event", daemon=True).start()

    def close(self) -> None:
        """Drop the events that wait."""
        self._closed.set()

    def _deliver(self, event: _Event) -> None:
        try:
            discarded = self._attempt(event)
        except ServiceError as error:  # the function is deleted
            log.warning("An event for %s is dropped: %s", event.reference.name, error.message)
            return
        if discarded is not None and not self._closed.is_set():
            self._letters.send(discarded)

    def _attempt(self, event: _Event) -> Discarded | None:
        """Invoke until it succeeds or is given up: what is given up then. Raises ServiceError."""
        config = self._config(event.reference)
        retries = len(RETRY_SECONDS) if config is None or config.retries is None else config.retries
        end = self._expiry(event, config)
        attempts = 0
        while True:
            version, outcome = self._invoke_when_free(event, end)
            if outcome is not None and not outcome.failed:
                return None
            attempts += outcome is not None
            if outcome is None:
                return self._discarded(event, version, AGE_EXCEEDED, attempts, None)
            if attempts > retries:
                return self._discarded(event, version, RETRIES_EXHAUSTED, attempts, outcome)
            wait = RETRY_SECONDS[attempts - 1] * self._scale
            if time.monotonic() + wait > end:
                return self._discarded(event, version, AGE_EXCEEDED, attempts, outcome)
            if self._closed.wait(wait):
                return None

    def _invoke_when_free(self, event: _Event, end: float) -> tuple[Version, Outcome | None]:
        """The outcome of an invocation; None where there is no room for it until `end`. Raises ServiceError."""
        pause, longest = THROTTLED_SECONDS
        while True:
            try:
                return self._invoker.run(event.reference, event.payload, event.request_id)
            except ServiceError as error:
                if error.status != 429:
                    raise
                wait = pause * self._scale
                if time.monotonic() + wait > end or self._closed.wait(wait):
                    return self.store.version(event.reference), None
                pause = min(pause * 2, longest)

    def _config(self, reference: Reference) -> EventConfig | None:
        with self.store.lock:
            return self.store.find(reference).event_configs.get(reference.unified)

    def _expiry(self, event: _Event, config: EventConfig | None) -> float:
        stated = config.age_seconds if config else None
        return event.accepted + (LONGEST_AGE_SECONDS if stated is None else stated) * self._scale

    def _discarded(
        self, event: _Event, version: Version, condition: str, attempts: int, outcome: Outcome | None
    ) -> Discarded:
        config = self._config(event.reference)
        return Discarded(version, config, event.request_id, event.payload, condition, attempts, outcome)
