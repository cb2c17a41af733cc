"""Spark and the standard library's engine on the same rows: speed, start, memory, and from how many rows Spark pays.

Each engine prepares a file of few rows, which is its start, and one of many: what that takes longer gives the rate. On one
machine both use the same cores and the same code, so Spark pays with several machines only: from how many rows is computed from
what was measured, and not measured.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from bench import prepare, reviews
from bench.measure import Run
from bench.table import Row

INSTANCES = 4
"""The machines of the computed row, each as this one."""
START_SECONDS = 30
FEW = 1_000


@dataclass(frozen=True)
class Engine:
    """What was measured of an engine. `megabytes` is the most of both runs."""

    rate: float
    start: float
    megabytes: float

    @classmethod
    def of(cls, many: int, small: Run, large: Run) -> Engine:
        """Of the runs over FEW and `many` rows. On a busy machine the first may take as long: a hundredth is left for the rest."""
        seconds = max(large.seconds - small.seconds, large.seconds / 100)
        return cls((many - FEW) / seconds, small.seconds, max(small.megabytes, large.megabytes))


def rows(quick: bool = False) -> list[Row]:
    """The rows of both engines; none, with a word about it, where Spark is not installed."""
    if find_spec("pyspark") is None or shutil.which("java") is None:
        Console(stderr=True).print("spark: left out; pyspark or Java is missing (make extras)")
        return []
    many = 200_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory(prefix="bench-spark-") as name:
        folder = Path(name)
        sizes = {count: folder / f"{count}.csv" for count in (FEW, many)}
        for count, source in sizes.items():
            reviews.write(source, count)
        found, digests = {}, {}
        for engine in ("stdlib", "spark"):
            output = folder / engine
            small, large = (prepare.run(source, output, prepare.WORKERS, engine) for source in sizes.values())
            found[engine] = Engine.of(many, small, large)
            digests[engine] = prepare.digest(output)
    return _rows(f"{many:,} {reviews.origin()} reviews", found["stdlib"], found["spark"], digests)


def _rows(what: str, ours: Engine, spark: Engine, digests: dict[str, str]) -> list[Row]:
    return [
        Row(
            name=f"preparing {what}, next to Spark on the same cores, without the start",
            ours=f"{ours.rate / 1000:.0f}k rows/s",
            theirs=f"{spark.rate / 1000:.0f}k rows/s",
            ratio=f"{ours.rate / spark.rate:.2f}",
            target="equal files",
            passed=digests["stdlib"] == digests["spark"],
        ),
        Row(
            name="its start, next to Spark's",
            ours=f"{ours.start:.1f} s",
            theirs=f"{spark.start:.1f} s",
            ratio=f"{ours.start / spark.start:.2f}" if spark.start else "",
            target=f"Spark's: at most {START_SECONDS} s",
            passed=spark.start <= START_SECONDS,
        ),
        Row(
            name="its memory, next to Spark's with the Java virtual machine",
            ours=f"{ours.megabytes:.0f} MB",
            theirs=f"{spark.megabytes:.0f} MB",
            ratio=f"{ours.megabytes / spark.megabytes:.2f}" if spark.megabytes else "",
            target="less",
            passed=ours.megabytes < spark.megabytes,
        ),
        _pays(ours, spark),
    ]


def _pays(ours: Engine, spark: Engine) -> Row:
    """From where start + rows / (INSTANCES * rate) is less than the one machine's time."""
    saved = 1 / ours.rate - 1 / (INSTANCES * spark.rate)
    least = max(spark.start - ours.start, 0.0) / saved if saved > 0 else float("inf")
    return Row(
        name=f"rows from which Spark on {INSTANCES} such machines pays (computed)",
        ours=f"{least:,.0f}",
        theirs="",
        ratio="",
        target="finite",
        passed=least < float("inf"),
    )
