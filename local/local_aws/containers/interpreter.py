"""A job's Python: it imports what its image ships and what the job itself installs, and nothing else of this machine.

    STATE/images/REPOSITORY/      links to the image's distributions, made once and shared
    JOB/python/bin/python3, pip   a virtual environment of the job's own ...
    JOB/python/lib/.../image.pth  ... that sees the image behind its own site-packages

What a job installs lands in its own site-packages, which come first. pip never uninstalls what lies outside the
environment it runs in, so no job can damage the packages of this machine, which the links lead to.
"""

from __future__ import annotations

import sysconfig
import threading
import venv
from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from local_aws.containers.images import Image

_PIP = '#!/bin/sh\nexec "{python}" -m pip "$@"\n'


class Interpreters:
    """Makes the interpreters of jobs. `state` is a folder for what they share. Safe to share between threads."""

    def __init__(self, state: Path) -> None:
        self._images = state / "images"
        self._made: dict[str, Path] = {}
        self._lock = threading.Lock()

    def make(self, image: Image, folder: Path) -> Path:
        """Make a virtual environment in `folder`, which must not exist; returns the folder of its programs."""
        venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
        site_packages = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(folder)}))
        (site_packages / "image.pth").write_text(f"{self._packages(image)}\n", encoding="utf-8")
        programs = folder / "bin"
        for name in ("pip", "pip3"):
            program = programs / name
            program.write_text(_PIP.format(python=programs / "python3"), encoding="utf-8")
            program.chmod(0o755)
        return programs

    def _packages(self, image: Image) -> Path:
        with self._lock:
            if image.repository not in self._made:
                folder = self._images / image.repository
                folder.mkdir(parents=True)
                for shipped in _installed(image.distributions):
                    _link_distribution(shipped, folder)
                self._made[image.repository] = folder
            return self._made[image.repository]


def _installed(names: Iterable[str]) -> Iterable[Distribution]:
    for name in names:
        try:
            yield distribution(name)
        except PackageNotFoundError:
            continue


def _link_distribution(shipped: Distribution, folder: Path) -> None:
    site_packages = Path(str(shipped.locate_file("")))
    _link(site_packages, folder, [file.parts for file in shipped.files or ()])


def _link(source: Path, target: Path, files: Iterable[tuple[str, ...]]) -> None:
    """Link in `target` what `files`, relative to `source`, begin with."""
    below: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for parts in files:
        if parts[0] not in {"..", "__pycache__"} and not parts[0].endswith(".pth"):
            below[parts[0]].append(parts[1:])
    for name, rest in below.items():
        if _is_shared(source / name):
            (target / name).mkdir(exist_ok=True)
            _link(source / name, target / name, rest)
        else:
            (target / name).symlink_to(source / name)


def _is_shared(folder: Path) -> bool:
    """Whether other distributions may have files there, too: a namespace package."""
    return folder.is_dir() and folder.name.isidentifier() and not (folder / "__init__.py").exists()
