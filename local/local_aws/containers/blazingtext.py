"""BlazingText's supervised mode on fastText: the program that runs in place of the algorithm's image.

    python -m local_aws.containers.blazingtext /opt/ml

It follows the contract of a training container, prints the lines that the algorithm prints, and ends with 2 where the
caller is to blame, 1 otherwise, with the reason in output/failure. One thread, so that results repeat. Early
stopping, which fastText has not, is not reproduced: the log says so.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_aws.containers.hyperparameters import HyperparameterError, Hyperparameters

CALLERS_FAULT = 2


class DataError(ValueError):
    """The channels do not hold what BlazingText reads. The message says which, and what it needs."""


def main(ml: Path) -> int:
    """Train as the configuration under `ml` says. Returns the exit code."""
    try:
        hyperparameters = Hyperparameters.parse(_config(ml, "hyperparameters"))
        train = _text(ml, "train")
        validation = _text(ml, "validation") if (ml / "input/data/validation").exists() else None
        if hyperparameters.early_stopping and validation is None:
            raise DataError("early_stopping needs a validation channel")
        _train(hyperparameters, train, validation, ml / "model")
    except (HyperparameterError, DataError) as error:
        print(f"[ERROR] Customer Error: {error}")
        (ml / "output/failure").write_text(str(error), encoding="utf-8")
        return CALLERS_FAULT
    return 0


def _config(ml: Path, name: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((ml / "input/config" / f"{name}.json").read_text(encoding="utf-8"))
    return config


def _text(ml: Path, channel: str) -> Path:
    """The one file of a channel."""
    folder = ml / "input/data" / channel
    if not folder.exists():
        raise DataError(f"the {channel} channel is missing")
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    if len(found) != 1:
        names = ", ".join(path.name for path in found[:5]) or "none"
        raise DataError(f"the {channel} channel must hold exactly one file, but holds {len(found)}: {names}")
    return found[0]


def _train(stated: Hyperparameters, train: Path, validation: Path | None, folder: Path) -> None:
    """Train, report accuracies and write model.bin. Raises DataError for a text without labels or words."""
    import fasttext  # the checks above need not wait for it

    print("Running single machine CPU BlazingText training using supervised mode.")
    print(f"Processing {train} . File size: {train.stat().st_size / 1024**2} MB")
    if stated.early_stopping:
        print(
            "[WARNING] early_stopping is not reproduced by the embedded BlazingText: "
            f"all {stated.epochs} epochs are trained, patience and min_epochs have no effect."
        )
    start = time.perf_counter()
    try:
        model = fasttext.train_supervised(
            str(train), **_arguments(stated), loss="softmax", minn=0, maxn=0, thread=1, verbose=0
        )
    except RuntimeError as error:
        if "NaN" not in str(error):
            raise
        raise DataError(
            f"the model diverged: its loss is not a number any more. learning_rate is {stated.learning_rate:g}; take a "
            "smaller one"
        ) from error
    except ValueError as error:
        raise DataError(f"cannot train on {train.name}: {error}") from error
    if not model.labels:
        raise DataError(f"no line of {train.name} has a label: they begin with __label__")
    _report_speed(stated, model, time.perf_counter() - start)
    _report_accuracy(model, "train", train)
    if validation is not None:
        print(f"Loading validation data from {validation}")
        _report_accuracy(model, "validation", validation)
    # Whole or not at all: a training that is stopped uploads what lies in the model's folder.
    unfinished = folder.with_name("model.bin.unfinished")
    model.save_model(str(unfinished))
    unfinished.rename(folder / "model.bin")


def _arguments(stated: Hyperparameters) -> Mapping[str, Any]:
    return {
        "epoch": stated.epochs,
        "lr": stated.learning_rate,
        "minCount": stated.min_count,
        "dim": stated.vector_dim,
        "wordNgrams": stated.word_ngrams,
        "bucket": stated.buckets,
    }


def _report_speed(stated: Hyperparameters, model: Any, seconds: float) -> None:
    words, counts = model.get_words(include_freq=True)
    speed = sum(counts.tolist()) * stated.epochs / seconds / 1e6
    print(f"Number of words:  {len(words)}")
    print(f"##### Alpha: 0.0000  Progress: 100.00%  Million Words/sec: {speed:.2f} #####")
    print("Training finished.")
    print(f"Average throughput in Million words/sec: {speed:.2f}")
    print(f"Total training time in seconds: {seconds:.2f}")


def _report_accuracy(model: Any, split: str, text: Path) -> None:
    examples, precision, _ = model.test(str(text))
    if not examples:
        raise DataError(f"the {split} channel has no line with a label that the training text has")
    print(f"#{split}_accuracy: {precision:.4f}")
    print(f"Number of {split} examples: {examples}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
