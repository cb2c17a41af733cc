"""Undersampling and oversampling: every label gets as many training examples as the rarest, or the most frequent, has.

Which ones is decided by the hash of their text, so that it neither depends on workers nor moves much when rows are added.
Works on the written file, in two passes and with a fixed amount of memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preparation.splits import fingerprint

NONE, UNDERSAMPLE, OVERSAMPLE = "none", "undersample", "oversample"

_BUCKETS = 1 << 12


@dataclass(frozen=True)
class Rebalanced:
    """How many training examples each label had and has."""

    method: str
    before: Mapping[str, int]
    after: Mapping[str, int]

    def summary(self) -> dict[str, Any]:
        """The method, and the examples per label before and after, as prepare.json holds them."""
        return {"method": self.method, "before": dict(self.before), "after": dict(self.after)}


@dataclass
class _Quota:
    """How often a label's lines are written: `copies` times all, and once more those in buckets below `full`, and as many
    of bucket `full` as `rest` says."""

    copies: int
    full: int
    rest: int

    def times(self, bucket: int) -> int:
        if bucket != self.full or self.rest == 0:
            return self.copies + (bucket < self.full)
        self.rest -= 1
        return self.copies + 1


def rebalance(file: Path, labels: Mapping[str, int], method: str) -> Rebalanced:
    """Rewrite a file of single-label lines; `labels` says how many lines each label has."""
    present = [count for count in labels.values() if count]
    size = min(present) if method == UNDERSAMPLE else max(present)
    quotas = {prefix: _quota(histogram, size) for prefix, histogram in _histograms(file).items()}
    written = file.with_suffix(".rebalanced")
    with written.open("wb") as target:
        for prefix, bucket, line in _lines(file):
            target.write(line * quotas[prefix].times(bucket))
    written.replace(file)
    return Rebalanced(method, before=labels, after={name: size if labels[name] else 0 for name in labels})


def _histograms(file: Path) -> dict[bytes, array[int]]:
    histograms: dict[bytes, array[int]] = {}
    for prefix, bucket, _ in _lines(file):
        if prefix not in histograms:
            histograms[prefix] = array("Q", bytes(8 * _BUCKETS))
        histograms[prefix][bucket] += 1
    return histograms


def _quota(histogram: array[int], size: int) -> _Quota:
    copies, size = divmod(size, sum(histogram))
    below = 0
    for bucket, count in enumerate(histogram):
        if below + count > size:
            return _Quota(copies, full=bucket, rest=size - below)
        below += count
    return _Quota(copies, full=_BUCKETS, rest=0)


def _lines(file: Path) -> Iterator[tuple[bytes, int, bytes]]:
    """The label, the bucket and the whole of every line."""
    with file.open("rb") as lines:
        for line in lines:
            prefix, _, tokens = line.partition(b" ")
            yield prefix, fingerprint(tokens) % _BUCKETS, line
