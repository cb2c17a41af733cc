"""Prepares one range of the raw file: reads its rows, turns them into examples, writes each to its split.

This is what a worker process does. It keeps nothing in memory but counts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
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
from splits import TEST, TRAIN, VALIDATION, fingerprint, splitter
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


def prepare(shard: Shard) -> Counts:
    """Write the shard's part of every split into its folder; the order of rows is kept."""
    counts = Counts()
    meanings = _labels(shard.config)
    rows = Rows(shard.path, shard.start, shard.end, shard.layout)
    examples = {name: Counter[tuple[str, ...]]() for name in FILES}
    shard.folder.mkdir(parents=True)
    with ExitStack() as files:
        write = {
            name: files.enter_context((shard.folder / file).open("wb", buffering=_BUFFER)).write
            for name, file in FILES.items()
        }
        tokens, split_of = tokeniser(shard.config["text_rules"]), splitter(shard.config["split"])
        for number, (text, raw) in enumerate(rows, start=1):
            counts.rows = number
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
            split = split_of(fingerprint(line))
            examples[split][names] += 1
            write[split](_holdout_line(text, names) if split == TEST else b"%b%b\n" % (prefix, line))
    counts.whole, counts.unseen, counts.seen = rows.whole, rows.unseen, rows.seen
    counts.matched_rules = meanings.matched
    _sum_up(counts, examples)
    return counts


def _labels(config: Mapping[str, Any]) -> Labels:
    return Labels(config["labels"], layout.label_columns(config["data"]), config["data"]["label_separator"])


def _holdout_line(text: str, names: tuple[str, ...]) -> bytes:
    return f'{{"text": {encode_basestring_ascii(text)}, "labels": {json.dumps(names)}}}\n'.encode("ascii")


def _sum_up(counts: Counts, examples: Mapping[str, Counter[tuple[str, ...]]]) -> None:
    for split, combinations in examples.items():
        counts.examples[split] = sum(combinations.values())
        counts.labels[split] = Counter()
        for names, count in combinations.items():
            for name in names:
                counts.labels[split][name] += count
