"""The rows of a file, or of a range of it, in every format of the recipe.

A row is its text and its raw label, `(text, label)`, or `(None, Unusable)` when it cannot be used as it stands. Text
columns are joined by spaces; cells that stand for a missing value are empty. Blank lines are no rows.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

from reading import ranges
from reading.layout import Layout
from reading.missing import Missing

PREFIX = "__label__"
"""Marks a label in a line of fastText's format."""

# No review is longer than this many characters; a quote that is never closed would swallow the rest of the file.
LONGEST_TEXT = 1 << 20


class Unusable(NamedTuple):
    """A row that cannot be used: the reason, the value to show, if any, and how many lines of the file are lost."""

    reason: str
    value: str | None
    lines: int = 1
    first_line: int = 0


# The raw label of a row: a cell, a list of values (JSON lines, fastText), or the cells of the label columns.
Raw = Union[str, tuple[str, ...]]
# A text and its raw label, or None and an Unusable.
Row = tuple[Optional[str], Any]
# Whether a raw label is one that the recipe's rules know.
Known = Callable[[Raw], bool]


class Rows:
    """The rows between two offsets, to be iterated over once inside a `with`.

    Afterwards `whole` tells whether the range ended with a record, not inside quotes; `lines` how many lines it has;
    `unseen` which columns no row had and `seen` which the first row had (JSON lines, which have no header).
    """

    def __init__(self, path: Path, start: int, end: int, layout: Layout, known: Known) -> None:
        self.path, self.start, self.end, self.layout, self.known = path, start, end, layout, known
        self._range = ranges.Range(path, start, end)
        self._lines = ranges.lines(self._range, newline="" if layout.quoted else "\n")
        self.missing = Missing(layout.missing)
        self.whole = not layout.quoted
        self.lines = 0
        self.unseen = set() if layout.table else {*layout.text, *layout.label, *layout.require}
        self.seen: tuple[str, ...] = ()

    @property
    def has_zero_bytes(self) -> bool:
        """Whether a zero byte was replaced by one that is no UTF-8, `ranges.ZERO`."""
        return self._range.has_zero_bytes

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *exception: object) -> None:
        self._lines.close()

    def __iter__(self) -> Iterator[Row]:
        if self.layout.format == "jsonl":
            return self._json_lines()
        if self.layout.format == "fasttext":
            return self._labelled_lines()
        from reading import tables

        return tables.rows(self, self._lines)

    def _json_lines(self) -> Iterator[Row]:
        for line in self._lines:
            if line.isspace():
                continue
            try:
                row = json.loads(line)
                if isinstance(row, dict):
                    yield self._json_row(row)
                    continue
                problem = f"a {type(row).__name__}, no object: {line[:60]}"
            except RecursionError:
                problem = f"nested too deep: {line[:60]}"
            except ValueError as error:
                problem = f"{str(error).partition(':')[0]}: {line[:60]}"
            yield None, Unusable("json", problem.rstrip("\n"))

    def _json_row(self, row: dict[str, Any]) -> Row:
        layout, clean = self.layout, self.missing.clean
        if self.unseen:
            self.unseen.difference_update(row)
            self.seen = self.seen or tuple(row)
        for column in layout.require:
            cell = _cell(row.get(column))
            if self.missing.is_empty(cell):
                return None, Unusable("empty_text", cell)
        cells = [_cell(row.get(column)) for column in layout.text]
        text = " ".join(filter(None, map(clean, cells)))
        if not text:
            return None, Unusable("empty_text", " ".join(cells))
        values = [row.get(column) for column in layout.label]
        label = values[0] if len(values) == 1 else values
        return self._unescape(text), tuple(map(_cell, label)) if isinstance(label, list) else _cell(label)

    def _labelled_lines(self) -> Iterator[Row]:
        for line in self._lines:
            words = line.split()
            if not words:
                continue
            labels = tuple(word[len(PREFIX) :] for word in words if word.startswith(PREFIX))
            # A label that is not written as one would become a word of the text, which then gives it away.
            if "" in labels or len(labels) != line.lower().count(PREFIX):
                broken = [n for n, word in enumerate(words) if PREFIX in word.lower() and not _is_label(word)]
                yield None, Unusable("unknown_label", " ".join(words[broken[0] : broken[0] + 2]))
                continue
            text = " ".join(word for word in words if not word.startswith(PREFIX))
            cleaned = self.missing.clean(text)
            yield (self._unescape(text), labels) if cleaned else (None, Unusable("empty_text", text))

    def _unescape(self, text: str) -> str:
        return unescape(text, self.layout.escape) if self.layout.escape else text


def unescape(text: str, escape: str) -> str:
    """A text without its escapes: `\\n` and its like become spaces, any other character stands for itself."""
    if escape not in text:
        return text
    return re.sub(
        f"{re.escape(escape)}(.)", lambda found: _ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL
    )


_ESCAPES = dict.fromkeys("nrtbfv0", " ")


def _is_label(word: str) -> bool:
    return word.startswith(PREFIX) and word != PREFIX and word.lower().count(PREFIX) == 1


def _cell(value: Any) -> str:
    """A JSON value as the cell that it would be in a table; what is no number, and no value, is empty."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return json.dumps(value)
