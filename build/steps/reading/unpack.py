"""Compressed files and archives: recognised by their first bytes, unpacked layer by layer, with a limit.

gzip, bzip2, xz, and zip or tar archives with one file, in any nesting.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from failure import StepError

_ZIP, _EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (_ZIP, "zip"),
    (_EMPTY_ZIP, "zip"),
)
# What is not read, by name, so that the message can say what it is.
_REFUSED = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "compressed by Zstandard"),
    (b"\x04\x22\x4d\x18", "compressed by LZ4"),
    (b"\xff\x06\x00\x00sNaPpY", "compressed by Snappy"),
    (b"\x1f\x9d", "compressed by compress (.Z)"),
    (b"Obj\x01", "Avro"),
    (b"ORC", "ORC"),
    (b"ARROW1", "an Arrow (Feather) file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word file"),
    (b"%PDF", "a PDF"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x80\x03}", "a Python pickle"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x80\x05\x95", "a Python pickle"),
)
_LAYERS = 4
_BLOCK = 1 << 20
# A review compresses to a fifth, a generated one to a hundredth; what shrinks further is made to fill a disk.
_SMALL, _LARGEST_RATIO = 256 << 20, 200


def unpacked(file: Path, name: str, scratch: Path, most: int | None = None) -> Path:
    """The file itself, or its content in `scratch` when it is compressed or an archive with one file.

    With `most` unpacking stops after so many bytes. Raises StepError when it is damaged, holds several files, is of a
    kind that is not read, or unpacks to more than 200 times its size.
    """
    path, size = file, file.stat().st_size
    for layer in range(_LAYERS):
        kind = _kind(path, name)
        if kind is None:
            return path
        target = scratch / f"unpacked-{layer}"
        with _explained(name), ExitStack() as stack:
            packed = _opened(path, kind, name, stack)
            _copy(packed, target, _Limit(name, size, most))
        if path != file:
            path.unlink()
        path = target
    raise StepError(
        f"{name} is packed {_LAYERS} times or more. Expected: a plain file, or one that is compressed."
    )


def _kind(path: Path, name: str) -> str | None:
    with path.open("rb") as stream:
        start = stream.read(512)
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            return kind
    for magic, what in _REFUSED:
        if start.startswith(magic):
            raise StepError(
                f"{name} is {what}, which is not read. Expected: CSV, TSV, JSON lines, __label__ lines or Parquet; "
                "plain, gzip, bzip2, xz, zip or tar. Convert it."
            )
    return "tar" if start[257:262] == b"ustar" else None


def _opened(path: Path, kind: str, name: str, stack: ExitStack) -> Any:
    if kind == "gzip":
        return stack.enter_context(gzip.open(path, "rb"))
    if kind == "bzip2":
        return stack.enter_context(bz2.open(path, "rb"))
    if kind == "xz":
        return stack.enter_context(lzma.open(path, "rb"))
    if kind == "zip":
        archive = stack.enter_context(zipfile.ZipFile(path))
        if any(item.filename == "xl/workbook.xml" for item in archive.infolist()):
            raise StepError(
                f"{name} is an Excel workbook, which is not read. Save its sheet as CSV in UTF-8."
            )
        members = {item.filename: item for item in archive.infolist() if not item.is_dir()}
        return stack.enter_context(archive.open(members[_only(list(members), name, kind)]))
    tape = stack.enter_context(tarfile.open(path))  # noqa: SIM115
    files = {item.name: item for item in tape if item.isfile()}
    return tape.extractfile(files[_only(list(files), name, kind)])


def _only(members: list[str], name: str, kind: str) -> str:
    data = [member for member in members if not is_hidden(PurePosixPath(member))]
    if len(data) != 1:
        found = ", ".join(data[:5]) or "nothing"
        raise StepError(
            f"{name} holds {len(data)} files ({found}). Expected: a {kind} with exactly one file."
        )
    return data[0]


def is_hidden(path: PurePosixPath) -> bool:
    """Whether a file is not data but what a system or an engine leaves beside it: .DS_Store, __MACOSX/, _SUCCESS."""
    parts = [part for part in path.parts if part not in (".", "..")]
    return (
        any(part.startswith(".") or part == "__MACOSX" for part in parts)
        or parts[-1].startswith(("_SUCCESS", "_committed_", "_started_"))
        or parts[-1].lower() in ("thumbs.db", "desktop.ini")
    )


class _Limit:
    """How much may come out of a file of `size` bytes. `most`, if given, is where a sample ends."""

    def __init__(self, name: str, size: int, most: int | None) -> None:
        self._name, self._size, self.most = name, size, most

    def check(self, written: int) -> None:
        if written > max(_SMALL, _LARGEST_RATIO * self._size):
            raise StepError(
                f"{self._name} has {self._size:,} bytes and unpacks to more than {written:,}: more than "
                f"{_LARGEST_RATIO} times its size, as data that was made to fill a disk does. Unpack it yourself if it "
                "is what you expect."
            )


def _copy(packed: IO[bytes], target: Path, limit: _Limit) -> None:
    written = 0
    with target.open("wb") as stream:
        while block := packed.read(_BLOCK):
            stream.write(block)
            written += len(block)
            limit.check(written)
            if limit.most is not None and written >= limit.most:
                return


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise StepError(
                f"The disk is full while {name} is unpacked. Raise processing.volume_gb in the recipe."
            ) from error
        raise StepError(
            f"{name} is damaged: {error}. It may have been cut off when it was copied; copy it again."
        ) from error
    except (NotImplementedError, RuntimeError) as error:  # an unknown compression, or a password
        raise StepError(f"{name} cannot be unpacked: {error}. Expected: a plain zip or gzip file.") from error
