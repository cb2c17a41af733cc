"""The lines that Prepare writes for training: `__label__A __label__B token token ...`, one example a line.

Shared by the training scripts: the modules beside their folders travel with each of them. Standard library, Python 3.9.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PREFIX = "__label__"


@dataclass(frozen=True)
class Examples:
    """`texts` and, for each of them, the names of its labels."""

    texts: list[str]
    labels: list[frozenset[str]]

    @property
    def names(self) -> list[str]:
        """The labels that occur, sorted."""
        return sorted(set().union(*self.labels))


class TrainingDataError(ValueError):
    """A channel or an option cannot be used. The message names it and says what was expected."""


def diverged(learning_rate: float) -> TrainingDataError:
    """The error of a training whose loss became NaN or infinite."""
    return TrainingDataError(
        f"The model diverged: its loss is not a finite number any more. learning_rate is {learning_rate:g}; take a smaller "
        f"one, such as {learning_rate / 10:g}."
    )


def read(channel: str) -> Examples:
    """The examples of an input channel, all its files in the order of their names.

    Raises TrainingDataError for a channel that is missing or holds no labelled line.
    """
    folder = Path(os.environ.get(f"SM_CHANNEL_{channel.upper()}", f"/opt/ml/input/data/{channel}"))
    texts: list[str] = []
    labels: list[frozenset[str]] = []
    for line in _lines(folder):
        words = line.split()
        found = frozenset(word[len(PREFIX) :] for word in words if word.startswith(PREFIX))
        if found:
            texts.append(" ".join(word for word in words if not word.startswith(PREFIX)))
            labels.append(found)
    if not texts:
        raise TrainingDataError(f"The channel {channel} ({folder}) holds no line that begins with {PREFIX}.")
    return Examples(texts, labels)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser with what the pipeline tells every training script."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--labels", required=True, help="the recipe's label names, separated by spaces")
    parser.add_argument(
        "--multi_label", type=truth, default=False, help="whether a text may have several labels"
    )
    parser.add_argument(
        "--model-dir", type=Path, default=Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    )
    return parser


def truth(text: str) -> bool:
    """`true` or `false`, as hyperparameters are written. Raises argparse.ArgumentTypeError."""
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def columns(examples: Examples, names: Sequence[str]) -> list[list[bool]]:
    """A row per example, a column per name: whether the example has that label.

    Raises TrainingDataError for a label that `names` lacks.
    """
    strange = sorted(set(examples.names) - set(names))
    if strange:
        raise TrainingDataError(
            f"The data has the labels {', '.join(strange[:8])}; the recipe names {', '.join(names[:8])}."
        )
    return [[name in has for name in names] for has in examples.labels]


def _lines(folder: Path) -> Iterator[str]:
    if not folder.is_dir():
        raise TrainingDataError(f"The channel folder {folder} does not exist.")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open(encoding="utf-8", newline="\n") as lines:
                yield from lines
