"""Archives of strangers: unpacked whole, inside their folder and within limits, or not at all.

tarfile stops without an error where an archive is cut off between two members, and reads no checksum behind the last one;
zipfile gives other errors than its own for what is damaged. A small archive can also become larger than any disk.
"""

from __future__ import annotations

import errno
import gzip
import io
import shutil
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMBERS = 100_000
"""Files and folders that an archive may have."""
RATIO = 1000
"""The largest ratio of content and archive, for content above SMALL. gzip reaches 1032."""
SMALL = 64 * 1024 * 1024
"""Bytes of content up to which no ratio is looked at."""
LARGEST = 20 * 1024**3
"""Bytes of content of a tar archive."""

_BLOCK = 512
_STEP = 1024 * 1024
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
    gzip.BadGzipFile,
)


class ArchiveError(Exception):
    """An archive that is damaged, cut off or too large. The message says which, and the limit."""


class DiskFullError(ArchiveError):
    """There is no room for what the archive holds."""


def unpack_tar(archive: Path, folder: Path, largest: int = LARGEST) -> None:
    """Unpack a .tar.gz into `folder`, which then is complete or not there. Raises ArchiveError.

    `largest` is in bytes of content.
    """
    with _fresh_folder(folder) as fresh:
        check_tar(archive, largest)
        with tarfile.open(archive, "r:gz") as tar:
            for number, member in enumerate(tar, 1):
                if number > MEMBERS:
                    raise ArchiveError(f"it has more than {MEMBERS} members, which is the limit")
                if member.issparse():
                    raise ArchiveError(f"its member {member.name} is sparse, which is not unpacked here")
                tar.extract(member, fresh, filter="data")
            _check_end(tar)


def unpack_zip(archive: bytes, folder: Path, largest: int) -> None:
    """Unpack a .zip into `folder`, which then is complete or not there. Raises ArchiveError."""
    with _fresh_folder(folder) as fresh, zipfile.ZipFile(io.BytesIO(archive)) as packed:
        members = packed.infolist()
        size = sum(member.file_size for member in members)
        if size > largest:
            raise ArchiveError(f"Unzipped size must be smaller than {largest} bytes")
        _check_ratio(len(archive), size)
        if len(members) > MEMBERS:
            raise ArchiveError(f"it has more than {MEMBERS} members, which is the limit")
        packed.extractall(fresh)


@contextmanager
def _fresh_folder(folder: Path) -> Iterator[Path]:
    """A fresh folder that becomes `folder` when nothing was raised, and is removed otherwise."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".unpacking-"))
    try:
        yield fresh
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
            # Somebody was faster with the same archive.
            shutil.rmtree(fresh)
    except BaseException as error:
        shutil.rmtree(fresh, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError(f"the disk of {folder.parent} is full: make room, then try again") from error
        if isinstance(error, _DAMAGED) or (isinstance(error, OSError) and error.errno is None):
            raise ArchiveError(f"it is damaged or cut off ({error})") from error
        raise


def check_tar(archive: Path, largest: int = LARGEST) -> None:
    """Read a .tar.gz to its end, where gzip has a checksum and tar two blocks of zeros. Raises ArchiveError."""
    try:
        _check_gzip(archive, largest)
    except (*_DAMAGED, OSError) as error:
        raise ArchiveError(f"it is damaged or cut off ({error})") from error


def _check_gzip(archive: Path, largest: int) -> None:
    size, tail, packed = 0, b"", archive.stat().st_size
    with gzip.open(archive) as stream:
        while part := stream.read(_STEP):
            size += len(part)
            if size > largest:
                raise ArchiveError(f"its content is larger than {largest} bytes, which is the limit")
            _check_ratio(packed, size)
            tail = (tail + part)[-2 * _BLOCK :]
    if tail != bytes(2 * _BLOCK):
        raise ArchiveError("it is damaged or cut off (a tar archive ends with two blocks of zeros)")


def _check_end(tar: tarfile.TarFile) -> None:
    """Raises ArchiveError where the members end at a header that is damaged: tarfile stops there without an error."""
    assert tar.fileobj is not None
    tar.fileobj.seek(tar.offset)
    if tar.fileobj.read(_BLOCK) != bytes(_BLOCK):
        raise ArchiveError(f"it is damaged: there is no member's header at byte {tar.offset}")


def _check_ratio(packed: int, size: int) -> None:
    if size > SMALL and size > packed * RATIO:
        raise ArchiveError(
            f"its content is more than {RATIO} times larger than the archive, which is the limit"
        )
