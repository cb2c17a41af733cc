"""Trains TF-IDF with a logistic regression per label, in SageMaker's scikit-learn image.

Reads the channel `train`; writes the model and, in `code/`, the scripts that serve it. Prints figures on the
channel `validation` where there is one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import labelled_text
import numpy as np
import validation_figures
from model import Analyser, Model
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

SERVED = ("inference.py", "model.py", "protocol.py")

_SMOOTHING = 0.1
"""Added to the weight of each n-gram, so that one that only texts of one kind have gets a finite ratio."""


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = labelled_text.arguments(__doc__)
    parser.add_argument(
        "--word_ngrams", type=int, default=2, help="words in the longest n-gram of words; 0: none"
    )
    parser.add_argument(
        "--char_ngrams", type=int, default=5, help="characters in the longest n-gram; 0: none"
    )
    parser.add_argument("--min_count", type=int, default=2, help="texts that an n-gram has to be in")
    parser.add_argument(
        "--max_features", type=int, default=300_000, help="n-grams of each kind, the most frequent"
    )
    parser.add_argument(
        "--regularisation", type=float, default=0.25, help="strength; smaller fits the data closer"
    )
    parser.add_argument("--balanced", type=labelled_text.truth, default=False, help="weigh rare labels up")
    parser.add_argument(
        "--naive_bayes",
        type=labelled_text.truth,
        default=False,
        help="weigh n-grams by how much more often texts with the label have them (Wang and Manning, 2012)",
    )
    return parser.parse_args(argv)


def train(options: argparse.Namespace) -> Model:
    """Fit the model on the channel `train`. Raises TrainingDataError for data or options that cannot be used."""
    names = options.labels.split()
    examples = labelled_text.read("train")
    truth = np.array(labelled_text.columns(examples, names))
    analysers = _analysers(options)
    vectorizers = [analyser.vectorizer() for analyser in analysers]
    try:
        parts = [vectorizer.fit_transform(examples.texts) for vectorizer in vectorizers]
    except ValueError as error:
        raise labelled_text.TrainingDataError(
            f"No n-gram is in {options.min_count} of the {len(examples.texts)} texts ({error}). Lower min_count."
        ) from error
    features = hstack(parts).tocsr()
    fit = _fit_each if options.multi_label else _fit_one
    coefficients, intercepts = fit(features, truth, options)
    return Model(names, options.multi_label, analysers, vectorizers, coefficients, intercepts)


def _analysers(options: argparse.Namespace) -> list[Analyser]:
    asked = [("word", 1, options.word_ngrams), ("char", 2, options.char_ngrams)]
    analysers = [
        Analyser(unit, smallest, largest, options.min_count, options.max_features)
        for unit, smallest, largest in asked
        if largest
    ]
    wrong = [analyser for analyser in analysers if analyser.largest < analyser.smallest]
    if wrong or not analysers:
        raise labelled_text.TrainingDataError(
            f"word_ngrams is {options.word_ngrams} and char_ngrams {options.char_ngrams}. "
            "Expected 1 or more words, 2 or more characters, or 0 for one of them."
        )
    return analysers


def _regression(options: argparse.Namespace, solver: str) -> LogisticRegression:
    return LogisticRegression(
        C=1.0 / options.regularisation,
        class_weight="balanced" if options.balanced else None,
        solver=solver,
        dual=solver == "liblinear",  # faster where there are more n-grams than texts
        max_iter=500,
        random_state=0,
    )


def _fit_each(features: csr_matrix, truth: Any, options: argparse.Namespace) -> tuple[Any, Any]:
    """One label against the rest. A label that no text has, or every text, keeps a constant answer."""
    coefficients = np.zeros((truth.shape[1], features.shape[1]), dtype=np.float32)
    intercepts = np.empty(truth.shape[1], dtype=np.float32)
    for index, has in enumerate(truth.T):
        if has.all() or not has.any():
            intercepts[index] = 20.0 if has.all() else -20.0
            continue
        coefficients[index], intercepts[index] = _fit_two(features, has, options, "liblinear")
    return coefficients, intercepts


def _fit_one(features: csr_matrix, truth: Any, options: argparse.Namespace) -> tuple[Any, Any]:
    """One label of several: probabilities add up to 1. A label that no text has is never given."""
    classes = truth.argmax(axis=1)
    present = np.unique(classes)
    if len(present) < 2:
        raise labelled_text.TrainingDataError("All texts have the same label; there is nothing to learn.")
    coefficients = np.zeros((truth.shape[1], features.shape[1]), dtype=np.float32)
    intercepts = np.full(truth.shape[1], -1e3, dtype=np.float32)
    if len(present) == 2:  # the margin of the second class is enough
        weights, intercept = _fit_two(features, classes == present[1], options, "lbfgs")
        coefficients[present[1]], intercepts[present] = weights, (0.0, intercept)
    elif options.naive_bayes:
        raise labelled_text.TrainingDataError(
            f"naive_bayes compares the texts with a label to those without it; these have one of {len(present)} labels. "
            "Expected two labels, or several labels for each text: leave naive_bayes out."
        )
    else:
        fitted = _regression(options, "lbfgs").fit(features, classes)
        coefficients[present], intercepts[present] = fitted.coef_, fitted.intercept_
    return coefficients, intercepts


def _fit_two(features: csr_matrix, has: Any, options: argparse.Namespace, solver: str) -> tuple[Any, float]:
    """Coefficients [features] and intercept that tell the texts that have a label from the others."""
    scale = _log_count_ratios(features, has) if options.naive_bayes else 1.0
    fitted = _regression(options, solver).fit(features.multiply(scale).tocsr(), has)
    return fitted.coef_[0] * scale, fitted.intercept_[0]


def _log_count_ratios(features: csr_matrix, has: Any) -> Any:
    """[features] logarithm of each n-gram's share in the texts that have a label, by its share in the others.

    Source: Wang and Manning, "Baselines and Bigrams", ACL 2012, equation 2.
    """
    with_label, without = (
        _SMOOTHING + np.asarray(features[rows].sum(axis=0)).ravel() for rows in (has, ~has)
    )
    ratios = np.log((with_label / with_label.sum()) / (without / without.sum()))
    return ratios.astype(features.dtype)


def validate(model: Model) -> None:
    """Print the figures of the model on the channel `validation`."""
    try:
        examples = labelled_text.read("validation")
    except labelled_text.TrainingDataError:
        return
    truth = np.array(labelled_text.columns(examples, model.labels))
    validation_figures.show(truth, model.scores(examples.texts), model.multi_label)


# Each algorithm is a folder of its own, which a team may copy and change alone: their ends look alike.
# jscpd:ignore-start
def main() -> None:
    options = parse()
    try:
        model = train(options)
    except labelled_text.TrainingDataError as error:
        sys.exit(str(error))
    validate(model)
    # jscpd:ignore-end
    model.save(options.model_dir)
    code = options.model_dir / "code"
    code.mkdir(exist_ok=True)
    for name in SERVED:
        shutil.copy2(Path(os.environ.get("SM_MODULE_DIR", Path(__file__).parent), name), code / name)


if __name__ == "__main__":
    main()
