"""Installs what lies on this machine: projects editable (PEP 660), and wheels. pip starts six processes for each project."""

from __future__ import annotations

import io
import sys
import sysconfig
import tempfile
import tomllib
import zipfile
from contextlib import chdir, redirect_stdout
from pathlib import Path

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile
from installer.utils import get_launcher_kind

_BACKEND = "hatchling.build"
_ANYWHERE = "-py3-none-any.whl"


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
        _install(each)
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
    # A build hook runs in the project's folder. What it prints is nobody's result.
    with chdir(folder), redirect_stdout(io.StringIO()):
        return to / build_editable(str(to))


def _is_simple(wheel: Path) -> bool:
    if not wheel.name.endswith(_ANYWHERE) or not zipfile.is_zipfile(wheel):
        return False
    return not any(Path(sysconfig.get_path("purelib")).glob(f"{wheel.name.partition('-')[0]}-*.dist-info"))


def _install(wheel: Path) -> None:
    destination = SchemeDictionaryDestination(
        sysconfig.get_paths(), interpreter=sys.executable, script_kind=get_launcher_kind()
    )
    with WheelFile.open(wheel) as source:
        install(source, destination, additional_metadata={})
