"""Preparation of a million reviews: speed, memory, and that its result does not depend on the number of workers."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from pathlib import Path

import yaml

from bench import baselines, measure, reviews
from bench.measure import Run
from bench.table import Row
from model_build.recipe import Recipe

STEP = Path(__file__).parents[1] / "build" / "steps" / "prepare.py"
WORKERS = 2
ROWS_PER_SECOND, TIMES_PANDAS, TIMES_POLARS, MEGABYTES, GROWTH = 150_000, 5, 0.5, 75, 1.2
_TOKENISED_BY_TREEBANK = 5_000  # of the same rows: it takes too long for all

# The recipe of `bench.reviews`: quoted fields with line breaks inside, and a title before each text.
RECIPE = """
name: bench
data: {format: csv, text: [title, review], label: rating, require: [review], max_dropped_share: 0.05}
labels:
  names: [negative, neutral, positive]
  rules:
    - {name: negative, values: ["1", "2"]}
    - {name: neutral, values: ["3"]}
    - {name: positive, values: ["4", "5"]}
gate: {metric: macro_f1, minimum: 0.6, max_regression: 0.0}
"""


def rows(quick: bool = False) -> list[Row]:
    count = 100_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory(prefix="bench-prepare-") as name:
        folder = Path(name)
        source = folder / "reviews.csv"
        reviews.write(source, count)
        size = source.stat().st_size / 1e6
        pandas, polars = (
            measure.run([sys.executable, baselines.__file__, library, str(source), str(folder / library)])
            for library in ("pandas", "polars")
        )
        ours = run(source, folder / "ours", WORKERS)
        run(source, folder / "alone", 1)
        result = [
            _speed(f"{count:,} {reviews.origin()} reviews, {size:.0f} MB", count, ours, pandas),
            _beside_polars(count, ours, polars),
            _treebank(source, count, ours),
            _memory(ours, pandas, "pandas"),
            _memory(ours, polars, "Polars"),
            _same(folder / "ours", folder / "alone"),
        ]
        grown = folder / "grown.csv"
        reviews.grow(source, grown)
        result.append(_growth(count, ours, run(grown, folder / "ours", WORKERS)))
    return result


def run(source: Path, output: Path, workers: int, engine: str = "stdlib") -> Run:
    """Prepare `source` by the step's script, in a process of its own."""
    config = output.with_suffix(".json")
    recipe = Recipe.parse(yaml.safe_load(RECIPE) | {"prepare": {"engine": engine}}, Path("bench.yaml"))
    config.write_text(json.dumps(recipe.prepare_config()), encoding="utf-8")
    paths = [
        "--config",
        config,
        "--data",
        source,
        "--output",
        output,
        "--message",
        output.with_suffix(".message"),
    ]
    command = [sys.executable, str(STEP), *map(str, paths), "--workers", str(workers)]
    return measure.run(command, SPARK_LOCAL_IP="127.0.0.1")


def _speed(what: str, count: int, ours: Run, theirs: Run) -> Row:
    speed, ratio = count / ours.seconds, theirs.seconds / ours.seconds
    return Row(
        name=f"preparing {what}, {WORKERS} workers, next to pandas + regular expressions",
        ours=f"{speed / 1000:.0f}k rows/s",
        theirs=f"{count / theirs.seconds / 1000:.0f}k rows/s",
        ratio=f"{ratio:.1f}",
        target=f"at least {ROWS_PER_SECOND // 1000}k rows/s and {TIMES_PANDAS} times",
        passed=speed >= ROWS_PER_SECOND and ratio >= TIMES_PANDAS,
    )


def _beside_polars(count: int, ours: Run, theirs: Run) -> Row:
    ratio = theirs.seconds / ours.seconds
    return Row(
        name="the same, next to Polars + regular expressions, which uses all cores",
        ours=f"{count / ours.seconds / 1000:.0f}k rows/s",
        theirs=f"{count / theirs.seconds / 1000:.0f}k rows/s",
        ratio=f"{ratio:.2f}",
        target=f"at least {TIMES_POLARS} times",
        passed=ratio >= TIMES_POLARS,
    )


def _treebank(source: Path, count: int, ours: Run) -> Row:
    name, tokenise = baselines.treebank()
    texts = list(reviews.texts(source, _TOKENISED_BY_TREEBANK))
    started = time.perf_counter()
    for text in texts:
        tokenise(text)
    speed, theirs = count / ours.seconds, len(texts) / (time.perf_counter() - started)
    return Row(
        name=f"the same, next to {name}: tokens only, first {len(texts):,} rows",
        ours=f"{speed / 1000:.0f}k rows/s",
        theirs=f"{theirs / 1000:.1f}k rows/s",
        ratio=f"{speed / theirs:.0f}",
        target="faster",
        passed=speed > theirs,
    )


def _memory(ours: Run, theirs: Run, library: str) -> Row:
    return Row(
        name=f"its memory, summed over the workers, next to {library}",
        ours=f"{ours.megabytes:.0f} MB",
        theirs=f"{theirs.megabytes:.0f} MB",
        ratio=f"{ours.megabytes / theirs.megabytes:.2f}" if theirs.megabytes else "",
        target=f"at most {MEGABYTES} MB",
        passed=0 < ours.megabytes <= MEGABYTES,
    )


def _growth(count: int, small: Run, large: Run) -> Row:
    ratio = large.megabytes / small.megabytes if small.megabytes else 0.0
    return Row(
        name=f"its memory at {count * reviews.COPIES:,} rows, next to that at {count:,}",
        ours=f"{large.megabytes:.0f} MB",
        theirs=f"{small.megabytes:.0f} MB",
        ratio=f"{ratio:.2f}",
        target=f"at most {GROWTH} times",
        passed=0 < ratio <= GROWTH,
    )


def _same(ours: Path, alone: Path) -> Row:
    mine, other = digest(ours), digest(alone)
    return Row(
        name=f"its result with {WORKERS} workers, next to that with 1 (SHA-256)",
        ours=mine[:12],
        theirs=other[:12],
        ratio="",
        target="the same",
        passed=mine == other,
    )


def digest(output: Path) -> str:
    """The SHA-256 of what a run wrote: train, validation and holdout."""
    found = hashlib.sha256()
    for file in ("train/train.txt", "validation/validation.txt", "holdout/holdout.jsonl"):
        with (output / file).open("rb") as stream:
            found.update(hashlib.file_digest(stream, "sha256").digest())
    return found.hexdigest()
