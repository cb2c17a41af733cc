"""The figures of a model on the channel `validation`, which training scripts print and the search for hyperparameters reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score


def show(truth: Any, scores: Any, multi_label: bool) -> None:
    """Print `#validation_NAME: VALUE` lines. `truth` and `scores` are [texts, labels].

    accuracy is how often the best label is a right one; macro_f1 is over all labels, those above 0.5 given where a text
    may have several. The rankings' means are over the labels that some texts have and some have not.
    """
    best = scores.argmax(axis=1)
    given = scores >= 0.5 if multi_label else np.eye(scores.shape[1], dtype=bool)[best]
    figures = {
        "accuracy": truth[np.arange(len(truth)), best].mean(),
        "macro_f1": f1_score(truth, given, average="macro", zero_division=0),
    }
    ranked = truth.any(axis=0) & ~truth.all(axis=0)
    if ranked.any():
        columns = truth[:, ranked], scores[:, ranked]
        figures["mean_roc_auc"] = roc_auc_score(*columns, average="macro")
        figures["mean_average_precision"] = average_precision_score(*columns, average="macro")
    for name, value in figures.items():
        print(f"#validation_{name}: {value:.4f}", flush=True)
