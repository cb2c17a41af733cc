"""The rows of a file, or of a range of it, in every format of the recipe.

A row is its text and its raw label, `(text, label)`, or `(None, reason)` when it is none. Text columns are joined by
spaces; the text of a row that lacks a required column is empty. Blank lines are no rows.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
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
    """The rows between two offsets, to be iterated over once inside a `with`.

    Afterwards `whole` tells whether the range ended with a record, not inside quotes; `unseen` which columns no row had
    and `seen` which the first row had (JSON lines, which have no header).
    """

    def __init__(self, path: Path, start: int, end: int, layout: Layout) -> None:
        self._layout = layout
        self._lines = ranges.lines(path, start, end, newline="" if layout.quoted else "\n")
        self.whole = not layout.quoted
        self.unseen = set() if layout.table else {*layout.text, *layout.label, *layout.require}
        self.seen: tuple[str, ...] = ()

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *exception: object) -> None:
        self._lines.close()

    def __iter__(self) -> Iterator[Row]:
        layout = self._layout
        if layout.format == "jsonl":
            return self._json_lines()
        if layout.format == "fasttext":
            return self._labelled_lines()
        if layout.quoted:
            csv.field_size_limit(_LONGEST_FIELD)
            return self._table(csv.reader(self._with_end(), delimiter=layout.delimiter))
        return self._table(line.rstrip("\r\n").split(layout.delimiter) for line in self._lines)

    def _table(self, records: Iterator[list[str]]) -> Iterator[Row]:
        layout = self._layout
        width = len(layout.columns)
        text, label = _joiner(layout.positions(layout.text)), itemgetter(*layout.positions(layout.label))
        required = layout.positions(layout.require)
        while True:
            try:
                for row in records:
                    if len(row) != width:
                        if self._is_a_row(row):
                            yield None, "columns"
                        continue
                    for position in required:
                        if not row[position] or row[position].isspace():
                            yield "", ""
                            break
                    else:
                        yield text(row), label(row)
                return
            except csv.Error:  # csv.reader goes on behind a record that it cannot read
                yield None, "columns"

    def _is_a_row(self, row: list[str]) -> bool:
        """Whether a record of the wrong width is one, and neither a blank line nor the mark of the end."""
        if row and row[0] == self._end:
            self.whole = True
            return False
        return len(row) > 1 or any(row)

    @property
    def _end(self) -> str:
        return self._layout.delimiter * len(self._layout.columns)

    def _with_end(self) -> Iterator[str]:
        """The lines, and one more that is a row of one field, unless a quote is still open: then it closes it."""
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


def _joiner(positions: tuple[int, ...]) -> Callable[[list[str]], str]:
    cells = itemgetter(*positions)
    if len(positions) == 1:
        return cells
    if len(positions) > 2:
        return lambda row: " ".join(filter(None, cells(row)))

    def title_and_text(row: list[str]) -> str:
        title, text = cells(row)
        return f"{title} {text}" if title and text else title or text

    return title_and_text


def _cell(value: Any) -> str:
    """A JSON value as the cell that it would be in a table."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)
