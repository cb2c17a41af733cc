"""The hashes of a job's inputs, which are compared with those that the run was started with."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from failure import StepError

NONE = "none"
"""The value for a model package without a recorded hash."""

FOLDER = "folder:"
"""Stands in front of the hash of several files."""

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
    """Raises StepError when the data at `path` has another hash than the run was started with.

    `path` is a file, or a folder with it; `sha256` is the hash of that file, or FOLDER and the hash of the folder. What is
    neither (of data in S3 that was stored without a hash, a version or an ETag is known) is not compared.
    """
    if re.fullmatch("[0-9a-f]{64}", sha256):
        files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
        found = of_file(files[0]) if len(files) == 1 else FOLDER + of_folder(path)
    elif re.fullmatch(f"{FOLDER}[0-9a-f]{{64}}", sha256):
        found = FOLDER + (of_folder(path) if path.is_dir() else of_file(path))
    else:
        return
    if found != sha256:
        raise StepError(
            f"The data is not what the run was started with: the SHA-256 of {path.name} is {found}, expected {sha256}. "
            "Somebody wrote to its place in S3 after it was uploaded: find out who, and delete what was written, then run "
            "again."
        )
