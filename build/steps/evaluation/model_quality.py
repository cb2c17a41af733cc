"""model_quality.json: the candidate's figures as SageMaker's registry and Studio read them.

The schema is that of Model Monitor's model quality statistics ("Multiclass Metrics" in the SageMaker developer guide);
labels by name instead of by number. It knows one label per text; where a text has several there is no confusion
matrix, and `accuracy` counts the texts whose labels are all right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluation.bootstrap import Counts, Floats, count, draws, ratio
from evaluation.metrics import Answers

_BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}
# Model Monitor states a standard deviation from this many texts on.
_ENOUGH = 200


def statistics(
    answers: Answers,
    labels: Sequence[str],
    confusion_matrix: list[list[int]] | None,
    *,
    samples: int,
    seed: int,
) -> dict[str, Any]:
    """The whole document. Standard deviations are of `samples` bootstrap samples, or "NaN" for a small holdout."""
    rows = len(answers.truth)
    entries: dict[str, Any] = {}
    if confusion_matrix is not None:
        entries["confusion_matrix"] = {
            true: dict(zip(labels, counts)) for true, counts in zip(labels, confusion_matrix)
        }
    entries.update(_with_deviation(answers, samples, seed))
    if not answers.multi_label:
        constant = _weighted(count(_always_the_commonest(answers), np.ones((1, rows), np.float32)))
        for name, value in constant.items():
            entries[f"{name}_best_constant_classifier"] = _entry(value[0])
    return {"version": 0.0, "dataset": {"item_count": rows}, "multiclass_classification_metrics": entries}


def _with_deviation(answers: Answers, samples: int, seed: int) -> dict[str, Any]:
    rows = len(answers.truth)
    measured = _weighted(count(answers, np.ones((1, rows), np.float32)))
    if rows < _ENOUGH:
        return {name: _entry(value[0]) for name, value in measured.items()}
    blocks = [_weighted(count(answers, weights)) for weights in draws(rows, samples, seed)]
    return {
        name: _entry(value[0], float(np.concatenate([block[name] for block in blocks]).std()))
        for name, value in measured.items()
    }


def _weighted(counts: Counts) -> dict[str, Floats]:
    """[samples] each: means over the labels, weighted by how many texts have them."""

    def mean(of_label: Floats) -> Floats:
        return ratio((of_label * counts.truth).sum(axis=1), counts.truth.sum(axis=1))

    return {
        "accuracy": counts.right,
        "weighted_recall": mean(ratio(counts.hits, counts.truth)),
        "weighted_precision": mean(ratio(counts.hits, counts.given)),
        **{f"weighted_{name}": mean(counts.f_score(beta)) for name, beta in _BETAS.items()},
    }


def _always_the_commonest(answers: Answers) -> Answers:
    """The baseline: always the most frequent label."""
    frequencies = answers.truth.mean(axis=0)
    return Answers.single(answers.truth, np.tile(frequencies, (len(answers.truth), 1)))


def _entry(value: float, deviation: float | str = "NaN") -> dict[str, Any]:
    return {"value": float(value), "standard_deviation": deviation}
