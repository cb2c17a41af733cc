"""The computer that jobs run on: what it offers to all of them, and a job's own folders and environment on it.

https://docs.github.com/actions/reference/runners/github-hosted-runners
"""

from __future__ import annotations

import platform
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ARCHITECTURES = {"x86_64": "X64", "amd64": "X64", "aarch64": "ARM64", "arm64": "ARM64"}
_PREINSTALLED = Path(__file__).parent / "preinstalled"
"""A pip that is asked before the real one."""
_WITH_PACKAGES = """\
#!/bin/sh
# `python -m venv FOLDER` makes an environment that finds the packages that this machine has already.
if [ "$1" = -m ] && [ "$2" = venv ] && [ $# -eq 3 ]; then
  "{python}" -m venv --without-pip "$3" || exit
  for site in "$3"/lib/python*/site-packages; do printf '%s\\n' {packages} > "$site/machine.pth"; done
  exit
fi
exec "{python}" "$@"
"""


@dataclass(frozen=True)
class Machine:
    """`variables` are in every job's environment, as a self-hosted runner's own are.

    `aws_url` is where AWS is for jobs that sign in; the others reach none.

    `packages` are folders of installed Python packages: a virtual environment that a job makes finds them, so that pip
    installs what they lack and no more. Without them jobs install everything. `patience` is the share of the ten seconds
    that a cancelled step has to end, `time_scale` that of an environment's wait timer.
    """

    aws_url: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[Path, ...] = ()
    patience: float = 1.0
    time_scale: float = 1.0

    @property
    def python_version(self) -> str:
        """The version of Python on this machine."""
        return platform.python_version()

    @property
    def architecture(self) -> str:
        """The architecture, as GitHub's runner names it."""
        return _ARCHITECTURES.get(platform.machine().lower(), platform.machine().upper())

    def install_python(self, folder: Path) -> Path:
        """Put `python` and `python3` into FOLDER/bin, which is returned."""
        bin_folder = folder / "bin"
        bin_folder.mkdir(parents=True, exist_ok=True)
        python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
        for name in ("python", "python3"):
            place = bin_folder / name
            if self.packages:
                quoted = " ".join(f"'{each}'" for each in (_PREINSTALLED, *self.packages))
                place.write_text(_WITH_PACKAGES.format(python=python, packages=quoted))
                place.chmod(place.stat().st_mode | stat.S_IXUSR)
            elif not place.exists():
                place.symlink_to(python)
        return bin_folder


@dataclass(frozen=True)
class Folders:
    """The folders of one job, below `root`."""

    root: Path
    repository: str

    @property
    def workspace(self) -> Path:
        """The folder of GITHUB_WORKSPACE."""
        return self.root / "work" / self.repository / self.repository

    @property
    def temp(self) -> Path:
        """The folder of RUNNER_TEMP."""
        return self.root / "work" / "_temp"

    @property
    def home(self) -> Path:
        """The home directory."""
        return self.root / "home"

    @property
    def tools(self) -> Path:
        """The folder of RUNNER_TOOL_CACHE."""
        return self.root / "tools"

    def make(self) -> None:
        """Create all folders."""
        for folder in (self.workspace, self.temp, self.home, self.tools):
            folder.mkdir(parents=True)


def environment(machine: Machine, folders: Folders, path: list[str]) -> dict[str, str]:
    """The environment of a step before anything of the workflow: nothing of the host's but where its programs are."""
    return {
        "PATH": ":".join([*path, PATH]),
        "HOME": str(folders.home),
        "LANG": "C.UTF-8",
        "USER": "runner",
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "RUNNER_ARCH": machine.architecture,
        "RUNNER_ENVIRONMENT": "github-hosted",
        "RUNNER_NAME": "local-aws",
        "RUNNER_OS": "Linux",
        "RUNNER_TEMP": str(folders.temp),
        "RUNNER_TOOL_CACHE": str(folders.tools),
        **machine.variables,
    }
