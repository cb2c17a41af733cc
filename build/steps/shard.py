"""Prepares one range of the raw file: reads its rows, turns them into examples, writes each to its split.

This is what a worker process does. It keeps nothing in memory but counts.
"""

from __future__ import annotations

import functools
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any

import layout
from labels import Labels
from layout import Layout
from ranges import is_utf8
from readers import Rows
from splits import TEST, TRAIN, VALIDATION, splitter
from text_rules import tokeniser

FILES = {TRAIN: "train.txt", VALIDATION: "validation.txt", TEST: "holdout.jsonl"}
FIRST_ROWS = 10

_BUFFER = 1 << 18


@dataclass(frozen=True)
class Shard:
    """The work: a range of `path`, and the folder that takes its part of each split."""

    path: Path
    start: int
    end: int
    layout: Layout
    config: Mapping[str, Any]
    folder: Path


@dataclass
class Counts:
    """What became of a shard's rows; row numbers count from 1 at its start."""

    rows: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    first_rows: dict[str, list[int]] = field(default_factory=dict)
    examples: dict[str, int] = field(default_factory=dict)
    labels: dict[str, Counter[str]] = field(default_factory=dict)
    matched_rules: set[int] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    seen: tuple[str, ...] = ()
    whole: bool = True

    def drop(self, reason: str, number: int) -> None:
        self.dropped[reason] += 1
        if self.dropped[reason] <= FIRST_ROWS:
            self.first_rows.setdefault(reason, []).append(number)

    def add(self, split: str, combinations: Mapping[tuple[str, ...], int]) -> None:
        """Add a split's examples, counted by their labels."""
        self.examples[split] = sum(combinations.values())
        self.labels[split] = Counter()
        for names, count in combinations.items():
            self.labels[split].update(dict.fromkeys(names, count))


def prepare(shard: Shard) -> Counts:
    """Write the shard's part of every split into its folder; the order of rows is kept."""
    counts, meanings = Counts(), _labels(shard.config)
    shard.folder.mkdir(parents=True)
    with ExitStack() as files:
        rows = files.enter_context(Rows(shard.path, shard.start, shard.end, shard.layout))
        write = {
            split: files.enter_context((shard.folder / name).open("wb", buffering=_BUFFER)).write
            for split, name in FILES.items()
        }
        examples = _write_examples(rows, shard.config, meanings, write, counts)
    counts.whole, counts.unseen, counts.seen = rows.whole, rows.unseen, rows.seen
    counts.matched_rules = meanings.matched
    for split, combinations in examples.items():
        counts.add(split, combinations)
    return counts


def _write_examples(
    rows: Rows,
    config: Mapping[str, Any],
    meanings: Labels,
    write: Mapping[str, Callable[[bytes], int]],
    counts: Counts,
) -> dict[str, dict[tuple[str, ...], int]]:
    """The hot loop; returns how many examples each split has of each combination of labels."""
    tokens, split_of = tokeniser(config["text_rules"]), splitter(config["split"])
    examples: dict[str, dict[tuple[str, ...], int]] = {split: defaultdict(int) for split in FILES}
    number = 0
    for number, (text, raw) in enumerate(rows, start=1):
        if text is None:
            counts.drop(str(raw), number)
            continue
        if not text.isascii() and not is_utf8(text):
            counts.drop("encoding", number)
            continue
        line = tokens(text)
        if not line or line.isspace():
            counts.drop("empty_text", number)
            continue
        prefix, names, reason = meanings[raw]
        if reason:
            counts.drop(reason, number)
            continue
        split = split_of(line)
        examples[split][names] += 1
        write[split](_holdout_line(text, names) if split == TEST else b"%b%b\n" % (prefix, line))
    counts.rows = number
    return examples


def _labels(config: Mapping[str, Any]) -> Labels:
    return Labels(config["labels"], layout.label_columns(config["data"]), config["data"]["label_separator"])


def _holdout_line(text: str, names: tuple[str, ...]) -> bytes:
    return f'{{"text": {encode_basestring_ascii(text)}, "labels": {_as_json(names)}}}\n'.encode("ascii")


@functools.lru_cache(maxsize=1024)
def _as_json(names: tuple[str, ...]) -> str:
    return json.dumps(names)
