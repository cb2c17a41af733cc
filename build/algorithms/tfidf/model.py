"""TF-IDF of words and characters, and a logistic regression per label: the fitted model, and its file.

The file holds arrays and JSON, no pickled objects: any version of scikit-learn reads it, and reading it runs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

WEIGHTS, DESCRIPTION = "weights.npz", "model.json"


@dataclass(frozen=True)
class Analyser:
    """How texts become n-grams: of whole words or of the characters within words, those in `smallest`..`largest`."""

    unit: str
    smallest: int
    largest: int
    min_count: int
    max_features: int | None

    def vectorizer(self, **fitted: Any) -> TfidfVectorizer:
        """scikit-learn's vectorizer. Tokens are what Prepare made: whatever stands between spaces."""
        words = self.unit == "word"
        return TfidfVectorizer(
            analyzer="word" if words else "char_wb",
            token_pattern=r"\S+" if words else None,
            ngram_range=(self.smallest, self.largest),
            min_df=self.min_count,
            max_features=self.max_features,
            lowercase=False,
            sublinear_tf=True,
            dtype=np.float32,
            **fitted,
        )


class Model:
    """`vectorizers` side by side, then `coefficients` [labels, features] and `intercepts` [labels].

    With `multi_label` every label has a probability of its own; without, those of a text add up to 1.
    """

    def __init__(
        self,
        labels: Sequence[str],
        multi_label: bool,
        analysers: Sequence[Analyser],
        vectorizers: Sequence[TfidfVectorizer],
        coefficients: Any,
        intercepts: Any,
    ) -> None:
        self.labels, self.multi_label = list(labels), multi_label
        self.analysers, self.vectorizers = list(analysers), list(vectorizers)
        self.coefficients, self.intercepts = coefficients, intercepts

    def scores(self, texts: Sequence[str]) -> Any:
        """[texts, labels] probabilities. A text without a known word gets what the intercepts say."""
        features = features_of(self.vectorizers, texts)
        margins = np.asarray(features @ self.coefficients.T) + self.intercepts
        if self.multi_label:
            return 1.0 / (1.0 + np.exp(-margins))
        powers = np.exp(margins - margins.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def save(self, folder: Path) -> None:
        """Write the model's two files."""
        description = {
            "labels": self.labels,
            "multi_label": self.multi_label,
            "analysers": [vars(analyser) for analyser in self.analysers],
            "vocabularies": [
                {term: int(column) for term, column in vectorizer.vocabulary_.items()}
                for vectorizer in self.vectorizers
            ],
        }
        (folder / DESCRIPTION).write_text(json.dumps(description), encoding="utf-8")
        idfs = {f"idf{index}": vectorizer.idf_ for index, vectorizer in enumerate(self.vectorizers)}
        np.savez(folder / WEIGHTS, coefficients=self.coefficients, intercepts=self.intercepts, **idfs)

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Read what `save` wrote. Raises OSError, KeyError or ValueError for anything else."""
        described: Mapping[str, Any] = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        analysers = [Analyser(**stated) for stated in described["analysers"]]
        vectorizers = []
        with np.load(folder / WEIGHTS, allow_pickle=False) as arrays:
            for index, (analyser, vocabulary) in enumerate(zip(analysers, described["vocabularies"])):
                vectorizer = analyser.vectorizer(vocabulary=vocabulary)
                vectorizer.idf_ = arrays[f"idf{index}"]
                vectorizers.append(vectorizer)
            return cls(
                described["labels"],
                described["multi_label"],
                analysers,
                vectorizers,
                arrays["coefficients"],
                arrays["intercepts"],
            )


def features_of(vectorizers: Sequence[TfidfVectorizer], texts: Sequence[str]) -> csr_matrix:
    """[texts, features] of fitted vectorizers, side by side."""
    return hstack([vectorizer.transform(texts) for vectorizer in vectorizers]).tocsr()
