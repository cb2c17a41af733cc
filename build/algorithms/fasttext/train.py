"""Trains fastText in SageMaker's scikit-learn image, with what BlazingText does not offer: losses and character n-grams.

Reads the channel `train`; writes `model.bin` and, in `code/`, the scripts that serve it with fastText itself, since an
isolated endpoint installs nothing. The image lacks fastText: it is installed from the channel `wheels`. Prints figures on the channel
`validation` where there is one.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import labelled_text
import numpy as np
import validation_figures

import wheels
from failure import StepError

MODEL = "model.bin"
SERVED = ("inference.py", "protocol.py")
LIBRARY = ("fasttext", "fasttext_pybind")
IGNORED = shutil.ignore_patterns("__pycache__", "tests")


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = labelled_text.arguments(__doc__)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--learning_rate", type=float, default=0.5)
    parser.add_argument("--vector_dim", type=int, default=32)
    parser.add_argument("--word_ngrams", type=int, default=2, help="words in the longest n-gram of words")
    parser.add_argument("--min_chars", type=int, default=0, help="characters in the shortest n-gram; 0: none")
    parser.add_argument("--max_chars", type=int, default=0, help="characters in the longest n-gram; 0: none")
    parser.add_argument("--min_count", type=int, default=1, help="occurrences that a word needs")
    parser.add_argument("--buckets", type=int, default=200_000, help="places for n-grams")
    parser.add_argument(
        "--loss", choices=("softmax", "ova", "hs"), help="by default ova for several labels, else softmax"
    )
    parser.add_argument(
        "--threads", type=int, default=1, help="more than one is faster and does not repeat exactly"
    )
    return parser.parse_args(argv)


def train(options: argparse.Namespace) -> Any:
    """The fitted fastText model. Raises TrainingDataError for data that cannot be used, and where the model diverges."""
    import fasttext

    examples = labelled_text.read("train")
    labelled_text.columns(examples, options.labels.split())
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        for text, labels in zip(examples.texts, examples.labels):
            file.write(" ".join([*(labelled_text.PREFIX + label for label in sorted(labels)), text]) + "\n")
        file.flush()
        try:
            return fasttext.train_supervised(
                input=file.name,
                epoch=options.epochs,
                lr=options.learning_rate,
                dim=options.vector_dim,
                wordNgrams=options.word_ngrams,
                minn=options.min_chars,
                maxn=options.max_chars,
                minCount=options.min_count,
                bucket=options.buckets,
                loss=options.loss or ("ova" if options.multi_label else "softmax"),
                thread=options.threads,
                seed=0,
                verbose=0,
            )
        except RuntimeError as error:
            if "NaN" not in str(error):
                raise
            raise labelled_text.diverged(options.learning_rate) from error


def validate(model: Any, options: argparse.Namespace) -> None:
    """Print the figures of the model on the channel `validation`."""
    try:
        examples = labelled_text.read("validation")
    except labelled_text.TrainingDataError:
        return
    names = options.labels.split()
    column = {labelled_text.PREFIX + name: index for index, name in enumerate(names)}
    scores = np.zeros((len(examples.texts), len(names)))
    for row, (given, values) in enumerate(zip(*model.predict(examples.texts, k=-1))):
        scores[row, [column[label] for label in given]] = values
    truth = np.array(labelled_text.columns(examples, names))
    validation_figures.show(truth, scores, options.multi_label)


def pack(folder: Path, source: Path) -> None:
    """Put what serves the model into `folder`: the scripts of `source`, and the installed fastText in `library/`."""
    folder.mkdir(exist_ok=True)
    for name in SERVED:
        shutil.copy2(source / name, folder / name)
    library = folder / "library"
    library.mkdir(exist_ok=True)
    for name in LIBRARY:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"fastText is not installed here: there is no module {name}.")
        origin = Path(spec.origin)
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, library / name, ignore=IGNORED, dirs_exist_ok=True)
        else:
            shutil.copy2(origin, library / origin.name)


def main() -> None:
    options = parse()
    source = Path(os.environ.get("SM_MODULE_DIR", Path(__file__).parent))
    try:
        wheels.install(
            Path(os.environ.get("SM_CHANNEL_WHEELS", "/opt/ml/input/data/wheels")), source / wheels.PINS
        )
        model = train(options)
    except (labelled_text.TrainingDataError, StepError) as error:
        sys.exit(str(error))
    validate(model, options)
    model.save_model(str(options.model_dir / MODEL))
    pack(options.model_dir / "code", source)


if __name__ == "__main__":
    main()
