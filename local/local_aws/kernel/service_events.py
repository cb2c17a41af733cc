"""Events of the embedded services for EventBridge.

They bypass its API, which refuses sources that begin with `aws.`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServiceEvent:
    """Something that happened: the members of an event that are its service's own. `detail` is JSON data."""

    source: str
    detail_type: str
    resources: tuple[str, ...]
    detail: Mapping[str, Any]


class ServiceEvents:
    """From the services to whoever listens: the default bus."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[ServiceEvent], None]] = []

    def listen(self, listener: Callable[[ServiceEvent], None]) -> None:
        """Have `listener` called with every event. It must return soon: the service waits for it."""
        with self._lock:
            self._listeners.append(listener)

    def emit(self, event: ServiceEvent) -> None:
        """Tell of an event. Raises nothing: no service fails because EventBridge does."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                log.exception("The event %s of %s is lost", event.detail_type, event.resources)
