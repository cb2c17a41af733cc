"""Where text and label are in the raw file: the recipe's `data`, held against the file's header."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ranges
from failure import StepError

_LONGEST_HEADER = 1 << 20


@dataclass(frozen=True)
class Layout:
    """What a reader of the file's rows must know; names of columns where the format has keys, positions in tables."""

    format: str
    start: int  # the offset of the first row
    text: tuple[str, ...]
    label: tuple[str, ...]
    require: tuple[str, ...]
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    quoted: bool = False

    @property
    def table(self) -> bool:
        return self.format in ("csv", "tsv")

    def positions(self, names: Sequence[str]) -> tuple[int, ...]:
        return tuple(self.columns.index(name) for name in names)


def read(path: Path, data: Mapping[str, Any], name: str) -> Layout:
    """The layout of the file at `path`; `name` is what messages call it.

    Raises StepError when a column of the recipe is not in the header, or there is no readable header.
    """
    start = ranges.start_of_text(path)
    columns: tuple[str, ...] = ()
    if data["format"] in ("csv", "tsv"):
        columns = tuple(data["columns"] or ())
        if data["header"]:
            columns, start = _header(path, start, data, name)
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
    )
    if layout.table:
        _check_columns(layout, name)
    return layout


def label_columns(data: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The columns that hold 0 or 1, one per label; None where one column holds the label."""
    return tuple(data["label"]) if isinstance(data["label"], list) else None


def _header(path: Path, start: int, data: Mapping[str, Any], name: str) -> tuple[tuple[str, ...], int]:
    """The names in the file's first record, and the offset behind it."""
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
            f"The header of {name} is not UTF-8: {error}. Convert the file, for example with iconv."
        ) from error
    if not data["quoted"]:
        return tuple(text.rstrip("\r\n").split(data["delimiter"])), end
    try:
        return tuple(next(csv.reader([text], delimiter=data["delimiter"]), [])), end
    except csv.Error as error:
        raise StepError(
            f"The header of {name} cannot be read: {error}. Is it a {data['format']} file?"
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
    shown = ", ".join(columns)[:300] or "no columns"
    return f"{name} has no column {column!r}. It has: {shown}. Correct data.{key} in the recipe."
