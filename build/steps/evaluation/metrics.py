"""The metrics of a model on the holdout, by scikit-learn's definitions where it has one.

One label per text and several are one case: truth and answers are tables [rows, labels] of booleans; with one label
per text each row holds exactly one True.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
    recall_score,
)

from evaluation import ranking

Table = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

CALIBRATION_BINS = 10
BALANCED_ACCURACY = "balanced_accuracy"
"""The mean over the labels of the share of their texts that are answered right: a constant answer reaches 1 / labels."""
PRECISION_AT = (1, 3, 5)
"""How many of the most probable labels are looked at; more than a recipe has labels are not."""

# A larger matrix is read by nobody, and evaluation.json must stay small enough for the pipeline's condition to read.
CONFUSION_LABELS = 64
CURVE_LABELS = 16


@dataclass(frozen=True)
class Answers:
    """Truth, probabilities and the labels given, each [rows, labels]; build it with `single` or `several`.

    `none` is the column of the label of texts that have no other one: the means of rankings leave it out.
    """

    truth: Table
    probabilities: Floats
    given: Table
    multi_label: bool
    none: int | None = None

    @classmethod
    def single(cls, truth: Table, probabilities: Floats) -> Answers:
        """The most probable label of each row; of equal ones the first. Probabilities add up to 1 in each row."""
        given = np.zeros_like(truth)
        given[np.arange(len(given)), probabilities.argmax(axis=1)] = True
        return cls(truth, probabilities, given, multi_label=False)

    @classmethod
    def several(
        cls,
        truth: Table,
        probabilities: Floats,
        threshold: float | Sequence[float],
        none: int | None = None,
    ) -> Answers:
        """Every label whose probability reaches its threshold; one number is that of all labels."""
        return cls(truth, probabilities, probabilities >= np.asarray(threshold), multi_label=True, none=none)

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """[rows] whether exactly the true labels were given."""
        return np.asarray((self.truth == self.given).all(axis=1))

    @property
    def right_at_1(self) -> npt.NDArray[np.bool_]:
        """[rows] whether the most probable label is a true one."""
        return np.asarray(self.truth[np.arange(len(self.truth)), self.probabilities.argmax(axis=1)])

    def right_among(self, count: int) -> Floats:
        """[rows] the share of the `count` most probable labels that are true ones."""
        best = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :count]
        return np.asarray(np.take_along_axis(self.truth, best, axis=1).mean(axis=1))

    def ranking(self, name: str, weights: npt.NDArray[np.float32]) -> Floats:
        """[samples] the ranking metric `name`; `weights` [samples, rows] says how often a sample holds each text."""
        columns = [column for column in range(self.truth.shape[1]) if column != self.none]
        return ranking.mean(name, self.truth[:, columns], self.probabilities[:, columns], weights)


def names(labels: int, multi_label: bool) -> tuple[str, ...]:
    """The metrics of which more is better, for a recipe of that many labels."""
    precisions = (f"precision_at_{count}" for count in PRECISION_AT if multi_label and count <= labels)
    balanced = () if multi_label else (BALANCED_ACCURACY,)
    return ("accuracy", *balanced, "macro_f1", "micro_f1", *precisions, *ranking.NAMES)


def figures(answers: Answers, labels: Sequence[str]) -> dict[str, Any]:
    """Everything that evaluation.json says of one model: metrics, per_class, confusion_matrix, calibration,
    precision_recall.

    `confusion_matrix` [true label][given label] is None with several labels per text, or more than CONFUSION_LABELS.
    `precision_recall` has the curve of each label; it is empty with more than CURVE_LABELS labels.
    """
    calibration = reliability(answers)
    return {
        "metrics": {**metrics(answers), "expected_calibration_error": calibration_error(calibration)},
        "per_class": per_class(answers, labels),
        "confusion_matrix": _confusion_matrix(answers),
        "calibration": calibration,
        "precision_recall": _curves(answers, labels),
    }


def metrics(answers: Answers) -> dict[str, float]:
    """accuracy (all labels of a text right), macro_f1, micro_f1, log_loss, the means of both rankings over the labels; with
    one label per text also balanced_accuracy, over the labels that a text has; with several also precision_at_1, 3 and 5.

    macro_f1 is the mean over all labels of the contract: one that is neither true nor given counts 0, as it does in
    scikit-learn. With several labels log_loss is the mean over texts and labels.
    """
    measured = {"accuracy": float(accuracy_score(answers.truth, answers.given))}
    if not answers.multi_label:
        measured[BALANCED_ACCURACY] = _balanced_accuracy(answers)
    measured |= {
        "macro_f1": float(f1_score(answers.truth, answers.given, average="macro", zero_division=0)),
        "micro_f1": float(f1_score(answers.truth, answers.given, average="micro", zero_division=0)),
        "log_loss": _log_loss(answers),
    }
    once = np.ones((1, len(answers.truth)), np.float32)
    for name in ranking.NAMES:
        value = float(answers.ranking(name, once)[0])
        if not np.isnan(value):
            measured[name] = value
    if answers.multi_label:
        for count in PRECISION_AT:
            if count <= answers.truth.shape[1]:
                measured[f"precision_at_{count}"] = float(answers.right_among(count).mean())
    return measured


def per_class(answers: Answers, labels: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Precision, recall and F1 (0 where undefined) of each label, how many texts have it, and how well it is ranked.

    roc_auc and average_precision are None where no text, or each text, has the label.
    """
    columns = precision_recall_fscore_support(answers.truth, answers.given, average=None, zero_division=0)
    return {
        label: {
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "support": int(support),
            **_ranked(answers, column),
        }
        for column, (label, precision, recall, f1, support) in enumerate(zip(labels, *columns))
    }


