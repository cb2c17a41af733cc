"""Installs what lies on this machine: projects editable (PEP 660), and wheels. pip starts six processes for each project."""

from __future__ import annotations

import os
import stat
import sys
import sysconfig
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path

_BACKEND = "hatchling.build"
_ANYWHERE = "-py3-none-any.whl"
_SCRIPT = """\
#!{python}
import sys
from {module} import {name}
if __name__ == '__main__':
    sys.exit({function}())
"""


def install_editable(folders: list[Path]) -> bool:
    """Install projects whose build backend is hatchling. False where one has another, or where a build fails."""
    if not all(_backend(each) == _BACKEND for each in folders):
        return False
    with tempfile.TemporaryDirectory() as place:
        try:
            wheels = [_build(folder, Path(place, str(number))) for number, folder in enumerate(folders)]
        except Exception:  # pip builds it again, and says what is wrong
            return False
        return install_wheels(wheels)


def install_wheels(wheels: list[Path]) -> bool:
    """Install wheels of pure Python. False, and nothing is installed, where one is not, or takes the place of another version."""
    if not all(_is_simple(each) for each in wheels):
        return False
    for each in wheels:
        _unpack(each)
    return True


def _backend(folder: Path) -> str | None:
    try:
        stated = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        backend: str = stated["build-system"]["build-backend"]
    except (OSError, ValueError, KeyError):
        return None
    return backend


def _build(folder: Path, to: Path) -> Path:
    from hatchling.build import build_editable

    to.mkdir()
    with _inside(folder):
        return to / build_editable(str(to))


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """A build hook runs in the project's folder. What it prints is nobody's result."""
    before, output = Path.cwd(), sys.stdout
    os.chdir(folder)
    try:
        with Path(os.devnull).open("w", encoding="utf-8") as sys.stdout:
            yield
    finally:
        sys.stdout = output
        os.chdir(before)


def _is_simple(wheel: Path) -> bool:
    if not wheel.name.endswith(_ANYWHERE) or not zipfile.is_zipfile(wheel):
        return False
    if any(Path(sysconfig.get_path("purelib")).glob(f"{wheel.name.partition('-')[0]}-*.dist-info")):
        return False
    with zipfile.ZipFile(wheel) as archive:
        return not any(name.partition("/")[0].endswith(".data") for name in archive.namelist())


def _unpack(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(sysconfig.get_path("purelib"))
        for name in archive.namelist():
            if name.endswith(".dist-info/entry_points.txt"):
                _write_scripts(archive.read(name).decode())


def _write_scripts(entry_points: str) -> None:
    parser = ConfigParser(delimiters="=", interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(entry_points)
    if not parser.has_section("console_scripts"):
        return
    for script, target in parser["console_scripts"].items():
        module, _, function = target.partition(":")
        place = Path(sysconfig.get_path("scripts"), script)
        text = _SCRIPT.format(
            python=sys.executable, module=module, name=function.partition(".")[0], function=function
        )
        place.write_text(text, encoding="utf-8")
        place.chmod(place.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
