"""An instance of an endpoint: one model server process, kept alive, with a log stream of its own.

    starting -> ready -> (process ends) -> starting -> ... -> stopped

A process that ends by itself is started again, a little later each time it fails before it answers a ping.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_aws.hosting.errors import InvocationError, LaunchError, UnavailableError
from local_aws.hosting.instances.connection import Answer, Connections
from local_aws.kernel.job_log import JobLog

FAILED_STARTS = 3
"""A container that ended so often without an answer to a ping is given up."""

_PING_SECONDS = 0.5
_PAUSE_BETWEEN_PINGS = 0.02
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Launch:
    """How the processes of a variant's instances are started. `environment` is the model's own, `server` a command."""

    variant: str
    server: Sequence[str]
    model: Path
    environment: Mapping[str, str]
    startup_seconds: float

    def spawn(self, listening: socket.socket) -> subprocess.Popen[bytes]:
        """Start a model server on a listening socket. It ends with this process, through its standard input."""
        return subprocess.Popen(
            [*self.server, "--socket", str(listening.fileno()), "--model", str(self.model)],
            env=self._whole_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[listening.fileno()],
            start_new_session=True,
        )

    def _whole_environment(self) -> dict[str, str]:
        # Nothing of the server's own is in it. The libraries below numpy would start a thread per core.
        base = {
            "PATH": os.defpath,
            "HOME": str(self.model),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        return base | dict(self.environment)


def confine(pid: int) -> None:
    """Let a process that starts have one core only, so that it takes nothing of the others from those that answer.

    SageMaker starts instances on machines of their own. A lower priority could not be raised again without privileges.
    """
    if hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, {max(os.sched_getaffinity(0))})


def release(pid: int) -> None:
    """Let a process that was confined have as many cores as this one."""
    if hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, os.sched_getaffinity(0))


@dataclass
class _State:
    """Guarded by the instance's condition."""

    ready: bool = False
    draining: bool = False
    stopped: bool = False
    in_flight: int = 0
    failed_starts: int = 0
    process: subprocess.Popen[bytes] | None = None
    connections: Connections | None = None


class Instance:
    """One model server. Begins to start at once; `wait_ready` tells when it serves."""

    def __init__(self, name: str, launch: Launch, log: JobLog) -> None:
        self.name = name
        self._launch = launch
        self._log = log
        self._state = _State()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._keep_running, name=self.name, daemon=True)
        self._thread.start()

    @property
    def is_ready(self) -> bool:
        """Whether the instance can take requests."""
        return self._state.ready and not self._state.draining

    @property
    def load(self) -> int:
        """Invocations that it is working on."""
        return self._state.in_flight

    def wait_ready(self) -> None:
        """Wait until the container answers a ping. Raises LaunchError where it does not, worded as SageMaker does."""
        state = self._state
        with self._changed:
            self._changed.wait_for(
                lambda: state.ready or state.stopped or state.failed_starts >= FAILED_STARTS,
                self._launch.startup_seconds,
            )
            if state.ready:
                return
        raise LaunchError(
            f"The primary container for production variant {self._launch.variant} did not pass the ping health "
            "check. Please check CloudWatch logs for this endpoint."
        )

    def enter(self) -> bool:
        """Take an invocation on, to be ended by `leave`; False where this instance takes none."""
        with self._changed:
            if not self.is_ready:
                return False
            self._state.in_flight += 1
            return True

    def leave(self) -> None:
        """Count a request as ended."""
        with self._changed:
            self._state.in_flight -= 1
            if not self._state.in_flight:
                self._changed.notify_all()

    def invoke(self, body: bytes, headers: Mapping[str, str], limit: float) -> Answer:
        """Pass an invocation on, between `enter` and `leave`. Raises InvocationError where no answer comes."""
        connections = self._state.connections
        if connections is None:
            raise UnavailableError(f"{self.name} is restarting")
        return connections.request("POST", "/invocations", body, headers, limit)

    def drain(self, limit: float) -> None:
        """Take no more invocations, and wait for those under way, `limit` seconds at most."""
        with self._changed:
            self._state.draining = True
            self._changed.wait_for(lambda: not self._state.in_flight, limit)

    def stop(self) -> None:
        """End the process, whatever it does."""
        with self._changed:
            self._state.stopped = True
            self._state.ready = False
            process = self._state.process
            self._changed.notify_all()
        if process is not None:
            process.kill()
        self._thread.join()

    def _keep_running(self) -> None:
        """The instance's thread: start the process, log what it says, and start it again when it ends."""
        try:
            while not self._state.stopped:
                self._run_once()
        finally:
            self._log.close()

    def _run_once(self) -> None:
        process, connections = self._spawn()
        pinging = threading.Thread(target=self._ping, args=(process, connections), daemon=True)
        pinging.start()
        assert process.stdout is not None
        for line in process.stdout:
            self._log.write(line.decode("utf-8", "replace").rstrip("\r\n"))
        code = process.wait()
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            assert process.stdin is not None
            process.stdin.close()
        pinging.join()
        connections.close()
        self._record_end(code)

    def _spawn(self) -> tuple[subprocess.Popen[bytes], Connections]:
        with socket.create_server((_LOOPBACK, 0), backlog=256) as listening, self._changed:
            connections = Connections(listening.getsockname()[1])
            process = self._launch.spawn(listening)
            confine(process.pid)
            self._state.process = process
            self._state.connections = connections
            if self._state.stopped:
                process.kill()
        return process, connections

    def _record_end(self, code: int) -> None:
        state = self._state
        with self._changed:
            if not state.ready:
                state.failed_starts += 1
            state.ready = False
            state.connections = None
            self._changed.notify_all()
            if not state.stopped:
                self._log.write(f"The container ended with exit code {code}; it is started again.")
                self._changed.wait_for(lambda: state.stopped, min(0.1 * 2**state.failed_starts, 10))

    def _ping(self, process: subprocess.Popen[bytes], connections: Connections) -> None:
        while process.poll() is None:
            with contextlib.suppress(InvocationError):
                if connections.request("GET", "/ping", b"", {}, _PING_SECONDS).status == 200:
                    break
            time.sleep(_PAUSE_BETWEEN_PINGS)
        release(process.pid)
        with self._changed:
            if process.poll() is None and not self._state.stopped:
                self._state.ready = True
                self._state.failed_starts = 0
                self._changed.notify_all()
