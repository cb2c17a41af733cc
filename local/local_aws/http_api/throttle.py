"""Throttles a route with a token bucket, like API Gateway."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ACCOUNT_RATE = 10_000.0
ACCOUNT_BURST = 5_000


@dataclass
class _Bucket:
    tokens: float
    filled: float


class Throttle:
    """The buckets of all routes.

    A route's bucket holds `burst` tokens and gets `rate` a second; a request takes one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def admits(self, api: str, stage: Mapping[str, Any], route_key: str) -> bool:
        """Whether a request may pass, by the stage's settings for the route, or else for all."""
        settings = {**stage.get("DefaultRouteSettings", {}), **stage["RouteSettings"].get(route_key, {})}
        rate = float(settings.get("ThrottlingRateLimit", ACCOUNT_RATE))
        burst = int(settings.get("ThrottlingBurstLimit", ACCOUNT_BURST))
        now = time.monotonic()
        with self._lock:
            key = (api, stage["StageName"], route_key)
            bucket = self._buckets.setdefault(key, _Bucket(burst, now))
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled) * rate)
            bucket.filled = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True
