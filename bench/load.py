"""Clients that keep asking an endpoint, and remember of each request when it was, how long it took, and whether it failed."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

CLIENTS = 16
PAUSE_SECONDS = 0.05
"""Between two requests of a client: 16 that never pause measure nothing but how busy the machine is with them."""

TEXTS = (
    "I love it, it is perfect and works great.",
    "Terrible quality, it broke after a day and I returned it.",
    "Arrived on Monday.",
)


@dataclass(frozen=True)
class Sample:
    """One request. `began` is seconds since the epoch."""

    began: float
    seconds: float
    failed: bool

    def overlaps(self, window: tuple[float, float]) -> bool:
        return self.began <= window[1] and self.began + self.seconds >= window[0]


class Load:
    """Asks from entering to leaving its context; `samples` are in no order. Nothing is asked again that failed."""

    def __init__(self, runtime: Any, endpoint: str) -> None:
        self.samples: list[Sample] = []
        self._runtime, self._endpoint = runtime, endpoint
        self._body = json.dumps({"instances": TEXTS})
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CLIENTS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            began, started = time.time(), time.perf_counter()
            failed = self._fails()
            self.samples.append(Sample(began, time.perf_counter() - started, failed))

    def _fails(self) -> bool:
        try:
            self._runtime.invoke_endpoint(
                EndpointName=self._endpoint, ContentType="application/json", Body=self._body
            )["Body"].read()
        except (ClientError, BotoCoreError):
            return True
        return False


def p99(samples: Sequence[Sample]) -> float:
    """Seconds that 99 of 100 requests took at most. Raises ValueError without samples."""
    if not samples:
        raise ValueError("no request was sent in the time that was to be measured")
    seconds = sorted(sample.seconds for sample in samples)
    return seconds[math.ceil(0.99 * len(seconds)) - 1]
