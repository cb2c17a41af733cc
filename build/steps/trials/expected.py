"""The answers that a trial endpoint has to give: those of the candidate in Evaluate, to some texts of the holdout."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from failure import StepError

FILE = "answers.json"
_DIGITS = 6


@dataclass(frozen=True)
class Expected:
    """`texts` are raw; `probabilities` [texts, labels] are those of `labels`, in their order."""

    labels: tuple[str, ...]
    texts: tuple[str, ...]
    probabilities: npt.NDArray[np.float64]


def write(
    folder: Path,
    labels: Sequence[str],
    texts: Sequence[str],
    probabilities: npt.NDArray[np.float64],
    count: int,
) -> None:
    """Write at most `count` of the texts, spread evenly, and their probabilities to the folder."""
    count = min(count, len(texts))
    rows = [index * len(texts) // count for index in range(count)]
    document = {
        "labels": list(labels),
        "texts": [texts[row] for row in rows],
        "probabilities": probabilities[rows].round(_DIGITS).tolist(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(json.dumps(document) + "\n", encoding="utf-8")


def load(folder: Path) -> Expected:
    """What `write` wrote. Raises StepError where it is missing or damaged."""
    path = folder / FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = Expected(
            tuple(document["labels"]),
            tuple(document["texts"]),
            np.asarray(document["probabilities"], dtype=np.float64),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StepError(
            f"{path} does not hold the answers of Evaluate ({type(error).__name__}: {error}). Evaluate writes it for "
            "recipes with a trial."
        ) from error
    if found.probabilities.shape != (len(found.texts), len(found.labels)):
        raise StepError(
            f"{path} has {len(found.texts)} texts and {len(found.labels)} labels, but probabilities of the shape "
            f"{found.probabilities.shape}. Evaluate writes it for recipes with a trial."
        )
    return found
