"""The warm execution environments of all functions, and how many there may be."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from local_aws.containers.images import Image, Kind
from local_aws.containers.interpreter import Interpreters
from local_aws.kernel.account import Account
from local_aws.lambda_.errors import throttled
from local_aws.lambda_.function import Version
from local_aws.lambda_.invocation.execution import ExecutionEnvironment

CONCURRENCY = 64
"""Invocations that run at once in the account, as processes of this machine. AWS has 1,000, or 10 in a new account."""

IDLE_SECONDS = 300.0
"""After so long without an invocation an environment ends. LOCAL_AWS_TIME_SCALE shrinks it."""

_INTERRUPTED_SECONDS = 2.0

RUNTIME = Image("lambda-python", Kind.SCRIPT, "boto3")


class Pool:
    """Lends execution environments: a warm one where there is one, or else a new one."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._changed = threading.Condition()
        self._idle: dict[str, list[tuple[ExecutionEnvironment, float]]] = defaultdict(list)
        self._busy: Counter[str] = Counter()
        self._working: set[ExecutionEnvironment] = set()
        self._retired: set[str] = set()
        self._python: Path | None = None
        self._closed = False
        self._reaper = threading.Thread(target=self._reap, name="lambda-reaper", daemon=True)
        self._reaper.start()

    @contextlib.contextmanager
    def environment(self, version: Version, reserved: int | None) -> Iterator[ExecutionEnvironment]:
        """An environment of this version, for one invocation. Raises ServiceError where too many run already.

        `reserved` is the reserved concurrency of the function, which all its versions share. Source: AWS Lambda API reference,
        PutFunctionConcurrency.
        """
        environment = self._take(version, reserved)
        with self._changed:
            self._working.add(environment)
        try:
            yield environment
        finally:
            self._give_back(environment)

    def retire(self, versions: Iterable[Version]) -> None:
        """End the environments of versions that are no more; those at work end with what they do."""
        with self._changed:
            keys = [version.revision for version in versions]
            self._retired.update(keys)
            gone = [environment for key in keys for environment, _ in self._idle.pop(key, [])]
        for environment in gone:
            environment.close()

    def close(self) -> None:
        """End all environments, those at work, too."""
        with self._changed:
            self._closed = True
            gone = [environment for idle in self._idle.values() for environment, _ in idle]
            self._idle.clear()
            for environment in self._working:
                environment.interrupt()
            self._changed.notify_all()
        for environment in gone:
            environment.close()
        self._reaper.join()
        with self._changed:
            self._changed.wait_for(lambda: not self._working, _INTERRUPTED_SECONDS)

    def _take(self, version: Version, reserved: int | None) -> ExecutionEnvironment:
        with self._changed:
            limit = CONCURRENCY if reserved is None else reserved
            running = self._busy.total() if reserved is None else self._busy[version.name]
            if running >= limit:
                raise throttled()
            self._busy[version.name] += 1
            idle = self._idle.get(version.revision)
            if idle:
                return idle.pop()[0]
        try:
            return ExecutionEnvironment(self._account, version, self._interpreter())
        except BaseException:
            with self._changed:
                self._busy[version.name] -= 1
            raise

    def _give_back(self, environment: ExecutionEnvironment) -> None:
        key = environment.version.revision
        with self._changed:
            kept = environment.usable and not self._closed and key not in self._retired
        if not kept:
            environment.close()
        with self._changed:
            self._busy[environment.version.name] -= 1
            self._working.remove(environment)
            if kept:
                self._idle[key].append((environment, time.monotonic()))
            self._changed.notify_all()

    def _interpreter(self) -> Path:
        """The Python that every function runs in, made for the first one."""
        with self._changed:
            if self._python is None:
                folder = self._account.state / "lambda"
                programs = Interpreters(folder).make(RUNTIME, folder / "python")
                self._python = programs / "python3"
            return self._python

    def _reap(self) -> None:
        limit = IDLE_SECONDS * self._account.time_scale
        while not self._closed:
            with self._changed:
                times = [since for idle in self._idle.values() for _, since in idle]
                wait = min(times) + limit - time.monotonic() if times else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                over = time.monotonic() - limit
                gone = [each for idle in self._idle.values() for each, since in idle if since <= over]
                self._idle = defaultdict(
                    list,
                    {
                        key: [(each, since) for each, since in idle if since > over]
                        for key, idle in self._idle.items()
                    },
                )
            for environment in gone:
                environment.close()
