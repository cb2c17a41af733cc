"""How well scores order the texts, label by label: area under the ROC curve, and average precision.

Both depend on the order of all texts, so they cannot be summed up over texts: a bootstrap sample is ranked as a whole, each
text weighing as often as it was drawn. Equal scores are one step of the curve, as in scikit-learn.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

ROC_AUC, AVERAGE_PRECISION = "mean_roc_auc", "mean_average_precision"
NAMES = (ROC_AUC, AVERAGE_PRECISION)
CURVE_POINTS = 40


def of_label(
    truth: npt.NDArray[np.bool_], scores: Floats, weights: npt.NDArray[np.float32]
) -> dict[str, Floats]:
    """[samples] each of NAMES for one label; NaN in a sample where no text, or each text, has the label.

    `truth` and `scores` are [rows], `weights` [samples, rows].
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    ordered = weights[:, order]
    # Single precision counts exactly up to 16 million.
    everyone = np.cumsum(ordered, axis=1, dtype=np.float64)[:, ends]
    hits = np.cumsum(ordered * truth[order], axis=1, dtype=np.float64)[:, ends]
    misses = everyone - hits
    positive, negative = hits[:, -1], misses[:, -1]
    steps = np.diff(hits, axis=1, prepend=0.0)
    before = hits - steps
    area = (np.diff(misses, axis=1, prepend=0.0) * (before + hits) / 2).sum(axis=1)
    precision = np.divide(hits, everyone, out=np.zeros_like(hits), where=everyone > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        measured = {
            ROC_AUC: area / (positive * negative),
            AVERAGE_PRECISION: (steps * precision).sum(axis=1) / positive,
        }
    undefined = (positive == 0) | (negative == 0)
    return {name: np.where(undefined, np.nan, values) for name, values in measured.items()}


def mean(name: str, truth: npt.NDArray[np.bool_], scores: Floats, weights: npt.NDArray[np.float32]) -> Floats:
    """[samples] the mean over the labels for which it is defined; NaN where there is none.

    `truth` and `scores` are [rows, labels].
    """
    columns = [
        of_label(truth[:, column], scores[:, column], weights)[name] for column in range(truth.shape[1])
    ]
    values = np.array(columns).reshape(len(columns), len(weights))
    defined = ~np.isnan(values)
    count = defined.sum(axis=0)
    total = np.where(defined, values, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(len(weights), np.nan), where=count > 0))


def precision_recall(truth: npt.NDArray[np.bool_], scores: Floats) -> list[list[float]]:
    """The curve of one label as at most CURVE_POINTS points [recall, precision], recall rising; [] where it is not defined.

    `truth` and `scores` are [rows].
    """
    positive = int(truth.sum())
    if positive in (0, len(truth)):
        return []
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    hits = np.cumsum(truth[order])[ends]
    recall, precision = hits / positive, hits / (ends + 1)
    # Of the points with equal recall the first one has the best precision.
    wanted = np.linspace(recall[0], 1.0, CURVE_POINTS)
    chosen = np.unique(np.searchsorted(recall, wanted - 1e-12))
    return [[round(float(recall[at]), 4), round(float(precision[at]), 4)] for at in chosen]
