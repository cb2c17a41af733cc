"""A serverless variant: cold when nobody calls, warm while somebody does, and never more at once than it may."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from local_aws.hosting.deployments.plan import Serverless
from local_aws.hosting.errors import ThrottledError
from local_aws.hosting.instances.connection import Answer
from local_aws.hosting.instances.instance import Instance
from local_aws.hosting.instances.launcher import Launcher

IDLE_SECONDS = 180.0
"""The seconds for which an environment stays warm without invocations. AWS documents no figure."""


class Environments:
    """All environments of a serverless variant: one process, since a model server answers many invocations at once.

    The process starts with the variant (SageMaker pings it before the endpoint is in service), ends when it was idle, and
    is started by the next invocation, which waits for it. With provisioned concurrency it never ends.
    """

    def __init__(self, launcher: Launcher, stated: Serverless, time_scale: float) -> None:
        self._launcher = launcher
        self._stated = stated
        self._idle_seconds = IDLE_SECONDS * time_scale
        self._running = 0
        self._last_used = time.monotonic()
        self._draining = False
        self._changed = threading.Condition()
        self._starting = threading.Lock()
        self._instance: Instance | None = launcher.start()
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._cool_down, name="serverless", daemon=True)
        self._watch.start()

    @property
    def is_ready(self) -> bool:
        """Whether the variant can take requests."""
        return not self._draining

    @property
    def load(self) -> int:
        """The requests in progress."""
        return self._running

    def wait_ready(self) -> None:
        """Raises LaunchError where the container does not start."""
        self._warm().wait_ready()

    def enter(self) -> bool:
        """Raises ThrottledError where MaxConcurrency invocations are under way."""
        with self._changed:
            if self._draining:
                return False
            if self._running >= self._stated.max_concurrency:
                raise ThrottledError(f"more than {self._stated.max_concurrency} concurrent invocations")
            self._running += 1
            return True

    def leave(self) -> None:
        """Count a request as ended."""
        with self._changed:
            self._running -= 1
            self._last_used = time.monotonic()
            self._changed.notify_all()

    def invoke(self, body: bytes, headers: Mapping[str, str], limit: float) -> Answer:
        """Raises InvocationError, and LaunchError where a cold container does not start."""
        instance = self._warm()
        instance.wait_ready()
        return instance.invoke(body, headers, limit)

    def drain(self, limit: float) -> None:
        """Wait at most `limit` seconds for the requests in progress, and take no others."""
        with self._changed:
            self._draining = True
            self._changed.wait_for(lambda: not self._running, limit)

    def stop(self) -> None:
        """Stop the model server."""
        self._closing.set()
        self._watch.join()
        with self._starting:
            if self._instance is not None:
                self._instance.stop()

    def _warm(self) -> Instance:
        with self._starting:
            if self._instance is None:
                self._instance = self._launcher.start()
            return self._instance

    def _cool_down(self) -> None:
        while not self._closing.wait(max(self._idle_seconds / 10, 0.02)):
            if self._stated.provisioned:
                continue
            with self._starting:
                with self._changed:
                    idle = time.monotonic() - self._last_used
                    cold = not self._running and idle >= self._idle_seconds
                if cold and self._instance is not None:
                    self._instance.stop()
                    self._instance = None
