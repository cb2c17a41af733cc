"""Prepares one range of a raw file: reads its rows, turns them into examples, writes each to its split.

This is what a worker does, on this machine or on another. It keeps nothing in memory but counts.
"""

from __future__ import annotations

import functools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any

from preparation import sentences, splits
from preparation.labels import Labels
from preparation.splits import TEST, TRAIN, VALIDATION, Splitter
from reading import charset, ranges
from reading.layout import Layout
from reading.ranges import is_utf8
from reading.readers import LONGEST_TEXT, Rows, Unusable
from text_rules import tokeniser

FILES = {TRAIN: "train.txt", VALIDATION: "validation.txt", TEST: "holdout.jsonl"}
FIRST_ROWS = 10

_BUFFER = 1 << 18
_LONGEST_VALUE = 60
_MOST_VALUES = 1000  # kept apart, of each reason
_AROUND = 20  # characters on both sides of one that is not UTF-8
_ESCAPED = re.compile(r"""\\[nrt"]""")
_NOT_UTF8 = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Shard:
    """The work: a range of `path`, and the folder that takes its part of each split.

    `split` is the split of a file that the recipe names for one; `first_row` and `total_rows` are stated where the
    place of a row decides.
    """

    path: Path
    start: int
    end: int
    layout: Layout
    config: Mapping[str, Any]
    folder: Path
    split: str | None = None
    first_row: int = 0
    total_rows: int = 0

    @property
    def splitter(self) -> Splitter:
        """The function that chooses the split of a row."""
        shares = self.config["split"]
        if self.split is not None:
            given = self.config["data"]["files"]
            return splits.given(self.split, None if given[VALIDATION] else shares[VALIDATION])
        return splits.ordered(shares, self.total_rows) if shares["ordered"] else splits.splitter(shares)


@dataclass
class Counts:
    """The counts of a shard's rows. Row numbers count from 1 at its start.

    `rows` counts a record that cannot be told apart from its neighbours by the lines that it swallows. `values` holds
    what stands in dropped rows, `encoding` pieces of bytes that are not UTF-8, `open_quotes` the lines of quotes that
    are not closed.
    """

    rows: int = 0
    lines: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    first_rows: dict[str, list[int]] = field(default_factory=dict)
    values: dict[str, Counter[str]] = field(default_factory=dict)
    encoding: list[bytes] = field(default_factory=list)
    open_quotes: list[tuple[int, int]] = field(default_factory=list)
    escaped: Counter[str] = field(default_factory=Counter)
    escaped_rows: int = 0
    examples: dict[str, int] = field(default_factory=dict)
    labels: dict[str, Counter[str]] = field(default_factory=dict)
    matched_rules: set[int] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    seen: tuple[str, ...] = ()
    whole: bool = True

    def drop(self, number: int, why: Unusable) -> None:
        """Count row `number` as dropped, and keep the first row numbers and values of its reason."""
        reason = why.reason
        self.dropped[reason] += why.lines
        rows = self.first_rows.setdefault(reason, [])
        if len(rows) < FIRST_ROWS:
            rows.append(number)
        values = self.values.setdefault(reason, Counter())
        value = None if why.value is None else charset.shown(why.value[:_LONGEST_VALUE])
        if value is not None and (value in values or len(values) < _MOST_VALUES):
            values[value] += 1
        if reason == "open_quote" and len(self.open_quotes) < FIRST_ROWS:
            self.open_quotes.append((why.first_line, why.lines))

    def note_escape(self, text: str) -> None:
        """Count a text with a backslash escape that is not read."""
        found = _ESCAPED.search(text)
        if found is not None:
            self.escaped_rows += 1
            if len(self.escaped) < FIRST_ROWS:
                self.escaped[
                    charset.shown(text[max(found.start() - _AROUND, 0) : found.end() + _AROUND])
                ] += 1

    def add(self, split: str, combinations: Mapping[tuple[str, ...], int]) -> None:
        """Add a split's examples, counted by their labels."""
        self.examples[split] = sum(combinations.values())
        self.labels[split] = Counter()
        for names, count in combinations.items():
            self.labels[split].update(dict.fromkeys(names, count))


def count(shard: Shard) -> Counts:
    """Read the shard's rows and write nothing: how many there are."""
    counts = Counts()
    meanings = Labels(shard.config["labels"], shard.config["data"])
    with Rows(shard.path, shard.start, shard.end, shard.layout, meanings.knows) as rows:
        for _, raw in rows:
            counts.rows += raw.lines if isinstance(raw, Unusable) else 1
        counts.whole = rows.whole
    return counts


