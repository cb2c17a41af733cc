"""Confidence intervals by Efron's bootstrap: the holdout is resampled with replacement many times.

A sample is a vector of how often each text was drawn. Most metrics are functions of sums over texts, so that a thousand
samples are one matrix product; rankings are made again for each sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation import ranking
from evaluation.metrics import BALANCED_ACCURACY, Answers

Floats = npt.NDArray[np.float64]

_PRECISION = "precision_at_"
_CELLS = 4_000_000  # of the matrix of samples by texts that is held at once: 16 MB


@dataclass(frozen=True)
class Counts:
    """The counts of each sample that the metrics need: `hits`, `given`, `truth` [samples, labels]; `right` [samples].

    All are counts of texts, but the last, which is a share.
    """

    hits: Floats
    given: Floats
    truth: Floats
    right: Floats

    def metric(self, name: str) -> Floats:
        """[samples] the metric called `name`: accuracy, balanced_accuracy, macro_f1 or micro_f1, as `metrics.metrics` has it."""
        if name == "accuracy":
            return self.right
        if name == BALANCED_ACCURACY:
            # Over the labels that a sample has texts of.
            return ratio(ratio(self.hits, self.truth).sum(axis=1), (self.truth > 0).sum(axis=1).astype(float))
        if name == "macro_f1":
            return np.asarray(self.f_score(1).mean(axis=1))
        if name == "micro_f1":
            return ratio(2 * self.hits.sum(axis=1), (self.given + self.truth).sum(axis=1))
        raise ValueError(f"The bootstrap knows no {name}.")

    def f_score(self, beta: float) -> Floats:
        """[samples, labels] F-beta, 0 where neither given nor true."""
        return ratio((1 + beta**2) * self.hits, self.given + beta**2 * self.truth)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Element-wise quotient, 0 where the denominator is."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def resampled(answers: Answers, metric: str, *, samples: int, seed: int) -> Floats:
    """[samples] the metric in each sample. Equal seeds draw the same texts, so that figures of two models are paired."""
    return np.concatenate(
        [measured(answers, metric, weights) for weights in draws(len(answers.truth), samples, seed)]
    )


def interval(values: Floats, confidence: float) -> tuple[float, float]:
    """The percentile interval of a figure, or of a difference, by its values in the samples."""
    # A sample without any text of any label has no ranking.
    low, high = np.nanquantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def measured(answers: Answers, metric: str, weights: npt.NDArray[np.float32]) -> Floats:
    """[samples] the metric as `metrics.metrics` defines it; `weights` [samples, rows] says how often each text is drawn."""
    if metric in ranking.NAMES:
        return answers.ranking(metric, weights)
    if metric.startswith(_PRECISION):
        right = answers.right_among(int(metric[len(_PRECISION) :]))
        return np.asarray((weights @ right) / weights.sum(axis=1, dtype=np.float64))
    return count(answers, weights).metric(metric)


def draws(rows: int, samples: int, seed: int) -> Iterator[npt.NDArray[np.float32]]:
    """How often each text is in each sample, in blocks [some samples, rows]; one seed, one sequence of samples."""
    random = np.random.default_rng(seed)
    block = max(1, _CELLS // rows)
    for start in range(0, samples, block):
        size = min(block, samples - start)
        drawn = random.integers(0, rows, size=(size, rows))
        drawn += np.arange(size)[:, np.newaxis] * rows
        counts = np.bincount(drawn.ravel(), minlength=size * rows)
        yield counts.reshape(size, rows).astype(np.float32)


def count(answers: Answers, weights: npt.NDArray[np.float32]) -> Counts:
    """The counts of each sample; `weights` [samples, rows] says how often it holds each text."""

    def total(table: npt.NDArray[np.bool_]) -> Floats:
        # Single precision counts exactly up to 16 million, and is twice as fast.
        return (weights @ table.astype(np.float32)).astype(np.float64)

    rows = weights.sum(axis=1, dtype=np.float64)
    return Counts(
        hits=total(answers.truth & answers.given),
        given=total(answers.given),
        truth=total(answers.truth),
        right=total(answers.right) / rows,
    )
