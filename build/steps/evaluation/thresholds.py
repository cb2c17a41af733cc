"""The threshold of each label, chosen on the validation split.

A threshold is the least score from which a label is given. The holdout is not looked at: it measures the choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

BEST_F1 = "best_f1"
"""The value of the recipe's `evaluation.threshold` that asks for a choice."""

FALLBACK = 0.5
"""The threshold of a label that no text of the validation split has, or every text."""

LEAST = 1e-6


def best_f1(
    truth: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64], labels: Sequence[str]
) -> dict[str, float]:
    """The threshold of each label with the best F1. `truth` and `scores` are [rows, labels].

    Of thresholds that are equally good the highest is chosen. A threshold lies halfway between the lowest score
    that gets the label and the next one, since scores of other texts fall between those of these.
    """
    return {label: _of_label(truth[:, column], scores[:, column]) for column, label in enumerate(labels)}


def _of_label(truth: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> float:
    positive = int(truth.sum())
    if positive in (0, len(truth)):
        return FALLBACK
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    # Texts of equal scores are given the label together.
    ends = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    hits = np.cumsum(truth[order])[ends]
    f1 = 2 * hits / (ends + 1 + positive)
    best = int(f1.argmax())
    lowest = ordered[ends[best]]
    below = ordered[ends[best] + 1] if ends[best] + 1 < len(ordered) else 0.0
    return max(LEAST, _between(float(below), float(lowest)))


def _between(below: float, lowest: float) -> float:
    """The middle of two scores in as few digits as it takes, six at least, to lie above the one and not above the other."""
    middle = (below + lowest) / 2
    rounded = (float(f"{middle:.{digits}g}") for digits in range(6, 18))
    return next((value for value in rounded if below < value <= lowest), lowest)
