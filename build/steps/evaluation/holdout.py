"""The holdout: the raw texts that no training saw, and the labels that they truly have.

The validation split is read here, too. Its texts are tokens already, as training reads them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from failure import StepError

FILE = "holdout.jsonl"
_PREFIX = "__label__"


@dataclass(frozen=True)
class Holdout:
    """`texts` are raw, because each model applies its own text rules; `truth` [rows, labels] says which are right."""

    labels: tuple[str, ...]
    texts: list[str]
    truth: npt.NDArray[np.bool_]

    def summary(self) -> dict[str, Any]:
        """The size of the holdout, and its rows per label, as evaluation.json holds them."""
        counts = self.truth.sum(axis=0)
        return {
            "rows": len(self.texts),
            "labels": {label: int(count) for label, count in zip(self.labels, counts)},
        }


def load(path: Path, labels: Sequence[str], multi_label: bool) -> Holdout:
    """Read a holdout file, or `holdout.jsonl` in a folder: one `{"text": ..., "labels": [...]}` a line.

    Raises StepError when it is missing or empty, or a line does not fit the labels.
    """
    file = path / FILE if path.is_dir() else path
    column = {label: index for index, label in enumerate(labels)}
    texts, rows = [], []
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                text, names = _example(line, f"{file}, line {number}")
                _check(names, column, multi_label, f"{file}, line {number}")
                texts.append(text)
                rows.append([column[name] for name in names])
    except FileNotFoundError as error:
        raise StepError(f"There is no holdout: {file} does not exist. Prepare writes it.") from error
    except UnicodeDecodeError as error:
        raise StepError(f"The holdout {file} is not UTF-8: {error}.") from error
    if not texts:
        raise StepError(
            f"The holdout {file} is empty: there is nothing to measure a model on. "
            "Use more data, or a larger split.test in the recipe."
        )
    return Holdout(tuple(labels), texts, _truth(rows, len(labels)))


def load_lines(folder: Path, labels: Sequence[str]) -> Holdout:
    """Read the files of a split for training: `__label__A __label__B token token ...` a line.

    Raises StepError when there is no such line, or a label that the recipe does not know.
    """
    column = {label: index for index, label in enumerate(labels)}
    texts, rows = [], []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        with file.open(encoding="utf-8", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                words = line.split()
                names = [word[len(_PREFIX) :] for word in words if word.startswith(_PREFIX)]
                _check(names, column, True, f"{file}, line {number}")
                texts.append(" ".join(word for word in words if not word.startswith(_PREFIX)))
                rows.append([column[name] for name in names])
    if not texts:
        raise StepError(
            f"The validation split {folder} is empty: there is nothing to choose thresholds on. "
            "Use more data, a larger split.validation, or a number for evaluation.threshold in the recipe."
        )
    return Holdout(tuple(labels), texts, _truth(rows, len(labels)))


def _truth(rows: Sequence[Sequence[int]], labels: int) -> npt.NDArray[np.bool_]:
    truth = np.zeros((len(rows), labels), dtype=bool)
    for row, columns in enumerate(rows):
        truth[row, columns] = True
    return truth


def _example(line: str, where: str) -> tuple[str, list[Any]]:
    try:
        example = json.loads(line)
        text, names = example["text"], example["labels"]
        if not isinstance(text, str) or not isinstance(names, list):
            raise TypeError("a text is a string, and labels are a list")
    except (ValueError, KeyError, TypeError) as error:
        raise StepError(f'{where} is not {{"text": ..., "labels": [...]}}: {line.strip()[:80]!r}.') from error
    return text, names


def _check(names: Sequence[Any], column: dict[str, int], multi_label: bool, where: str) -> None:
    unknown = [name for name in names if not isinstance(name, str) or name not in column]
    if unknown:
        raise StepError(
            f"{where} has the label {unknown[0]!r}, which the recipe does not know. Its labels: {', '.join(column)}."
        )
    if not multi_label and len(names) != 1:
        raise StepError(f"{where} has {len(names)} labels; the recipe gives each text exactly one.")
