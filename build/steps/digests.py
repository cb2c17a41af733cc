"""Hashes by which what a job was given is compared with what it was meant to be given."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from failure import StepError

NONE = "none"
"""Where no hash was recorded: a model package of before there were any."""

_BLOCK = 1 << 20


def of_file(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            if not block:
                return digest.hexdigest()
            digest.update(block)


def of_folder(folder: Path) -> str:
    """The hash of all files in a folder: SHA-256 over the sorted lines `name NUL sha256-hex LF`."""
    files = [path for path in folder.rglob("*") if not path.is_dir()]
    lines = [f"{path.relative_to(folder).as_posix()}\0{of_file(path)}\n" for path in files]
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def require_data(path: Path, sha256: str) -> None:
    """Raises StepError when the data file at `path` has another hash than the run was started with.

    What is no SHA-256 (of data in S3 that was stored without one, a version or an ETag is known) is not compared.
    """
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        return
    found = of_file(path)
    if found != sha256:
        raise StepError(
            f"The data is not what the run was started with: the SHA-256 of {path.name} is {found}, expected {sha256}. "
            "Somebody wrote to its place in S3 after it was uploaded: find out who, and delete what was written, then run "
            "again."
        )
