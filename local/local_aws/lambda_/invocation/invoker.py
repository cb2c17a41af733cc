"""Runs functions, for Invoke and for what calls functions over HTTP."""

from __future__ import annotations

import uuid

from local_aws.kernel.limits import maximum
from local_aws.kernel.token_buckets import TokenBuckets
from local_aws.lambda_.errors import throttled, too_large
from local_aws.lambda_.function import Version
from local_aws.lambda_.invocation.execution import Outcome
from local_aws.lambda_.invocation.pool import Pool
from local_aws.lambda_.names import Reference
from local_aws.lambda_.store import Store

REQUEST_BYTES = maximum("lambda.request")
REQUESTS_PER_CONCURRENCY = 10
"""How many synchronous requests a second Lambda takes for each reserved concurrency: "Lambda quotas", developer guide."""


class Invoker:
    """Invokes functions and waits for them."""

    def __init__(self, store: Store, pool: Pool) -> None:
        self.store = store
        self._pool = pool
        self._rates = TokenBuckets()

    def answer(self, reference: Reference, event: bytes) -> tuple[Version, Outcome]:
        """Invoke a function for somebody who waits for the answer.

        Raises ServiceError as `run` does, and where there are too many such requests a second.
        """
        with self.store.lock:
            function = self.store.find(reference)
            name, rate = function.latest.name, (function.reserved or 0) * REQUESTS_PER_CONCURRENCY
        if rate and not self._rates.admits(name, rate, rate):
            raise throttled()
        return self.run(reference, event)

    def run(
        self, reference: Reference, event: bytes, request_id: str | None = None
    ) -> tuple[Version, Outcome]:
        """Invoke a function. `event` is JSON.

        Raises ServiceError where the function does not exist or is throttled, or the event is too large.
        """
        if len(event) > REQUEST_BYTES:
            raise too_large(REQUEST_BYTES)
        with self.store.lock:
            version = self.store.version(reference)
            reserved = self.store.find(reference).reserved
        arn = reference.arn(self.store.account)
        with self._pool.environment(version, reserved) as environment:
            return version, environment.invoke(request_id or str(uuid.uuid4()), arn, event)
