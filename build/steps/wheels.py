"""Libraries that an image lacks: installed from the hash-pinned wheels that came with the code."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

from failure import StepError

PINS = "fasttext-requirements.txt"


def install(folder: Path, pins: Path, module: str = "fasttext") -> None:
    """Make `import MODULE` work, from the wheels in `folder` where the image lacks it; no index is asked.

    `pins` are the requirements, which come with this code: nobody who can write to the wheels can say which to take.
    Raises StepError when the wheels are missing, are for other interpreters, or are not the pinned ones.
    """
    try:
        importlib.import_module(module)
    except ImportError:
        if not folder.is_dir() or not pins.is_file():
            raise StepError(
                f"{module} is not in this image, and there is no {folder if pins.is_file() else pins} to install it from. "
                "`model-build run` uploads both and makes them inputs of the job."
            ) from None
        _pip_install(folder, pins, module)
        importlib.invalidate_caches()
        importlib.import_module(module)


def _pip_install(folder: Path, pins: Path, module: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--isolated",
        "--no-compile",
        "--disable-pip-version-check",
        "--no-index",
    ]
    command += [
        "--no-deps",
        "--require-hashes",
        f"--find-links={folder}",
        f"--requirement={pins}",
    ]
    installed = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    print(installed.stdout, end="")
    if installed.returncode:
        version = ".".join(map(str, sys.version_info[:2]))
        found = ", ".join(sorted(path.name for path in folder.glob("*.whl"))) or "none"
        raise StepError(
            f"{module} could not be installed for Python {version} from {folder}: {_complaint(installed.stdout)} "
            f"Wheels there: {found}."
        )


def _complaint(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip said nothing."])[-1]
