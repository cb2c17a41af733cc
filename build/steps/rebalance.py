"""Undersampling: every label keeps as many training examples as the rarest has.

Which ones is decided by the hash of their text, so that it neither depends on workers nor moves much when rows are added.
Works on the written file, in two passes and with a fixed amount of memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splits import fingerprint

NONE, UNDERSAMPLE = "none", "undersample"

_BUCKETS = 1 << 12


@dataclass(frozen=True)
class Rebalanced:
    """How many training examples each label had and kept."""

    before: Mapping[str, int]
    after: Mapping[str, int]

    def summary(self) -> dict[str, Any]:
        return {"method": UNDERSAMPLE, "before": dict(self.before), "after": dict(self.after)}


@dataclass
class _Quota:
    """What a label keeps: all lines in buckets below `full`, and as many of bucket `full` as `rest` says."""

    full: int
    rest: int

    def takes(self, bucket: int) -> bool:
        if bucket != self.full or self.rest == 0:
            return bucket < self.full
        self.rest -= 1
        return True


def undersample(file: Path, labels: Mapping[str, int]) -> Rebalanced:
    """Rewrite a file of single-label lines; `labels` says how many lines each label has."""
    size = min(count for count in labels.values() if count)
    quotas = {prefix: _quota(histogram, size) for prefix, histogram in _histograms(file).items()}
    kept = file.with_suffix(".kept")
    with kept.open("wb") as target:
        target.writelines(line for prefix, bucket, line in _lines(file) if quotas[prefix].takes(bucket))
    kept.replace(file)
    return Rebalanced(before=labels, after={name: min(count, size) for name, count in labels.items()})


def _histograms(file: Path) -> dict[bytes, array[int]]:
    histograms: dict[bytes, array[int]] = {}
    for prefix, bucket, _ in _lines(file):
        if prefix not in histograms:
            histograms[prefix] = array("Q", bytes(8 * _BUCKETS))
        histograms[prefix][bucket] += 1
    return histograms


def _quota(histogram: array[int], size: int) -> _Quota:
    below = 0
    for bucket, count in enumerate(histogram):
        if below + count > size:
            return _Quota(full=bucket, rest=size - below)
        below += count
    return _Quota(full=_BUCKETS, rest=0)


def _lines(file: Path) -> Iterator[tuple[bytes, int, bytes]]:
    """The label, the bucket and the whole of every line."""
    with file.open("rb") as lines:
        for line in lines:
            prefix, _, tokens = line.partition(b" ")
            yield prefix, fingerprint(tokens) % _BUCKETS, line
