"""The process of a job: its own /opt/ml, process group and limits, and an environment built from nothing.

Where the kernel lets an ordinary user make namespaces, the job has a mount namespace of its own, in which its folder
is /opt/ml. Elsewhere (macOS, hardened Linux) it runs without, and paths are rewritten: see `ml_folder`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from local_aws.containers.ml_folder import ROOT, MlFolder

_BLOCKS_PER_GB = 1024**3 // 512
# A limit that the server already has below that stays as it is.
_LIMITS = '{ ulimit -c 0; ulimit -f "$1"; } 2> /dev/null || :; cd "$2" || exit 126; unset OLDPWD; shift 2; '
_PLAIN = _LIMITS + 'exec "$@"'

# What else lies in /opt (interpreters, on some machines) has to stay: it is bound into the empty one.
_LITERAL = f"""
set -e
ml=$1; held=$2; shift 2
if [ ! -d {ROOT} ]; then
    mkdir -p "$held"
    mount --rbind /opt "$held"
    mount -t tmpfs -o mode=755 job /opt
    for entry in "$held"/* "$held"/.[!.]*; do
        bound=/opt/${{entry##*/}}
        if [ -L "$entry" ]; then cp -P "$entry" "$bound"
        elif [ -d "$entry" ]; then mkdir "$bound" && mount --rbind "$entry" "$bound"
        elif [ -e "$entry" ]; then : > "$bound" && mount --bind "$entry" "$bound"
        fi
    done
    umount -l "$held"
    mkdir {ROOT}
fi
mount --bind "$ml" {ROOT}
{_PLAIN}
"""


@dataclass(frozen=True)
class Command:
    """The command of a job. Paths are as in the image, under /opt/ml; `environment` is the whole environment."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str = ROOT
    volume_gb: int = 30


@cache
def literal_paths() -> bool:
    """Whether jobs can have a literal /opt/ml here. Tried once."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    with tempfile.TemporaryDirectory(prefix="local-aws-probe-") as folder:
        ml = Path(folder) / "ml"
        ml.mkdir()
        command = Command(("sh", "-c", f"echo yes > {ROOT}/probe"), {"PATH": os.defpath})
        tried = subprocess.run(
            _wrapped(command, MlFolder(ml, literal=True)),
            env=dict(command.environment),
            capture_output=True,
            timeout=30,
        )
        return tried.returncode == 0 and (ml / "probe").exists()


class Process:
    """A running job. `on_line` gets each line of its output, without the newline, in a thread of its own."""

    def __init__(self, command: Command, ml: MlFolder, on_line: Callable[[str], None]) -> None:
        self._process = subprocess.Popen(
            _wrapped(command, ml),
            env={name: ml.told(value) for name, value in command.environment.items()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._over = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(on_line,), daemon=True)
        self._reader.start()

    def wait(self) -> int:
        """Wait for the end; returns the exit code as a container has it: 128 + N when killed by signal N.

        Whatever the job left running in its process group is killed.
        """
        code = self._process.wait()
        self._over.set()
        self._signal(signal.SIGKILL)
        # A child that left the group may hold the pipe open for ever.
        self._reader.join(timeout=1)
        return code if code >= 0 else 128 - code

    def stop(self, grace: float) -> None:
        """Ask the job to end, and kill it `grace` seconds later if it has not. Returns at once."""
        self._signal(signal.SIGTERM)
        threading.Thread(target=self._kill_after, args=(grace,), daemon=True).start()

    def kill(self) -> None:
        """Kill the process group."""
        self._signal(signal.SIGKILL)

    def _kill_after(self, grace: float) -> None:
        if not self._over.wait(grace):
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _read(self, on_line: Callable[[str], None]) -> None:
        output = self._process.stdout
        assert output is not None
        with output:
            for line in output:
                on_line(line.decode("utf-8", "replace").rstrip("\r\n"))


def _wrapped(command: Command, ml: MlFolder) -> list[str]:
    arguments = [ml.told(argument) for argument in command.arguments]
    limits = [str(command.volume_gb * _BLOCKS_PER_GB), ml.told(command.folder)]
    if not ml.literal:
        return ["sh", "-c", _PLAIN, "job", *limits, *arguments]
    held = ml.host.with_name(f"{ml.host.name}-opt")
    return [
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        _LITERAL,
        "job",
        str(ml.host),
        str(held),
        *limits,
        *arguments,
    ]
