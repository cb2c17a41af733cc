"""The texts of the holdout that the model answers wrongly and is surest of: what to read first to understand a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluation.metrics import Answers

MOST = 20
LONGEST_TEXT = 300
"""Characters of a text. evaluation.json must stay small enough for the pipeline's condition to read."""


def most_confident(answers: Answers, texts: Sequence[str], labels: Sequence[str]) -> list[dict[str, Any]]:
    """At most MOST texts with a wrong answer, the surest first: text, true labels, given labels, confidence.

    The confidence is the probability of the label that was given wrongly; of one that was not given, one minus it.
    """
    wrong = answers.given != answers.truth
    sure = np.where(answers.given, answers.probabilities, 1 - answers.probabilities)
    # With one label for each text a wrong answer is two wrong cells: what counts is the label that was given.
    counted = wrong if answers.multi_label else wrong & answers.given
    confidence = np.where(counted, sure, 0.0).max(axis=1)
    rows = [row for row in np.argsort(-confidence, kind="stable")[:MOST] if counted[row].any()]
    return [
        {
            "text": texts[row][:LONGEST_TEXT],
            "labels": _named(answers.truth[row], labels),
            "given": _named(answers.given[row], labels),
            "confidence": float(confidence[row]),
        }
        for row in rows
    ]


def _named(cells: Sequence[bool], labels: Sequence[str]) -> list[str]:
    return [label for label, given in zip(labels, cells) if given]
