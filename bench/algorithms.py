"""Each algorithm on the same labelled texts: how fast it trains, with its recipe's hyperparameters, and how fast it answers.

BlazingText is fastText with one thread here, as the embedded AWS runs it; the others are compared with it. The transformer has
the size of all-MiniLM-L6-v2 and random weights, which take as long as trained ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fasttext
from rich.console import Console

from bench import prepare, reviews
from bench.table import Row
from model_build.aws import code
from model_build.recipe import Recipe
from model_build.recipe.training import Scripted

ROOT = Path(__file__).parents[1]
STEPS = ROOT / "build" / "steps"
LABELS = ("negative", "neutral", "positive")
TEXTS, TRANSFORMER_TEXTS = 20_000, 1_500
_PINS = "transformer-requirements.txt"
_RECIPES = {
    "blazingtext": "clothing-reviews",
    "tfidf": "toxic-comments",
    "fasttext": "toxic-comments-fasttext",
    "transformer": "bert-sentiment",
}
"""The recipe whose hyperparameters are measured."""
_LEAST_SHARES = {"tfidf": (0.01, 0.005), "fasttext": (0.03, 0.03), "transformer": (0.0002, 0.0001)}
"""Of blazingtext's texts a second, in training and in scoring; with few texts, the start of the process is most of it."""

# Evaluate's way to ask any of them. The first line of stdout are the seconds.
_SCORE = """
import sys, time
from pathlib import Path
from prediction import contract, predictor
labels = tuple(sys.argv[3].split())
terms = contract.Contract(labels, False, None, {}, lambda text, rules: text)
texts = Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()
model = predictor.Predictor(Path(sys.argv[1]), terms, "bench")
started = time.perf_counter()
model.predict_lines(texts, labels)
print(time.perf_counter() - started)
"""


@dataclass(frozen=True)
class Speed:
    """Texts a second, all epochs of the training and all starts of processes included."""

    training: float
    scoring: float


def rows(quick: bool = False) -> list[Row]:
    """Two rows for each algorithm but blazingtext; those of the transformer only where it is installed."""
    names = list(_RECIPES)
    if find_spec("torch") is None or find_spec("transformers") is None:
        Console(stderr=True).print(
            "algorithms: transformer left out; torch or transformers is missing (make extras)"
        )
        names.remove("transformer")
    with tempfile.TemporaryDirectory(prefix="bench-algorithms-") as name:
        folder = Path(name)
        lines = _lines(folder, TEXTS // (10 if quick else 1))
        speeds = {}
        for each in names:
            place = folder / each
            place.mkdir()
            few = TRANSFORMER_TEXTS // (10 if quick else 1) if each == "transformer" else len(lines)
            speeds[each] = _measure(each, lines[:few], place)
    peer = speeds.pop("blazingtext")
    return [row for name, speed in speeds.items() for row in _rows(name, speed, peer)]


def _rows(name: str, speed: Speed, peer: Speed) -> list[Row]:
    trains, scores = _LEAST_SHARES[name]
    return [
        Row(
            name=f"{what} of {name} (as in {_RECIPES[name]}), next to blazingtext",
            ours=f"{ours:,.0f} texts/s",
            theirs=f"{theirs:,.0f} texts/s",
            ratio=f"{ours / theirs:.2g}",
            target=f"at least {least} times",
            passed=ours >= least * theirs,
        )
        for what, ours, theirs, least in (
            ("training", speed.training, peer.training, trains),
            ("scoring", speed.scoring, peer.scoring, scores),
        )
    ]


def _lines(folder: Path, count: int) -> list[str]:
    """`count` labelled lines, as Prepare writes them for training."""
    source = folder / "reviews.csv"
    reviews.write(source, count * 2)
    prepare.run(source, folder / "prepared", prepare.WORKERS)
    lines = (folder / "prepared/train/train.txt").read_text(encoding="utf-8").splitlines()
    return lines[:count]


def _measure(name: str, lines: Sequence[str], folder: Path) -> Speed:
    channel = folder / "channel"
    channel.mkdir()
    for file in ("train.txt", "validation.txt"):
        (channel / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "model").mkdir()
    training = Recipe.load(ROOT / "build" / "recipes" / f"{_RECIPES[name]}.yaml").training
    if name == "transformer":
        _make_pretrained(folder / "pretrained", channel / "train.txt")
    started = time.perf_counter()
    if isinstance(training, Scripted):
        options = training.options(LABELS, multi_label=False)
        options.pop("pretrained_sha256", None)  # of the real weights
        _train_script(name, options, channel, folder)
    else:
        _train_blazingtext(training.hyperparameters.model_dump(), channel, folder)
    seconds = time.perf_counter() - started
    return Speed(len(lines) / seconds, _score(lines, folder))


def _score(lines: Sequence[str], folder: Path) -> float:
    artifact, texts = folder / "model.tar.gz", folder / "texts.txt"
    with tarfile.open(artifact, "w:gz", compresslevel=1) as archive:
        for file in sorted((folder / "model").iterdir()):
            archive.add(file, file.name)
    texts.write_text("\n".join(line.split(" ", 1)[1] for line in lines), encoding="utf-8")
    done = _run([sys.executable, "-c", _SCORE, str(artifact), str(texts), " ".join(LABELS)], folder)
    return len(lines) / float(done.stdout.splitlines()[-1])


def _train_blazingtext(given: Mapping[str, Any], channel: Path, folder: Path) -> None:
    model = fasttext.train_supervised(
        str(channel / "train.txt"),
        epoch=given["epochs"],
        lr=given["learning_rate"],
        dim=given["vector_dim"],
        wordNgrams=given["word_ngrams"],
        minCount=given["min_count"],
        bucket=given["buckets"],
        thread=1,
        verbose=0,
    )
    model.save_model(str(folder / "model" / "model.bin"))


def _train_script(name: str, options: Mapping[str, str], channel: Path, folder: Path) -> None:
    source = folder / "code"
    files = code.algorithm(ROOT / "build" / "algorithms", name, STEPS)
    if name == "transformer":
        options = {**options, "checkpoints": str(folder / "checkpoints")}
        files = {**files, _PINS: (STEPS / _PINS).read_bytes()}
    for path, content in files.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes(content)
    told = [part for key, value in options.items() for part in (f"--{key}", value)]
    _run(
        [sys.executable, "train.py", *told],
        source,
        SM_CHANNEL_TRAIN=str(channel),
        SM_CHANNEL_VALIDATION=str(channel),
        SM_CHANNEL_PRETRAINED=str(folder / "pretrained"),
        SM_MODEL_DIR=str(folder / "model"),
        SM_MODULE_DIR=str(source),
    )


def _make_pretrained(folder: Path, texts: Path) -> None:
    """Random weights in the shape of all-MiniLM-L6-v2, and a vocabulary of the texts' words."""
    transformers = import_module("transformers")
    folder.mkdir()
    words = sorted(
        {word for line in texts.read_text(encoding="utf-8").splitlines() for word in line.split()[1:]}
    )
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (folder / "vocab.txt").write_text("\n".join([*special, *words]), encoding="utf-8")
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    shape = transformers.BertConfig(
        vocab_size=len(words) + len(special),
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
    )
    transformers.BertModel(shape).save_pretrained(folder)


def _run(command: Sequence[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(STEPS)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"{' '.join(command[:3])} exited with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done
