"""Runs shards on a Spark cluster: the functions of `shard`, on every core of every instance.

Each instance has the raw files at the same path, as SageMaker's processing jobs have their inputs. The rows and their
order are those of the standard-library engine, because its own functions read and write them. Spark and Python 3.9 are
what SageMaker's Spark image has; nothing else imports this module's `pyspark`.
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable

from failure import StepError
from preparation import shard
from preparation.shard import FILES, Counts, Shard
from reading import convert, unpack

BYTES_PER_TASK = 16 << 20
"""Of raw text: what a task writes passes through the driver's memory."""

_WORK = {work.__name__: work for work in (shard.count, shard.prepare)}


@dataclass(frozen=True)
class Raw:
    """The file that a shard was made from: its path on each instance, its name in messages, the recipe's `data`."""

    path: Path
    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class _Task:
    work: str
    shard: Shard
    raw: Raw


class Cluster:
    """A Spark application. Use it as a context: it ends with the block.

    A file is cut into `tasks` ranges, or as many as its size justifies. Raises StepError where there is no Spark or Java.
    """

    def __init__(self, tasks: int | None = None) -> None:
        self._tasks = tasks
        self._context = _start()
        self._modules = tempfile.TemporaryDirectory(prefix="modules-")
        self._context.addPyFile(_packed(Path(self._modules.name)))

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.stop()
        self._modules.cleanup()

    def ranges(self, size: int) -> int:
        """Into how many ranges a file of so many bytes is cut."""
        return self._tasks or max(1, math.ceil(size / BYTES_PER_TASK))

    def run(
        self, work: Callable[[Shard], Counts], shards: Sequence[Shard], raws: Sequence[Raw]
    ) -> list[Counts]:
        """Do the work on each shard; what it writes is in the shards' folders on this machine afterwards.

        Returns the counts in the order of the shards. Raises StepError for what the work raises it for.
        """
        from pyspark import StorageLevel

        tasks = [_Task(work.__name__, part, raw) for part, raw in zip(shards, raws)]
        results = self._context.parallelize(tasks, len(tasks)).map(_run).persist(StorageLevel.DISK_ONLY)
        try:
            # All tasks at once; then one after another to this machine, which holds the results of one at a time.
            results.count()
            counts = []
            for part, (counted, files) in zip(shards, results.toLocalIterator()):
                if isinstance(counted, str):
                    raise StepError(counted)
                part.folder.mkdir(parents=True, exist_ok=True)
                for name, content in files.items():
                    (part.folder / name).write_bytes(content)
                counts.append(counted)
            return counts
        finally:
            results.unpersist()


def _start() -> Any:
    """The Spark context, started where spark-submit has not made one."""
    try:
        from pyspark import SparkConf, SparkContext
    except ImportError as error:
        raise StepError(
            "prepare.engine of the recipe is spark, and this machine has no pyspark. Run the step in SageMaker's Spark image, "
            "install pyspark 3.5 and Java 17, or say engine: stdlib: the rows are the same."
        ) from error
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise StepError(
            "prepare.engine of the recipe is spark, and this machine has no Java. Install Java 17, such as Debian's "
            "openjdk-17-jre-headless, or say engine: stdlib: the rows are the same."
        )
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    configuration = (
        SparkConf()
        .setAppName("prepare")
        .setAll([("spark.ui.enabled", "false"), ("spark.ui.showConsoleProgress", "false")])
    )
    context = SparkContext.getOrCreate(configuration)
    context.setLogLevel("ERROR")
    return context


def _packed(folder: Path) -> str:
    """An archive of the step's modules, for workers that do not have them."""
    steps = Path(__file__).parents[1]
    archive = folder / "modules.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(steps.rglob("*.py")):
            packed.write(path, path.relative_to(steps))
    return str(archive)


def _run(task: _Task) -> tuple[Counts | str, dict[str, bytes]]:
    """What a worker does: the counts, or why there are none, and the content of each split."""
    with tempfile.TemporaryDirectory(prefix="shard-") as scratch:
        folder = Path(scratch, "part")
        try:
            counts = _WORK[task.work](replace(task.shard, path=_readable(task), folder=folder))
        except StepError as error:
            return str(error), {}
        files = {name: folder / name for name in FILES.values()}
        return counts, {name: path.read_bytes() for name, path in files.items() if path.is_file()}


def _readable(task: _Task) -> Path:
    """The file as the shard reads it. Where the driver unpacked it elsewhere, it is unpacked once on each instance."""
    path, raw = task.shard.path, task.raw
    if path.is_file():
        return path
    name = hashlib.sha256(f"{path}\0{raw.path}".encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir(), f"prepare-{name}")
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "path"
        if not done.is_file():
            unpacked = unpack.unpacked(raw.path, raw.name, folder)
            found, _ = convert.readable(unpacked, raw.data, raw.name, folder)
            done.write_text(str(found), encoding="utf-8")
    return Path(done.read_text(encoding="utf-8"))
