"""Limits of rates: a bucket for each key holds tokens and is refilled steadily, and what passes takes one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass
class _Bucket:
    tokens: float
    filled: float


class TokenBuckets:
    """Buckets by key. A new one is full. `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[Hashable, _Bucket] = {}

    def admits(self, key: Hashable, rate: float, burst: float) -> bool:
        """Take a token of the key's bucket, which holds `burst` tokens and gets `rate` a second; False where there is none."""
        now = self._clock()
        with self._lock:
            bucket = self._buckets.setdefault(key, _Bucket(burst, now))
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled) * rate)
            bucket.filled = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True
