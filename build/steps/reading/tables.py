"""The rows of CSV and TSV, strictly: what a parser could only guess is no row.

csv.reader is told to be strict, and a record over several lines is looked at again. A quote that is never closed
otherwise swallows rows until another quote happens to close it, and if the number of fields happens to fit, hundreds of
rows become one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from reading import ranges
from reading.readers import LONGEST_TEXT, Row, Rows, Unusable, unescape

if TYPE_CHECKING:
    from reading.layout import Layout

_BREAK = re.compile(r"\r\n|\r|\n")
_SHOWN = 5  # lines that a message may quote


def rows(source: Rows, lines: Iterable[str]) -> Iterator[Row]:
    """The rows of a table; sets what `Rows` tells afterwards."""
    if source.layout.quoted:
        return _Quoted(source, lines).rows()
    return _unquoted(source, lines)


def _unquoted(source: Rows, lines: Iterable[str]) -> Iterator[Row]:
    layout = source.layout
    width, row_of = len(layout.columns), _row(source)
    escape = layout.escape
    for line in lines:
        row = line.rstrip("\r\n").split(layout.delimiter)
        if len(row) == width:
            yield row_of([unescape(cell, escape) for cell in row] if escape else row)
        elif len(row) > 1 or row[0]:
            yield None, Unusable("columns", _fields(row))


def _row(source: Rows) -> Callable[[list[str]], Row]:
    """A function from a record of the right width to its row."""
    return _title_and_text(source) if len(source.layout.text) == 2 else _all_columns(source)


def _title_and_text(source: Rows) -> Callable[[list[str]], Row]:
    """The row of two columns of text, as most reviews are. The hot loop runs through it."""
    layout, longest, words = source.layout, source.missing.longest, source.missing.words
    label, required = itemgetter(*layout.positions(layout.label)), layout.positions(layout.require)
    first, last = layout.positions(layout.text)
    is_empty = source.missing.is_empty

    def row_of(record: list[str]) -> Row:
        for position in required:
            if is_empty(record[position]):
                return _no_text(record, position)
        title, text = record[first], record[last]
        if len(title) <= longest and title.strip().lower() in words:
            title = ""
        if len(text) <= longest and text.strip().lower() in words:
            text = ""
        if title and text:
            return f"{title} {text}", label(record)
        return (title or text, label(record)) if title or text else _no_text(record, first, last)

    return row_of


def _all_columns(source: Rows) -> Callable[[list[str]], Row]:
    layout, clean, is_empty = source.layout, source.missing.clean, source.missing.is_empty
    label, required = itemgetter(*layout.positions(layout.label)), layout.positions(layout.require)
    positions = layout.positions(layout.text)

    def row_of(record: list[str]) -> Row:
        for position in required:
            if is_empty(record[position]):
                return _no_text(record, position)
        text = " ".join(filter(None, [clean(record[position]) for position in positions]))
        return (text, label(record)) if text else _no_text(record, *positions)

    return row_of


def _no_text(record: list[str], *columns: int) -> Row:
    return None, Unusable("empty_text", " ".join(record[position] for position in columns).strip())


class _Quoted:
    """Records whose fields may stand in quotes, with delimiters and line breaks inside."""

    def __init__(self, source: Rows, lines: Iterable[str]) -> None:
        self._source, self._layout = source, source.layout
        self._ended = False
        self._labels = self._layout.positions(self._layout.label)
        # Where line breaks are looked for first.
        texts = self._layout.positions(self._layout.text)[::-1]
        self._likeliest = [*texts, *(n for n in range(len(self._layout.columns)) if n not in texts)]
        # A delimiter between cells has no space behind it, as a comma in prose has.
        self._delimits = re.compile(f"{re.escape(self._layout.delimiter)}(?! )").search
        csv.field_size_limit(LONGEST_TEXT)
        self._reader = csv.reader(self._to_end(lines), **dialect(self._layout))
        self._broken: list[int] = []

    def rows(self) -> Iterator[Row]:
        reader, row_of, width = self._reader, _row(self._source), len(self._layout.columns)
        most, last, swallows = self._layout.max_lines, 0, self._swallows
        while True:
            try:
                for record in reader:
                    line = reader.line_num
                    span, last = line - last, line
                    if len(record) == width:
                        if span > 1 and (span > most or swallows(record, span)):
                            yield None, _open_quote(line, span, record)
                        else:
                            yield row_of(record)
                        continue
                    if self._ended:
                        self._source.lines = last - 1
                        self._source.whole = span == 1
                    elif len(record) > 1 or any(record):
                        yield None, self._wrong_width(record, line, span)
                return
            except csv.Error as error:  # csv.reader goes on with the next line
                line = reader.line_num
                span, last = line - last, line
                yield None, self._unreadable(str(error), line, span)

    @property
    def _end(self) -> str:
        return self._layout.delimiter * len(self._layout.columns)

    def _to_end(self, lines: Iterable[str]) -> Iterator[str]:
        """The lines, and one more that is a record of one field, unless a quote is still open."""

        def end() -> Iterator[str]:
            self._ended = True
            yield f'"{self._end}"'

        return chain(self._escaped(lines), end())

    def _escaped(self, lines: Iterable[str]) -> Iterable[str]:
        escape = self._layout.escape
        if not escape:
            return lines
        # csv.reader knows that the character behind an escape is itself; that \n is a line break it does not.
        known = re.compile(f"{re.escape(escape)}([^nrtbfv0])|{re.escape(escape)}[nrtbfv0]", re.DOTALL)
        return (known.sub(lambda found: found[0] if found[1] else " ", line) for line in lines)

    def _wrong_width(self, record: list[str], line: int, span: int) -> Unusable:
        if span > 1:
            return _open_quote(line, span, record)
        return Unusable("columns", _fields(record))

    def _unreadable(self, problem: str, line: int, span: int) -> Unusable:
        if self._ended:
            self._source.lines, self._source.whole = line - 1, False
            return Unusable("open_quote", self._quoted(line - span + 1), max(span - 1, 1), line - span + 1)
        if span > 1:
            return Unusable("open_quote", self._quoted(line - span + 1), span, line - span + 1)
        if "field larger" in problem:
            return Unusable("long_text", f"a field of more than {LONGEST_TEXT:,} characters", first_line=line)
        return Unusable("quotes", self._quoted(line), first_line=line)

    def _quoted(self, line: int) -> str | None:
        """The beginning of a line that csv.reader has read and could not use."""
        if len(self._broken) >= _SHOWN:
            return None
        self._broken.append(line)
        source = self._source
        with ranges.lines(ranges.Range(source.path, source.start, source.end), newline="") as again:
            return next(islice(again, line - 1, None), "")[:200].rstrip("\r\n")

    def _swallows(self, record: list[str], span: int) -> bool:
        """Whether a field of a record over `span` lines holds lines that are rows themselves."""
        for position in self._likeliest:
            cell = record[position]
            if "\n" in cell or "\r" in cell:
                if self._delimits(cell) and self._swallows_rows(record, position, cell):
                    return True
                if span == 2:  # the record has no other line break
                    return False
        return False

    def _swallows_rows(self, record: list[str], position: int, cell: str) -> bool:
        width = len(record)
        first, *inner, last = _BREAK.split(cell)
        # What stands in front of the field completes its first line, what follows it completes its last: these are rows
        # only if their label stands inside the field, where a label has no business.
        rows = []
        if min(self._labels) > position and self._delimiters(first) >= width - 1 - position:
            rows.append([*record[:position], *self._cells(first)])
        if self._delimiters(last) >= max(position, 1):
            ended = self._cells(last)
            if max(self._labels) < len(ended):
                rows.append([*ended, *record[position + 1 :]])
        if any(len(row) == width and self._is_labelled(row) for row in rows):
            return True
        candidates = (line for line in inner if self._delimiters(line) >= width - 1)
        fitting = [cells for cells in map(self._cells, candidates) if len(cells) == width]
        if any(map(self._is_labelled, fitting)):
            return True
        return width > 2 and len(fitting) > 2 and 2 * len(fitting) > len(inner)

    def _delimiters(self, text: str) -> int:
        delimiter = self._layout.delimiter
        return text.count(delimiter) - text.count(f"{delimiter} ")

    def _is_labelled(self, cells: list[str]) -> bool:
        """Whether these would be a row: a text, and a label that the rules know, without the space that prose has."""
        labels = tuple(cells[position] for position in self._labels)
        if any(label != label.strip() for label in labels):
            return False
        return self._source.known(labels[0] if len(labels) == 1 else labels)

    def _cells(self, line: str) -> list[str]:
        try:
            return next(csv.reader([line], delimiter=self._layout.delimiter), [])
        except csv.Error:
            return []


def dialect(layout: Layout) -> dict[str, Any]:
    """What csv.reader is told."""
    return {"delimiter": layout.delimiter, "strict": True, "escapechar": layout.escape or None}


def _open_quote(line: int, span: int, record: list[str]) -> Unusable:
    longest = max(record, key=len)
    return Unusable("open_quote", _BREAK.split(longest)[0], span, line - span + 1)


def _fields(record: list[str]) -> str:
    return f"{len(record)} fields: {' | '.join(record)[:60]}"
