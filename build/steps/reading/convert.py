"""Converts an unpacked file to the form that the readers take: UTF-8, lines that end in a newline, rows in lines.

Most files are that already and stay as they are. Others are rewritten into the scratch folder, in blocks: another
encoding, line ends of old Macs, one JSON array, Parquet.
"""

from __future__ import annotations

import codecs
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from failure import StepError
from reading import charset

_BLOCK = 1 << 20
_PARQUET = b"PAR1"
_SPACE = re.compile(r"[\s,]*")
_MARK = "mark_as_not_utf8"
# Becomes a byte that UTF-8 does not have, so that the row is dropped for its encoding.
codecs.register_error(_MARK, lambda error: ("\udcfe", error.end))  # type: ignore[attr-defined]


class _NoArray(Exception):
    """The file begins as a JSON array and is something else."""


def readable(
    path: Path, data: Mapping[str, Any], name: str, scratch: Path, most: int | None = None
) -> tuple[Path, Mapping[str, Any]]:
    """The file as the readers take it, and the recipe's `data` as it then applies to it.

    With `most` only about so many bytes are converted. Raises StepError when the file is empty, or is not what the
    recipe says, or cannot be converted.
    """
    with path.open("rb") as stream:
        start = stream.read(_BLOCK)
    if not start.strip(b"\xef\xbb\xbf \t\r\n"):
        raise StepError(f"{name} is empty. Expected: a data file with rows.")
    target = scratch / f"{path.name}-converted"
    if start.startswith(_PARQUET):
        if data["format"] == "fasttext":
            raise StepError(
                f"{name} is Parquet, and data.format of the recipe is fasttext. Say format: parquet."
            )
        _from_parquet(path, data, name, target, most)
        return target, {**data, "format": "jsonl"}
    if data["format"] == "parquet":
        raise StepError(
            f"{name} is not Parquet, as data.format of the recipe says. It begins with {_shown(start)}."
        )
    encoding = data["encoding"] or "utf-8"
    if encoding != "utf-8":
        _to_utf8(path, encoding, name, target, most)
        path = target
        with path.open("rb") as stream:
            start = stream.read(_BLOCK)
        target = scratch / f"{path.name}-again"
    else:
        _check_encoding(start, name)
    if b"\n" not in start and b"\r" in start.rstrip(b"\r"):
        _newlines(path, target, most)
        path, target = target, scratch / f"{path.name}-lines"
    if data["format"] == "jsonl" and start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        path = _from_array(path, name, target, most)
    return path, data


def _check_encoding(start: bytes, name: str) -> None:
    wide = charset.wide(start[:4096])
    if wide is not None:
        what = "by its byte order mark" if wide in ("utf-16", "utf-32") else "by its zero bytes"
        raise StepError(f"{name} is {wide.upper()}, {what}. Expected: UTF-8. {charset.advice(wide)}")


def _to_utf8(path: Path, encoding: str, name: str, target: Path, most: int | None) -> None:
    """Rewrite `path`; what cannot be decoded becomes bytes that are no UTF-8 either."""
    decoder = codecs.getincrementaldecoder(encoding)(errors=_MARK)
    utf8, is_utf8 = codecs.getincrementaldecoder("utf-8")(), True
    ascii_only, read = True, 0
    with path.open("rb") as source, target.open("wb") as converted:
        while block := source.read(_BLOCK):
            read += len(block)
            converted.write(decoder.decode(block).encode("utf-8", "surrogateescape"))
            ascii_only = ascii_only and block.isascii()
            is_utf8 = is_utf8 and _decodes(utf8, block)
            if most is not None and read >= most:
                break
        else:
            converted.write(decoder.decode(b"", final=True).encode("utf-8", "surrogateescape"))
            # The last letter may look like the first half of a character.
            is_utf8 = is_utf8 and _decodes(utf8, b"", final=True)
    if is_utf8 and not ascii_only and not charset.wide(_start(path)):
        raise StepError(
            f"{name} is UTF-8, and data.encoding of the recipe says {encoding}: every accent would become two wrong "
            "characters. Leave the key out."
        )


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4096)


