"""Signals that end a server, as its main thread waits for them.

The system may hand a signal to any thread. Python runs the handler in the main thread, but only once that comes back from what
it waits in, and a signal that another thread took does not wake it. The descriptor of `signal.set_wakeup_fd` can be read then.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Termination:
    """Whether a signal came. `reading` is the descriptor that can be read from then on."""

    def __init__(self, reading: int) -> None:
        self._reading = reading

    def wait(self) -> None:
        """Wait for a signal. Returns at once where one came before."""
        select.select([self._reading], [], [])

    def comes_before(self, stream: TextIO) -> bool:
        """Wait for a signal, or for something to read in `stream`; True for a signal. The stream's buffer is to be empty."""
        readable, _, _ = select.select([self._reading, stream.fileno()], [], [])
        return self._reading in readable


@contextmanager
def awaited(*signals: signal.Signals) -> Iterator[Termination]:
    """Until the end of the block, these signals do nothing but end the waits of the Termination. For the main thread only."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    descriptor = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    handlers = {each: signal.signal(each, lambda *_: None) for each in signals}
    try:
        yield Termination(reading)
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        signal.set_wakeup_fd(descriptor)
        os.close(reading)
        os.close(writing)
