"""Runs a command and watches the memory of it and of the processes that it starts."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_EVERY_SECONDS = 0.05


@dataclass(frozen=True)
class Served:
    """A server of its own process."""

    url: str
    pid: int


@dataclass(frozen=True)
class Run:
    """`megabytes` is the largest sum of resident sizes that was seen; 0 where there is no /proc to read."""

    seconds: float
    megabytes: float


def run(command: Sequence[str], **variables: str) -> Run:
    """Run `command` with `variables` in its environment. Raises CalledProcessError when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | variables)
    peak = 0
    while True:
        peak = max(peak, sum(map(resident_kilobytes, _family(process.pid))))
        try:
            code = process.wait(timeout=_EVERY_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        break
    seconds = time.perf_counter() - started
    if code != 0:
        raise subprocess.CalledProcessError(code, command)
    return Run(seconds, peak / 1024)


def _family(pid: int) -> list[int]:
    """The process and its descendants."""
    try:
        children = [
            int(child)
            for listing in (_PROC / str(pid) / "task").glob("*/children")
            for child in listing.read_text().split()
        ]
    except OSError:  # it ended meanwhile
        return []
    return [pid, *(member for child in children for member in _family(child))]


def resident_kilobytes(pid: int) -> int:
    """The memory that a process has now; 0 where there is no /proc to read."""
    try:
        status = (_PROC / str(pid) / "status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)
