"""The record of calls with role, action and resource, with which tests prove permissions."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload


@dataclass(frozen=True)
class Call:
    """One action that a request takes; a request may take several (a copy reads and writes, a RoleArn is passed).

    `role_arn` is None for the account's administrator and for AWS's own services. `action` is IAM's ("s3:ListBucket"),
    `operation` the API's ("ListObjectsV2"), `service` boto3's name. `resources` are ARNs, or "*" alone. `context` holds the
    condition keys that the request sets, with their values.
    """

    role_arn: str | None
    service: str
    operation: str
    action: str
    resources: tuple[str, ...]
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()


LIMIT = 500_000
"""Calls that are remembered; of a server that runs for days, the newest."""

DISTINCT = 20_000
"""Calls that differ, which is what takes room: the objects of a bucket have a name each. Some twelve megabytes."""


class Calls(Sequence[Call]):
    """The calls since the server started, in order, up to `limit` of the newest and `distinct` that differ.

    Safe to read while it grows; equal calls are one object.
    """

    def __init__(self, limit: int = LIMIT, distinct: int = DISTINCT) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._distinct = distinct
        self._forgotten = 0
        self._calls: list[Call] = []
        self._known: dict[Call, Call] = {}

    def add(self, call: Call) -> None:
        """Record a call; the oldest are dropped beyond the limit."""
        with self._lock:
            self._calls.append(self._known.setdefault(call, call))
            if len(self._calls) >= 2 * self._limit:
                self._forget(len(self._calls) - self._limit)
            while len(self._known) > self._distinct:
                self._forget((len(self._calls) + 1) // 2)

    def since(self, mark: int) -> list[Call]:
        """Those after the first `mark`, which is what `len` said at some moment."""
        with self._lock:
            return self._calls[max(mark - self._forgotten, 0) :]

    def _forget(self, oldest: int) -> None:
        self._forgotten += oldest
        self._calls = self._calls[oldest:]
        self._known = {call: call for call in self._calls}

    def __len__(self) -> int:
        with self._lock:
            return self._forgotten + len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        return iter(self.since(0))

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> list[Call]: ...
    def __getitem__(self, index: int | slice) -> Call | list[Call]:
        with self._lock:
            return self._calls[index]
