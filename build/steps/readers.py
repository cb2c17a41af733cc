"""The rows of a file, or of a range of it, in every format of the recipe.

A row is its text and its raw label, `(text, label)`, or `(None, reason)` when it is none. Text columns are joined by
spaces; the text of a row that lacks a required column is empty. Blank lines are no rows.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, Optional

import ranges
from labels import PREFIX, Raw
from layout import Layout

Row = tuple[Optional[str], Raw]

# A quote that is never closed would swallow the rest of the file: no review is longer than this many characters.
_LONGEST_FIELD = 1 << 20


class Rows:
    """Iterates over the rows between two offsets.

    Afterwards `whole` tells whether the range ended with a record, not inside quotes; `unseen` which columns no row had
    and `seen` which the first row had (JSON lines, which have no header).
    """

    def __init__(self, path: Path, start: int, end: int, layout: Layout) -> None:
        self._layout = layout
        self._lines = ranges.lines(path, start, end, newline="" if layout.quoted else "\n")
        self.whole = not layout.quoted
        self.unseen = set() if layout.table else {*layout.text, *layout.label, *layout.require}
        self.seen: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Row]:
        with self._lines:
            if self._layout.format == "jsonl":
                yield from self._json_lines()
            elif self._layout.format == "fasttext":
                yield from self._labelled_lines()
            elif self._layout.quoted:
                yield from self._table(
                    _until_end(csv.reader(self._with_end(), delimiter=self._layout.delimiter))
                )
            else:
                yield from self._table(
                    line.rstrip("\r\n").split(self._layout.delimiter) for line in self._lines
                )

    def _table(self, records: Iterable[list[str] | None]) -> Iterator[Row]:
        layout = self._layout
        width = len(layout.columns)
        text, label = _joiner(layout.positions(layout.text)), _getter(layout.positions(layout.label))
        required = layout.positions(layout.require)
        for row in records:
            if row is None or len(row) != width:
                if row and row[0] == self._end:
                    self.whole = True
                elif row is None or len(row) > 1 or (row and row[0]):
                    yield None, "columns"
                continue
            for position in required:
                if not row[position] or row[position].isspace():
                    yield "", ""
                    break
            else:
                yield text(row), label(row)

    @property
    def _end(self) -> str:
        return self._layout.delimiter * len(self._layout.columns)

    def _with_end(self) -> Iterator[str]:
        """The lines, and one more that is a row of one field, unless a quote is still open: then it closes it."""
        csv.field_size_limit(_LONGEST_FIELD)
        return chain(self._lines, [f'"{self._end}'])

    def _json_lines(self) -> Iterator[Row]:
        layout = self._layout
        for line in self._lines:
            if line.isspace():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                yield None, "json"
                continue
            if self.unseen:
                self.unseen.difference_update(row)
                self.seen = self.seen or tuple(row)
            if all(_cell(row.get(column)).strip() for column in layout.require):
                values = [row.get(column) for column in layout.label]
                label = values[0] if len(values) == 1 else values
                yield (
                    " ".join(filter(None, [_cell(row.get(column)) for column in layout.text])),
                    tuple(map(_cell, label)) if isinstance(label, list) else _cell(label),
                )
            else:
                yield "", ""

    def _labelled_lines(self) -> Iterator[Row]:
        for line in self._lines:
            words = line.split()
            if words:
                labels = tuple(word[len(PREFIX) :] for word in words if word.startswith(PREFIX))
                yield " ".join(word for word in words if not word.startswith(PREFIX)), labels


def _until_end(reader: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """The records of a csv.reader, which goes on behind one that it cannot read: that is None."""
    while True:
        try:
            yield from reader
        except csv.Error:
            yield None
        else:
            return


def _joiner(positions: tuple[int, ...]) -> Callable[[list[str]], str]:
    if len(positions) == 1:
        return itemgetter(positions[0])
    cells = itemgetter(*positions)
    return lambda row: " ".join(filter(None, cells(row)))


def _getter(positions: tuple[int, ...]) -> Callable[[list[str]], Raw]:
    """One cell, or a tuple of them: what Labels takes."""
    return itemgetter(*positions)


def _cell(value: Any) -> str:
    """A JSON value as the cell that it would be in a table."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)
