"""A lock that keeps all requests waiting, so that the state can be read while none changes it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.wsgi import ClosingIterator

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]

_UNCOUNTED = ("/_console/",)
"""Pages that stay open. What they change, they change by requests of their own."""
_READING = ("Describe", "List", "Get", "BatchGet", "Search")
_INVOKING = "/invocations"

PATIENCE_SECONDS = 2.0


class RequestLock:
    """A WSGI application before `application`. `has_changed` says whether a request since `hold` may have changed something."""

    def __init__(self, application: Wsgi) -> None:
        self._application = application
        self._changed = threading.Condition()
        self._inside = 0
        self._held = False
        self.has_changed = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request, once nobody holds the lock."""
        if environ.get("PATH_INFO", "").startswith(_UNCOUNTED):
            return self._application(environ, start_response)
        with self._changed:
            self._changed.wait_for(lambda: not self._held)
            self._inside += 1
            # Not when it leaves: a client has its answer before that.
            self.has_changed = self.has_changed or not _only_reads(environ)
        try:
            answer = self._application(environ, start_response)
        except BaseException:
            self._leave()
            raise
        return ClosingIterator(answer, self._leave)

    @contextmanager
    def hold(self, patience: float = PATIENCE_SECONDS) -> Iterator[bool]:
        """Keep new requests waiting once none is being answered. Yields False if that takes longer than `patience` seconds.

        Until then all requests pass: one that is being answered may wait for another.
        """
        with self._changed:
            free = self._held = self._changed.wait_for(lambda: self._inside == 0, patience)
            if free:
                self.has_changed = False
        try:
            yield free
        finally:
            if free:
                with self._changed:
                    self._held = False
                    self._changed.notify_all()

    def _leave(self) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()


def _only_reads(environ: dict[str, Any]) -> bool:
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return target.rpartition(".")[2].startswith(_READING)
    path: str = environ.get("PATH_INFO", "")
    return environ.get("REQUEST_METHOD") in ("GET", "HEAD", "OPTIONS") or path.endswith(_INVOKING)
