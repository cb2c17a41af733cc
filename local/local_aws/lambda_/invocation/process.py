"""The process of an execution environment: what it is started with, and how the server talks to it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local_aws.lambda_.errors import ExitedError, OutOfMemoryError, TimedOutError
from local_aws.lambda_.invocation.bootstrap import LENGTHS

_TICK = 0.1
"""Seconds between two looks at the memory and the life of a process that works."""


class Process:
    """A running bootstrap. One thread at a time may talk to it. `on_line` gets the lines that it writes.

    Lines are read while it works on something only: as on AWS, what background threads write meanwhile comes with the
    next invocation.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], None],
    ) -> None:
        self._on_line = on_line
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno())],
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        os.set_blocking(self._output.fileno(), False)
        self._stream = self._channel.makefile("rb")
        self._partial = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._channel, selectors.EVENT_READ)
        self._selector.register(self._output, selectors.EVENT_READ)

    def send(self, header: Mapping[str, Any], body: bytes) -> None:
        """Send a frame. A process that is gone says so when its answer is received."""
        head = json.dumps(header).encode()
        with contextlib.suppress(OSError):
            self._channel.sendall(LENGTHS.pack(len(head), len(body)) + head + body)

    def receive(self, limit: float, memory_mb: int) -> tuple[dict[str, Any], bytes]:
        """The next frame, within `limit` seconds and in `memory_mb` at most.

        Raises ExecutionError; then the process is of no more use.
        """
        end = time.monotonic() + limit
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise TimedOutError(limit)
            ready = {key.fileobj for key, _ in self._selector.select(min(left, _TICK))}
            if self._output in ready:
                self._read_output()
            if self._channel in ready:
                frame = self._frame()
                self._read_output()
                self._end_line()
                self._require_memory(memory_mb)
                return frame
            if not ready:
                self._require_memory(memory_mb)
                # What it sent before it ended may have arrived since.
                if self._process.poll() is not None and not self._selector.select(0):
                    raise self._exit_error()

    def peak_mb(self) -> int | None:
        """The most memory that the process ever had, in MB; None where the system does not tell."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return None
        found = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return -(-int(found[0].split()[1]) // 1024) if found else None

    def kill(self) -> None:
        """End the process and what it started. Who waits for an answer learns that there is none."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the process, and read what is left of its output."""
        self.kill()
        self._process.wait()
        self._read_output()
        self._end_line()
        self._selector.close()
        self._stream.close()
        self._channel.close()
        self._output.close()

    def _require_memory(self, memory_mb: int) -> None:
        if (self.peak_mb() or 0) > memory_mb:
            raise OutOfMemoryError

    def _frame(self) -> tuple[dict[str, Any], bytes]:
        try:
            head, body = LENGTHS.unpack(self._stream.read(LENGTHS.size))
            return json.loads(self._stream.read(head)), self._stream.read(body)
        except (OSError, ValueError, struct.error) as error:
            raise self._exit_error() from error

    def _exit_error(self) -> ExitedError:
        self._read_output()
        try:
            return ExitedError(self._process.wait(timeout=1))
        except subprocess.TimeoutExpired:  # it closed the socket, and lives on
            return ExitedError(0)

    def _read_output(self) -> None:
        """Pass on the lines that are there, without waiting for more."""
        while chunk := self._chunk():
            *lines, self._partial = (self._partial + chunk).split(b"\n")
            for line in lines:
                self._on_line(line.decode("utf-8", "replace"))

    def _chunk(self) -> bytes:
        try:
            chunk = os.read(self._output.fileno(), 65536)
        except BlockingIOError:
            return b""
        if not chunk and self._output in self._selector.get_map():
            self._selector.unregister(self._output)  # it would be ready for ever
        return chunk

    def _end_line(self) -> None:
        if self._partial:
            self._on_line(self._partial.decode("utf-8", "replace"))
            self._partial = b""
