"""Probabilities of labels, from what a model answered: one loaded in this process, or one behind an endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Predictions:
    """`probabilities` [rows, labels] in 0..1, with the labels in the order asked for.

    `empty` counts the texts of which the text rules, or the model's vocabulary, left nothing. fastText answers an empty
    line with confidence all the same; here nothing speaks for any label: the probabilities are equal, or all zero
    where labels are independent.
    """

    probabilities: npt.NDArray[np.float64]
    empty: int


def of(
    lines: Sequence[str],
    answers: Iterable[tuple[Sequence[str], Sequence[float]]],
    labels: Sequence[str],
    *,
    multi_label: bool,
) -> Predictions:
    """The probabilities of `labels` for each line; `answers` are those to the lines that are not empty, in order.

    Raises KeyError for an answer with a label that is none of `labels`.
    """
    column = {label: index for index, label in enumerate(labels)}
    undecided = 0.0 if multi_label else 1.0 / len(labels)
    probabilities = np.full((len(lines), len(labels)), undecided)
    spoken = [row for row, line in enumerate(lines) if line]
    empty = len(lines) - len(spoken)
    for row, (names, values) in zip(spoken, answers):
        # Without a label, or with zeros where they add up to 1, nothing speaks for anything.
        if not names or not (multi_label or any(values)):
            empty += 1
            continue
        probabilities[row] = 0.0
        probabilities[row, [column[name] for name in names]] = values
    # fastText adds 1e-5 to each probability, so that the largest exceeds 1.
    probabilities = np.clip(probabilities, 0.0, 1.0)
    if not multi_label:
        probabilities /= probabilities.sum(axis=1, keepdims=True)
    return Predictions(probabilities, empty)