def _newlines(path: Path, target: Path, most: int | None) -> None:
    """Rewrite lines that end in a carriage return alone."""
    read, pending = 0, b""
    with path.open("rb") as source, target.open("wb") as converted:
        while block := pending + source.read(_BLOCK):
            # A pair of carriage return and newline may lie across two blocks.
            pending = b"\r" if len(block) > 1 and block.endswith(b"\r") else b""
            read += len(block) - len(pending)
            piece = block[: len(block) - len(pending)]
            converted.write(piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
            if most is not None and read >= most:
                return


def _from_array(path: Path, name: str, target: Path, most: int | None) -> Path:
    """One JSON array as JSON lines; the file itself when it holds more than the array, so that its lines are judged."""
    count = size = 0
    try:
        with ExitStack() as files:
            source = files.enter_context(
                path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
            )
            lines = files.enter_context(target.open("w", encoding="utf-8", newline="\n"))
            for element in _elements(source):
                size += lines.write(json.dumps(element) + "\n")
                count += 1
                if most is not None and size >= most:
                    break
    except _NoArray:
        return path
    except (ValueError, RecursionError) as error:
        if most is not None and count:
            return target  # a sample may end anywhere
        raise StepError(
            f"{name} is one JSON array, and its element {count + 1} cannot be read ({error}). Correct it, or write one "
            "object a line (jq -c '.[]')."
        ) from error
    if not count:
        raise StepError(f"{name} is an empty JSON array. Expected: a data file with rows.")
    return target


def _elements(source: IO[str]) -> Iterator[Any]:
    decoder, text = json.JSONDecoder(), source.read(_BLOCK)
    position = text.index("[") + 1
    while True:
        position = _SPACE.match(text, position).end()  # type: ignore[union-attr]
        more = ""
        if position < len(text):
            if text[position] == "]":
                if text[position + 1 :].strip() or source.read(_BLOCK).strip():
                    raise _NoArray
                return
            try:
                element, end = decoder.raw_decode(text, position)
                if end < len(text):  # else a number may go on in the next block
                    yield element
                    position = end
                    continue
            except ValueError:
                more = source.read(max(_BLOCK, len(text)))
                if not more:
                    raise
        more = more or source.read(_BLOCK)
        if not more:
            raise ValueError("it ends before the array does")
        text, position = text[position:] + more, 0


def _from_parquet(path: Path, data: Mapping[str, Any], name: str, target: Path, most: int | None) -> None:
    label = data["label"]
    wanted = {*data["text"], *data["require"], *([label] if isinstance(label, str) else label or ())}
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise StepError(
            f"{name} is Parquet, which needs pyarrow: the scikit-learn image has it, and this Python does not. Install it "
            "(pip install pyarrow), or write the data as CSV."
        ) from error
    try:
        with path.open("rb") as source, target.open("w", encoding="utf-8", newline="\n") as lines:
            file = parquet.ParquetFile(source)
            names = [column for column in file.schema_arrow.names if column in wanted]
            missing = sorted(wanted - set(names))
            if missing:
                raise StepError(
                    f"{name} has no column {missing[0]!r}. It has: {', '.join(file.schema_arrow.names)[:300]}. Correct "
                    "data of the recipe."
                )
            size = 0
            for batch in file.iter_batches(batch_size=4096, columns=names):
                for row in batch.to_pylist():
                    size += lines.write(json.dumps(row, default=_plain) + "\n")
                if most is not None and size >= most:
                    break
    except StepError:
        raise
    except Exception as error:  # pyarrow's errors have no common root
        raise StepError(
            f"{name} is Parquet and cannot be read ({' '.join(str(error).split())}). It may have been cut off when it was "
            "copied; copy it again."
        ) from error


def _plain(value: Any) -> Any:
    """A value that JSON does not have, as text."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _shown(start: bytes) -> str:
    return repr(start[:20])
