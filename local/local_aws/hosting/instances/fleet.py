"""The instances of one variant in one deployment. It launches and retires; who gets traffic is said in `traffic`."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from local_aws.hosting.deployments.plan import Variant
from local_aws.hosting.errors import HostingError, StoppedError
from local_aws.hosting.instances.connection import Answer
from local_aws.hosting.instances.launcher import Launcher
from local_aws.hosting.instances.serverless import Environments
from local_aws.kernel.account import Account

DRAIN_SECONDS = 60.0
"""The limit of an invocation in seconds. A retired instance is kept so long for its running ones."""


class Target(Protocol):
    """A target of invocations: an instance, or the environments of a serverless variant.

    `enter` says whether it takes one on; every `enter` that does is followed by a `leave`.
    """

    @property
    def is_ready(self) -> bool:
        """Whether the target can take requests."""

    @property
    def load(self) -> int:
        """The requests in progress."""

    def wait_ready(self) -> None:
        """Wait until the target can take requests. Raises an error if it never can."""

    def enter(self) -> bool:
        """Count a request as started; False if the target takes no more."""

    def leave(self) -> None:
        """Count a request as ended."""

    def invoke(self, body: bytes, headers: Mapping[str, str], limit: float) -> Answer:
        """Send a request, and wait at most `limit` seconds for its answer."""

    def drain(self, limit: float) -> None:
        """Take no more requests, and wait at most `limit` seconds for those in progress."""

    def stop(self) -> None:
        """Stop the target."""


class Fleet:
    """A variant's targets, the oldest first: its instances, or one for all environments of a serverless variant."""

    def __init__(self, account: Account, endpoint: str, variant: Variant) -> None:
        self.variant = variant
        self._scale = account.time_scale
        self._launcher = Launcher(account, endpoint, variant)
        self._targets: tuple[Target, ...] = ()
        self._lock = threading.Lock()
        self._closed = False

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets of the fleet."""
        return self._targets

    def launch(self, count: int) -> tuple[Target, ...]:
        """Start `count` more targets at once and wait until all of them serve; returns them.

        Raises LaunchError where one does not start: then none of them is kept.
        """
        started: list[Target] = []
        try:
            self._add(())
            started += [self._start() for _ in range(count)]
            for target in started:
                target.wait_ready()
            self._add(started)
        except HostingError:
            _stop(started)
            raise
        return tuple(started)

    def retire(self, targets: Iterable[Target]) -> None:
        """End targets once they have answered what they work on."""
        leaving = tuple(targets)
        with self._lock:
            self._targets = tuple(target for target in self._targets if target not in leaving)
        if leaving:
            with ThreadPoolExecutor(len(leaving)) as pool:
                list(pool.map(lambda target: target.drain(DRAIN_SECONDS), leaving))
        _stop(leaving)

    def close(self) -> None:
        """Retire every target, and remove the artifact."""
        self.retire(self._targets)
        self._launcher.close()

    def kill(self) -> None:
        """End everything at once; nothing is launched afterwards."""
        with self._lock:
            self._closed = True
            targets, self._targets = self._targets, ()
        _stop(targets)
        self._launcher.close()

    def _start(self) -> Target:
        if self.variant.serverless is not None:
            return Environments(self._launcher, self.variant.serverless, self._scale)
        return self._launcher.start()

    def _add(self, started: Iterable[Target]) -> None:
        """Raises StoppedError once the fleet was killed."""
        with self._lock:
            if self._closed:
                raise StoppedError(f"the fleet of {self.variant.name} was closed")
            self._targets += tuple(started)


def _stop(targets: Iterable[Target]) -> None:
    for target in targets:
        target.stop()
