"""A look at a file that no recipe describes yet: its format, its columns, and what stands in them.

The steps read strictly what a recipe states; here it is guessed from the first rows, and a person sees the guess.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import math
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from model_build.errors import DataError

ROWS = 200_000
"""How many rows are looked at."""
DISTINCT = 10_000
"""So many values of a column are told apart: a label, or a scale, has fewer."""
_HEAD = 1 << 16
_LONGEST_NAME = 60
_FORMATS = "csv, tsv, JSON lines or fastText's labelled lines; plain, or compressed by gzip, bzip2, xz or zip"


@dataclass
class Column:
    """The values of a column. `values` counts the first DISTINCT values.

    `spaced` counts those of several words; `is_text` says whether none is a list or an object.
    """

    name: str
    rows: int = 0
    empty: int = 0
    characters: int = 0
    spaced: int = 0
    is_text: bool = True
    values: Counter[str] = field(default_factory=Counter)

    @property
    def mean_length(self) -> float:
        """Characters of a value, on average."""
        return self.characters / max(1, self.rows - self.empty)

    @property
    def distinct(self) -> int:
        """How many values there are, up to DISTINCT."""
        return len(self.values)

    @property
    def is_numeric(self) -> bool:
        """Whether all of the values that are told apart are numbers."""
        return bool(self.values) and all(map(is_number, self.values))

    def add(self, value: Any) -> None:
        """Count a cell: text, or what JSON has."""
        self.rows += 1
        if value is None or value == "":
            self.empty += 1
            return
        self.is_text = self.is_text and not isinstance(value, list | dict)
        text = value if isinstance(value, str) else json.dumps(value)
        self.characters += len(text)
        self.spaced += " " in text.strip()
        if text in self.values or len(self.values) < DISTINCT:
            self.values[text] += 1


@dataclass(frozen=True)
class Sample:
    """The first rows of a file. `encoding`, `delimiter` and `header` are as a recipe states them, None where it need not."""

    format: str
    columns: tuple[Column, ...]
    rows: int
    encoding: str | None = None
    delimiter: str | None = None
    header: bool = True

    def column(self, name: str) -> Column | None:
        """The column of that name, None where there is none."""
        return next((column for column in self.columns if column.name == name), None)


def read(path: Path) -> Sample:
    """The sample of a file. Raises DataError when there is none, or it is of no format that is known here."""
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    try:
        with _opened(path) as file:
            head = file.read(_HEAD)
        encoding = _encoding(head)
        with (
            _opened(path) as file,
            io.TextIOWrapper(file, encoding or "utf-8-sig", "replace", newline="") as text,
        ):
            return _sample(path, text, encoding)
    except (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile, csv.Error) as error:
        raise DataError(f"{path} cannot be read: {error}. Expected: {_FORMATS}.") from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as raw:
        magic = raw.read(6)
        raw.seek(0)
        if magic.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(raw) as archive:
                names = [
                    each.filename
                    for each in archive.infolist()
                    if not each.is_dir() and not Path(each.filename).name.startswith((".", "_"))
                ]
                if len(names) != 1:
                    raise DataError(f"{path} holds {len(names)} files. Expected: an archive with one file.")
                with archive.open(names[0]) as member:
                    yield member
            return
        openers: dict[bytes, Callable[[IO[bytes]], Any]] = {
            b"\x1f\x8b": gzip.open,
            b"BZh": bz2.open,
            b"\xfd7zXZ": lzma.open,
        }
        opener = next((each for begins, each in openers.items() if magic.startswith(begins)), None)
        if opener is None:
            yield raw
            return
        with opener(raw) as unpacked:
            yield unpacked


def _encoding(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # The last character of a longer file may be cut in two.
    for end in range(4 if len(head) == _HEAD else 1):
        try:
            head[: len(head) - end].decode("utf-8")
            return None
        except UnicodeDecodeError:
            continue
    return "cp1252"


def _sample(path: Path, file: io.TextIOWrapper, encoding: str | None) -> Sample:
    head = file.read(_HEAD)
    if not head.strip():
        raise DataError(f"{path} is empty. Expected: {_FORMATS}.")
    if "\0" in head:
        raise DataError(f"{path} is not text. Expected: {_FORMATS}.")
    lines = chain(io.StringIO(head[: head.rfind("\n") + 1], newline=""), _rest(head, file))
    if head.startswith("__label__"):
        return _fasttext(lines, encoding)
    if head.lstrip().startswith("{"):
        return _json_lines(path, lines, encoding)
    if not head.partition("\n")[0].strip():
        raise DataError(
            f"{path} begins with an empty line. Expected in the first: the names of columns, or a row."
        )
    return _table(head, lines, encoding)


def _rest(head: str, file: io.TextIOWrapper) -> Iterator[str]:
    """The lines after the whole lines of `head`."""
    last = head[head.rfind("\n") + 1 :]
    yield from filter(None, chain([last + file.readline()], file))


def _fasttext(lines: Iterator[str], encoding: str | None) -> Sample:
    labels, count = Column("label"), 0
    for line in islice(lines, ROWS):
        count += 1
        for word in line.split():
            if not word.startswith("__label__"):
                break
            labels.add(word.removeprefix("__label__"))
    return Sample("fasttext", (labels,), count, encoding)


def _json_lines(path: Path, lines: Iterator[str], encoding: str | None) -> Sample:
    columns: dict[str, Column] = {}
    count = 0
    for line in islice(lines, ROWS):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            if count:
                continue
            raise DataError(
                f"{path} begins like JSON, and its first line is not a JSON object: {line[:80]!r}."
            )
        count += 1
        for name, value in row.items():
            columns.setdefault(name, Column(name, rows=count - 1, empty=count - 1)).add(value)
    return Sample("jsonl", tuple(columns.values()), count, encoding)


def _table(head: str, lines: Iterator[str], encoding: str | None) -> Sample:
    whole = head[: head.rfind("\n") + 1] or head
    try:
        delimiter = csv.Sniffer().sniff(whole, delimiters=",\t;|").delimiter
    except csv.Error:
        delimiter = "\t" if "\t" in whole.partition("\n")[0] else ","
    kind = "tsv" if delimiter == "\t" else "csv"
    rows = csv.reader(
        lines, delimiter=delimiter, quoting=csv.QUOTE_NONE if kind == "tsv" else csv.QUOTE_MINIMAL
    )
    first = next(rows)
    header = _is_header(first)
    names = first if header else [f"column_{number}" for number in range(1, len(first) + 1)]
    columns, count = tuple(map(Column, names)), 0
    for row in islice(rows if header else chain([first], rows), ROWS):
        if len(row) != len(columns):
            continue
        count += 1
        for column, value in zip(columns, row, strict=True):
            column.add(value.strip())
    return Sample(kind, columns, count, encoding, delimiter if delimiter not in ",\t" else None, header)


def _is_header(row: Sequence[str]) -> bool:
    """Names are short, differ, and are no numbers."""
    names = [cell.strip() for cell in row]
    short = all(len(name) <= _LONGEST_NAME and not is_number(name) for name in names)
    # A first column without a name is the index that pandas writes.
    return short and len(set(names)) == len(names) and all(names[1:]) and bool(any(names))


def is_number(text: str) -> bool:
    """Whether a cell is a number, as label rules read it: neither infinity nor what is not a number."""
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False
