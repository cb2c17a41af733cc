"""A `run:` step's process: bash, in a process group of its own, ended as GitHub ends it when the job is cancelled."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from local_aws.github.actions.errors import StepFailed

_SHELLS = {
    "": ["bash", "-e"],
    "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
    "sh": ["sh", "-e"],
}
_AFTER_INTERRUPT, _AFTER_TERMINATE = 7.5, 2.5
"""Seconds: https://docs.github.com/actions/reference/workflows-and-actions/workflow-cancellation"""
_DRAIN = 5.0
"""Seconds that the output of a script that has ended is waited for: what it left running may hold it open."""


class Shell:
    """One script. `patience` shrinks the seconds that it has to end when it is stopped."""

    def __init__(self, patience: float = 1.0) -> None:
        self._patience = patience
        self._process: subprocess.Popen[str] | None = None
        self._stopped = threading.Event()

    def run(
        self,
        script: Path,
        shell: str,
        environment: Mapping[str, str],
        folder: Path,
        take: Callable[[str], None],
    ) -> int:
        """The exit code of a script, whose output is taken line by line. Raises StepFailed for an unknown shell."""
        if shell not in _SHELLS:
            raise StepFailed(
                f"The embedded runner has no shell `{shell}`, only {', '.join(filter(None, _SHELLS))}."
            )
        if not folder.is_dir():
            raise StepFailed(f"An error occurred trying to start process: no such directory {folder}")
        process = self._process = subprocess.Popen(
            [*_SHELLS[shell], script],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        if self._stopped.is_set():
            self.stop()
        reader = threading.Thread(target=_read, args=(process, take), daemon=True)
        reader.start()
        code = process.wait()
        reader.join(_DRAIN)
        return code if code >= 0 else 128 - code

    def kill(self) -> None:
        """End what is left, also what the script left running in the background: as GitHub does when a job ends."""
        if self._process is not None:
            _kill_group(self._process.pid)

    @property
    def was_stopped(self) -> bool:
        """Whether the process was stopped by a cancellation."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """End it: an interrupt, then a request to terminate, then the end of all its processes."""
        self._stopped.set()
        process = self._process
        if process is not None and process.poll() is None:
            threading.Thread(target=self._end, args=(process,), daemon=True).start()

    def _end(self, process: subprocess.Popen[str]) -> None:
        for number, seconds in ((signal.SIGINT, _AFTER_INTERRUPT), (signal.SIGTERM, _AFTER_TERMINATE)):
            process.send_signal(number)
            end = time.monotonic() + seconds * self._patience
            while time.monotonic() < end:
                if process.poll() is not None:
                    return
                time.sleep(0.02)
        _kill_group(process.pid)


def _read(process: subprocess.Popen[str], take: Callable[[str], None]) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            take(line.rstrip("\n"))


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
