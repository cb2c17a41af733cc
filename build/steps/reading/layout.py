"""The places of text and label in the raw file: the recipe's `data`, compared with the file's header."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from failure import StepError
from reading import charset, ranges

_LONGEST_HEADER = 1 << 20


@dataclass(frozen=True)
class Layout:
    """The description of a file that a reader of its rows needs."""

    format: str
    start: int  # the offset of the first row
    text: tuple[str, ...]
    label: tuple[str, ...]
    require: tuple[str, ...]
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    quoted: bool = False
    escape: str = ""
    missing: tuple[str, ...] = ()
    max_lines: int = 1000
    first_line: int = 1  # the line of the file that the first row begins on

    @property
    def table(self) -> bool:
        """Whether the file is a table with one row per record."""
        return self.format in ("csv", "tsv")

    def positions(self, names: Sequence[str]) -> tuple[int, ...]:
        """The positions of the columns with these names. Raises ValueError if one is missing."""
        return tuple(self.columns.index(name) for name in names)


def read(path: Path, data: Mapping[str, Any], name: str) -> Layout:
    """The layout of the file at `path`; `name` is what messages call it.

    Raises StepError when a column of the recipe is not in the header, or there is no readable header.
    """
    start = ranges.start_of_text(path)
    columns: tuple[str, ...] = ()
    header_lines = 0
    if data["format"] in ("csv", "tsv"):
        columns = tuple(data["columns"] or ())
        if data["header"]:
            columns, start, header_lines = _header(path, start, data, name)
    label = data["label"]
    layout = Layout(
        format=data["format"],
        start=start,
        text=tuple(data["text"]),
        label=(label,) if isinstance(label, str) else tuple(label or ()),
        require=tuple(data["require"]),
        columns=columns,
        delimiter=data["delimiter"],
        quoted=data["quoted"] and data["format"] in ("csv", "tsv"),
        escape="" if data["escape"] in (None, "none") else data["escape"],
        missing=tuple(data["missing"]),
        max_lines=data["max_lines_per_row"],
        first_line=header_lines + 1,
    )
    if layout.table:
        _check_columns(layout, name)
    return layout


def _header(path: Path, start: int, data: Mapping[str, Any], name: str) -> tuple[tuple[str, ...], int, int]:
    """The names in the file's first record, the offset behind it, and how many lines it has."""
    raw = b""
    with path.open("rb") as stream:
        stream.seek(start)
        while len(raw) < _LONGEST_HEADER:
            piece = stream.readline(_LONGEST_HEADER)
            raw += piece
            if not piece or not data["quoted"] or raw.count(b'"') % 2 == 0:
                break
        end = stream.tell()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StepError(
            f"The header of {name} is not UTF-8: {error}. It looks like {charset.guess([raw])}. "
            + charset.advice(charset.guess([raw]))
        ) from error
    if "\0" in text:
        raise StepError(
            f"The header of {name} has zero bytes: {charset.shown(text[:60])!r}. Copy the file again."
        )
    if not data["quoted"]:
        return tuple(text.rstrip("\r\n").split(data["delimiter"])), end, 1
    try:
        return (
            tuple(next(csv.reader([text], delimiter=data["delimiter"], strict=True), [])),
            end,
            raw.count(b"\n"),
        )
    except csv.Error as error:
        raise StepError(
            f"The header of {name} cannot be read: {error}. Is it a {data['format']} file, and is each quote closed? It "
            f"begins with {text[:60]!r}."
        ) from error


def _check_columns(layout: Layout, name: str) -> None:
    for key, names in (("text", layout.text), ("label", layout.label), ("require", layout.require)):
        for column in names:
            count = layout.columns.count(column)
            if count == 0:
                raise StepError(missing_column(name, column, key, layout.columns))
            if count > 1:
                raise StepError(
                    f"{name} has {count} columns {column!r}, so data.{key} of the recipe is ambiguous."
                )


def missing_column(name: str, column: str, key: str, columns: Sequence[str]) -> str:
    """The message for a column that the recipe names under `key` and the file `name` does not have."""
    shown = ", ".join(columns)[:300] or "no columns"
    return (
        f"{name} has no column {column!r}. It has: {shown}. {_likely_cause(column, columns) or _correct(key)}"
    )


def _correct(key: str) -> str:
    return f"Correct data.{key} in the recipe."


def _likely_cause(column: str, columns: Sequence[str]) -> str:
    """The likely cause of a missing column, other than a wrong name, and the key that solves it."""
    first = columns[0].lstrip() if columns else ""
    if first.startswith(("{", "[")):
        return "It looks like JSON: say format: jsonl in data of the recipe."
    if first.startswith("__label__"):
        return "It looks like __label__ lines: say format: fasttext in data of the recipe."
    if len(columns) == 1:
        for delimiter in (";", "\t", "|", ","):
            if column in [cell.strip('" ') for cell in columns[0].split(delimiter)]:
                return (
                    f"Its cells are separated by {delimiter!r}: say so with delimiter in data of the recipe."
                )
    if column in [name.strip() for name in columns]:
        return "A name in the header has a space before or behind it: correct the header, or put the name in quotes."
    close = [name for name in columns if name.lower() == column.lower()]
    return f"Did you mean {close[0]!r}?" if close else ""