def _ranked(answers: Answers, column: int) -> dict[str, float | None]:
    once = np.ones((1, len(answers.truth)), np.float32)
    found = ranking.of_label(answers.truth[:, column], answers.probabilities[:, column], once)
    values = {name[len("mean_") :]: float(value[0]) for name, value in found.items()}
    return {name: None if np.isnan(value) else value for name, value in values.items()}


def _curves(answers: Answers, labels: Sequence[str]) -> dict[str, list[list[float]]]:
    if len(labels) > CURVE_LABELS:
        return {}
    return {
        label: ranking.precision_recall(answers.truth[:, column], answers.probabilities[:, column])
        for column, label in enumerate(labels)
    }


def reliability(answers: Answers) -> list[dict[str, float]]:
    """How often the most probable label was right, by how probable it was: mean confidence, accuracy, count.

    Ten bins of equal width over the confidence; empty ones are left out.
    """
    confidence, right = answers.probabilities.max(axis=1), answers.right_at_1
    of_bin = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    bins = []
    for index in range(CALIBRATION_BINS):
        inside = of_bin == index
        if inside.any():
            bins.append(
                {
                    "confidence": float(confidence[inside].mean()),
                    "accuracy": float(right[inside].mean()),
                    "count": int(inside.sum()),
                }
            )
    return bins


def calibration_error(bins: Sequence[dict[str, float]]) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over the texts (Guo et al., 2017)."""
    rows = sum(entry["count"] for entry in bins)
    return sum(entry["count"] * abs(entry["confidence"] - entry["accuracy"]) for entry in bins) / rows


def _log_loss(answers: Answers) -> float:
    if answers.multi_label:
        return float(log_loss(answers.truth.ravel(), answers.probabilities.ravel(), labels=[False, True]))
    classes = np.arange(answers.truth.shape[1])
    return float(log_loss(answers.truth.argmax(axis=1), answers.probabilities, labels=classes))


def _balanced_accuracy(answers: Answers) -> float:
    truth = answers.truth.argmax(axis=1)
    # balanced_accuracy_score would warn of a label that is given and never true.
    return float(recall_score(truth, answers.given.argmax(axis=1), labels=np.unique(truth), average="macro"))


def _confusion_matrix(answers: Answers) -> list[list[int]] | None:
    classes = np.arange(answers.truth.shape[1])
    if answers.multi_label or len(classes) > CONFUSION_LABELS:
        return None
    counts = confusion_matrix(answers.truth.argmax(axis=1), answers.given.argmax(axis=1), labels=classes)
    return [[int(count) for count in row] for row in counts]