def prepare(shard: Shard) -> Counts:
    """Write the shard's part of every split into its folder; the order of rows is kept."""
    counts = Counts()
    meanings = Labels(shard.config["labels"], shard.config["data"])
    shard.folder.mkdir(parents=True)
    with ExitStack() as files:
        rows = files.enter_context(Rows(shard.path, shard.start, shard.end, shard.layout, meanings.knows))
        write = {
            split: files.enter_context((shard.folder / name).open("wb", buffering=_BUFFER)).write
            for split, name in FILES.items()
        }
        examples = _write_examples(rows, shard, meanings, write, counts)
    counts.whole, counts.unseen, counts.seen, counts.lines = rows.whole, rows.unseen, rows.seen, rows.lines
    counts.matched_rules = meanings.matched
    for split, combinations in examples.items():
        counts.add(split, combinations)
    return counts


def _write_examples(
    rows: Rows,
    shard: Shard,
    meanings: Labels,
    write: Mapping[str, Callable[[bytes], int]],
    counts: Counts,
) -> dict[str, dict[tuple[str, ...], int]]:
    """The hot loop; returns how many examples each split has of each combination of labels."""
    tokens, split_of = tokeniser(shard.config["text_rules"]), shard.splitter
    by_sentence: bool = shard.config["data"]["sentences"]
    escapes_matter, longest = shard.config["data"]["escape"] is None, LONGEST_TEXT
    examples: dict[str, dict[tuple[str, ...], int]] = {split: defaultdict(int) for split in FILES}
    number = shard.first_row
    for text, raw in rows:
        number += 1
        if text is None:
            counts.drop(number - shard.first_row, raw)
            number += raw.lines - 1
            continue
        if len(text) > longest or (not text.isascii() and not is_utf8(text)):
            counts.drop(number - shard.first_row, _unusable_text(text, rows, counts))
            continue
        line = tokens(text)
        if not line or line.isspace():
            counts.drop(number - shard.first_row, Unusable("empty_text", text.strip()))
            continue
        prefix, names, reason, value = meanings[raw]
        if reason:
            if reason == "encoding":
                counts.drop(number - shard.first_row, _unusable_text(value, rows, counts))
            else:
                counts.drop(number - shard.first_row, Unusable(reason, value))
            continue
        if escapes_matter and "\\" in text:
            counts.note_escape(text)
        split = split_of(line, number)
        if by_sentence:
            examples[split][names] += _write_sentences(text, tokens, names, prefix, split, write[split])
            continue
        examples[split][names] += 1
        write[split](_holdout_line(text, names) if split == TEST else b"%b%b\n" % (prefix, line))
    counts.rows = number - shard.first_row
    return examples


def _write_sentences(
    text: str,
    tokens: Callable[[str], bytes],
    names: tuple[str, ...],
    prefix: bytes,
    split: str,
    write: Callable[[bytes], int],
) -> int:
    """Write an example for every sentence of a text; returns how many there are."""
    written = 0
    for sentence in sentences.cut(text):
        line = tokens(sentence)
        if line and not line.isspace():
            write(_holdout_line(sentence, names) if split == TEST else b"%b%b\n" % (prefix, line))
            written += 1
    return written


def _unusable_text(text: str, rows: Rows, counts: Counts) -> Unusable:
    """Why a text cannot be used that is too long, or is not UTF-8."""
    found = _NOT_UTF8.search(text)
    if found is None:
        return Unusable("long_text", f"{len(text):,} characters: {text[:30]}")
    piece = text[max(found.start() - _AROUND, 0) : found.end() + _AROUND]
    if rows.has_zero_bytes and ranges.ZERO in text:
        return Unusable("nul", piece.replace(ranges.ZERO, "\\x00"))
    if len(counts.encoding) < FIRST_ROWS and charset.is_from_bytes(text):
        counts.encoding.append(text[:10_000].encode("utf-8", "surrogateescape"))
    return Unusable("encoding", piece)


def _holdout_line(text: str, names: tuple[str, ...]) -> bytes:
    return f'{{"text": {encode_basestring_ascii(text)}, "labels": {_as_json(names)}}}\n'.encode("ascii")


@functools.lru_cache(maxsize=1024)
def _as_json(names: tuple[str, ...]) -> str:
    return json.dumps(names)
