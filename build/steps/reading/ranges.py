"""Byte ranges of a text file that begin and end between records, so that each can be read by itself."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any

_BOM = b"\xef\xbb\xbf"
_BLOCK = 1 << 20
_DECODED = 1 << 16  # bytes at a time
_QUOTE = b'"'
# A zero byte, as `Range` hands it on and `lines` decodes it.
ZERO = "\udcff"


def start_of_text(path: Path) -> int:
    """The offset behind a byte order mark, which is no part of the text."""
    with path.open("rb") as stream:
        return len(_BOM) if stream.read(len(_BOM)) == _BOM else 0


def cut(path: Path, start: int, end: int, count: int, quoted: bool) -> list[tuple[int, int]]:
    """At most `count` ranges of about equal size that cover the file from `start` to `end`.

    A range ends behind a newline; where fields are quoted, behind one with an even number of quotes before it, which is
    the end of a record unless a quote stands alone inside an unquoted field. Whoever reads a range must therefore check
    that it ended with a record.
    """
    edges = [start]
    inside = False
    with path.open("rb") as stream:
        stream.seek(start)
        for index in range(1, count):
            target = start + (end - start) * index // count
            while quoted and stream.tell() < target:
                inside ^= stream.read(min(_BLOCK, target - stream.tell())).count(_QUOTE) % 2 == 1
            stream.seek(max(target, stream.tell()))
            inside = _to_end_of_record(stream, inside, quoted)
            if edges[-1] < stream.tell() < end:
                edges.append(stream.tell())
    return list(zip(edges, [*edges[1:], end]))


def _to_end_of_record(stream: IO[bytes], inside: bool, quoted: bool) -> bool:
    while True:
        piece = stream.readline(_BLOCK)
        if quoted:
            inside ^= piece.count(_QUOTE) % 2 == 1
        if not piece or (piece.endswith(b"\n") and not inside):
            return inside


def lines(source: Range, newline: str) -> io.TextIOWrapper:
    """The text of a range, line by line; bytes that are not UTF-8 become lone surrogates, as PEP 383 has it.

    `newline` is what io.TextIOWrapper takes: "" for csv.reader, "\\n" where only that ends a line.
    """
    raw = io.BufferedReader(source, _BLOCK // 4)
    text = io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape", newline=newline)
    text._CHUNK_SIZE = _DECODED  # type: ignore[attr-defined]  # 8 KiB by default, an eighth of it
    return text


def is_utf8(text: str) -> bool:
    """Whether `text`, read by `lines`, was valid UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class Range(io.RawIOBase):
    """A file that begins at `start` and ends at `end`.

    Zero bytes come out as a byte that is no UTF-8 (`ZERO`, once decoded): csv.reader refuses them under Python 3.9, and
    takes them under 3.11.
    """

    def __init__(self, path: Path, start: int, end: int) -> None:
        super().__init__()
        self._stream = path.open("rb", buffering=0)
        self._stream.seek(start)
        self._left = end - start
        self.has_zero_bytes = False

    def readable(self) -> bool:
        """True: the stream can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read bytes of the range into `buffer`; the number of bytes, 0 at the end. A zero byte becomes 0xff."""
        view = memoryview(buffer)[: self._left]
        count = self._stream.readinto(view) or 0
        self._left -= count
        content = bytes(view[:count])
        if b"\0" in content:
            self.has_zero_bytes = True
            view[:count] = content.replace(b"\0", b"\xff")
        return count

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        super().close()
