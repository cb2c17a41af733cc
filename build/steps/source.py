"""The raw file: found, recognised by its content, and unpacked where it is compressed."""

from __future__ import annotations

import gzip
import shutil
import zipfile
import zlib
from pathlib import Path
from typing import IO

from failure import StepError

_GZIP, _ZIP, _EMPTY_ZIP = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BLOCK = 1 << 20


def find(path: Path) -> Path:
    """The one data file at `path`, which is a file or a folder that holds one. Hidden files do not count.

    Raises StepError when there is none, or more than one.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise StepError(f"There is no data: {path} does not exist.")
    files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    if len(files) != 1:
        found = ", ".join(str(file.relative_to(path)) for file in files[:5]) or "nothing"
        raise StepError(f"{path} holds {len(files)} files ({found}). Expected: exactly one data file.")
    return files[0]


def unpacked(file: Path, scratch: Path) -> Path:
    """The file itself, or its decompressed content in `scratch` when it is gzip or a zip with one file.

    Raises StepError when it is empty, damaged, or is not text in UTF-8.
    """
    with file.open("rb") as stream:
        magic = stream.read(4)
    target = scratch / "unpacked"
    try:
        if magic[:2] == _GZIP:
            with gzip.open(file, "rb") as packed:
                _copy(packed, target)
        elif magic in (_ZIP, _EMPTY_ZIP):
            with zipfile.ZipFile(file) as archive, archive.open(_only_member(archive, file)) as packed:
                _copy(packed, target)
        else:
            target = file
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
        raise StepError(
            f"{file.name} is damaged: {error}. It may have been cut off when it was copied; copy it again."
        ) from error
    except (NotImplementedError, RuntimeError) as error:  # an unknown compression, or a password
        raise StepError(
            f"{file.name} cannot be unpacked: {error}. Expected: a plain zip or gzip file."
        ) from error
    return _checked(target, file)


def _only_member(archive: zipfile.ZipFile, file: Path) -> zipfile.ZipInfo:
    # macOS adds a __MACOSX folder with the attributes of each file.
    members = [
        item for item in archive.infolist() if not item.is_dir() and not item.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        found = ", ".join(item.filename for item in members[:5]) or "nothing"
        raise StepError(
            f"{file.name} holds {len(members)} files ({found}). Expected: a zip with exactly one file."
        )
    return members[0]


def _copy(packed: IO[bytes] | gzip.GzipFile, target: Path) -> None:
    with target.open("wb") as stream:
        shutil.copyfileobj(packed, stream, _BLOCK)


def _checked(content: Path, file: Path) -> Path:
    with content.open("rb") as stream:
        start = stream.read(4)
    if not start:
        raise StepError(f"{file.name} is empty. Expected: a data file with rows.")
    if start[:2] in _UTF16:
        raise StepError(f"{file.name} is UTF-16. Expected: UTF-8; convert it, for example with iconv.")
    return content
