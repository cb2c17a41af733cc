"""Clients that keep asking an endpoint, and count what failed."""

from __future__ import annotations

import json
import threading
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

CLIENTS = 4
_PAUSE = 0.05
"""Seconds between two questions of a client: enough for some hundred during a canary, and for the jobs beside it."""


class Load:
    """Asks from entering to leaving its context; `requests` and `failed` count."""

    def __init__(self, runtime: Any, endpoint: str, texts: list[str]) -> None:
        self.requests = 0
        self.failed = 0
        self._runtime, self._endpoint = runtime, endpoint
        self._body = json.dumps({"instances": texts})
        self._lock = threading.Lock()
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
        while not self._stopped.wait(_PAUSE):
            failed = self._ask()
            with self._lock:
                self.requests += 1
                self.failed += failed

    def _ask(self) -> int:
        try:
            self._runtime.invoke_endpoint(
                EndpointName=self._endpoint, ContentType="application/json", Body=self._body
            )["Body"].read()
        except (ClientError, BotoCoreError):
            return 1
        return 0
