"""The Prepare step: from the raw files to what BlazingText trains on, and the holdout that Evaluate measures on.

    raw files -> (unpacked, converted) -> byte ranges -> one worker each: rows -> tokens -> split -> parts -> joined in order
              -> (rebalanced) -> checked -> train/, validation/, holdout/, summary/

Memory does not grow with the data, the result does not depend on the number of workers, and a run that fails leaves
nothing behind but its reason. Standard library only, Python 3.9: it runs in the scikit-learn image as it is.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Callable, Protocol

import digests
from failure import MESSAGE_FILE, StepError, reported
from preparation import checks, cluster, rebalance, shard
from preparation.shard import FILES, Counts, Shard
from preparation.splits import TRAIN
from preparation.summary import Total, sentence
from reading import convert, layout, ranges, source, unpack
from reading.layout import Layout

# Below this size a second process costs more than it saves.
_BYTES_PER_WORKER = 16 << 20
_FOLDERS = {"train.txt": "train", "validation.txt": "validation", "holdout.jsonl": "holdout"}
_BLOCK = 1 << 20
SPARK = "spark"


@dataclass(frozen=True)
class _File:
    """A raw file that is ready to be read."""

    path: Path
    name: str
    end: int
    layout: Layout
    config: Mapping[str, Any]
    split: str | None
    raw: cluster.Raw


class _Engine(Protocol):
    """Does the work on shards, in the order of which it returns what was counted."""

    def ranges(self, size: int) -> int:
        """Into how many ranges a file of so many bytes is cut."""

    def run(
        self, work: Callable[[Shard], Counts], shards: Sequence[Shard], raws: Sequence[cluster.Raw]
    ) -> list[Counts]:
        """Do the work on each shard; each writes into its folder."""


@dataclass(frozen=True)
class _Processes:
    """The standard-library engine: `workers` processes, this one among them, or as many as are worth it."""

    workers: int | None

    def ranges(self, size: int) -> int:
        return self.workers or _worth(size)

    def run(
        self, work: Callable[[Shard], Counts], shards: Sequence[Shard], raws: Sequence[cluster.Raw]
    ) -> list[Counts]:
        workers = min(self.workers or _worth(sum(part.end - part.start for part in shards)), len(shards))
        if workers == 1:
            return [work(part) for part in shards]
        # This process is one of the workers: one less to start, and to hold in memory. The others are spawned: a fork
        # would copy whatever threads and locks the caller has.
        pool = ProcessPoolExecutor(workers - 1, mp_context=get_context("spawn"))
        try:
            others = {index: pool.submit(work, part) for index, part in enumerate(shards) if index % workers}
            own = {index: work(shards[index]) for index in range(0, len(shards), workers)}
            return [own[index] if index in own else others[index].result() for index in range(len(shards))]
        finally:
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class _Counted:
    """What the workers counted, and how many they were."""

    name: str
    total: Total
    layout: Layout
    workers: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the step, or check the data only (`--check`). Exits with 1 and a message if the data cannot be used."""
    options = _options(arguments)
    with reported(options.message):
        config = json.loads(options.config.read_text(encoding="utf-8"))
        if options.check:
            with redirect_stdout(sys.stderr):
                report = check(config, options.data, options.output, options.sample, options.workers)
            json.dump(report, sys.stdout)
        else:
            digests.require_data(options.data, os.environ.get("DATA_SHA256", digests.NONE))
            prepare(config, options.data, options.output, options.workers)


def prepare(
    config: Mapping[str, Any], data: Path, output: Path, workers: int | None = None
) -> dict[str, Any]:
    """Prepare the data at `data`, a file or a folder, and write the splits and `summary/prepare.json` below `output`.

    `config` is what `Recipe.prepare_config` returns; without `workers` there are as many as the cores and the files'
    size justify. Returns the summary. Raises StepError, and then leaves `output` as it was, when the data cannot be used.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        engine: _Engine = _Processes(workers)
        if config["engine"] == SPARK:
            engine = stack.enter_context(cluster.Cluster(workers))
        scratch = stack.enter_context(_scratch(output))
        counted = _count(list(_files(config, data, scratch)), scratch, engine)
        checks.check(counted.total, config, counted.name, counted.layout)
        summary = _summary(config, counted, scratch, began)
        _publish(scratch, output, summary)
    print(sentence(counted.name, summary))
    for note in summary["notes"]:
        print(note)
    return summary


def check(
    config: Mapping[str, Any],
    data: Path,
    output: Path,
    sample: int | None = None,
    workers: int | None = None,
) -> dict[str, Any]:
    """Prepare the data and discard the result; returns the summary, and the reason for a refusal.

    With `sample` only about so many bytes of the rows are read, and checks that more rows could pass are left out. Returns
    `{"summary": ... or None, "problem": ... or None, "sampled": whether rows were left out}`.
    """
    began, summary, problem, sampled = time.monotonic(), None, None, False
    with _scratch(output) as scratch:
        try:
            files = list(_files(config, data, scratch, sample))
            sampled = any(file.end < file.path.stat().st_size for file in files)
            sampled = sampled or len(files) < len(source.find(data, config["data"]))
            counted = _count(files, scratch, _Processes(workers))
            summary = counted.total.summary(None, config["labels"]["names"])
            checks.check(counted.total, config, counted.name, counted.layout, sampled)
            summary = _summary(config, counted, scratch, began)
        except StepError as error:
            problem = str(error)
    return {"summary": summary, "problem": problem, "sampled": sampled}


@contextmanager
def _scratch(output: Path) -> Iterator[Path]:
    output.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".prepare-", dir=output))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _summary(config: Mapping[str, Any], counted: _Counted, scratch: Path, began: float) -> dict[str, Any]:
    """Rebalance the train split where the recipe asks for it; returns prepare.json."""
    total, rebalanced, method = counted.total, None, config["rebalance"]
    if method != rebalance.NONE:
        rebalanced = rebalance.rebalance(scratch / FILES[TRAIN], total.labels[TRAIN], method)
    return {
        **total.summary(rebalanced, config["labels"]["names"]),
        "workers": counted.workers,
        "seconds": round(time.monotonic() - began, 3),
    }


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Prepares raw files of labelled texts for training and evaluation."
    )
    root = Path("/opt/ml/processing")
    parser.add_argument("--config", type=Path, default=root / "input/code/prepare.json", help="prepare.json")
    parser.add_argument(
        "--data", type=Path, default=root / "input/data", help="the raw file, or a folder with it"
    )
    parser.add_argument("--output", type=Path, default=root / "output", help="the folder for the results")
    parser.add_argument(
        "--message", type=Path, default=Path(MESSAGE_FILE), help="the file that takes a failure's reason"
    )
    parser.add_argument(
        "--workers", type=int, default=None, help="processes; by default as many as are worth it"
    )
    parser.add_argument(
        "--check", action="store_true", help="prepare nothing; print what would be said as JSON"
    )
    parser.add_argument(
        "--sample", type=int, default=None, metavar="BYTES", help="with --check: read the first rows only"
    )
    return parser.parse_args(arguments)


def _files(
    config: Mapping[str, Any], data: Path, scratch: Path, sample: int | None = None
) -> Iterator[_File]:
    """The raw files, unpacked, converted, and with their headers read; of a sample the first for each split."""
    seen = set()
    for number, found in enumerate(source.find(data, config["data"])):
        if sample is not None and found.split in seen:
            continue
        seen.add(found.split)
        folder = scratch / f"file-{number:05}"
        folder.mkdir()
        # What is compressed may hold more than the sample, and what is converted may shrink.
        path = unpack.unpacked(found.path, found.name, folder, None if sample is None else 4 * sample)
        path, described = convert.readable(
            path, config["data"], found.name, folder, None if sample is None else 2 * sample
        )
        where = layout.read(path, described, found.name)
        end = size = path.stat().st_size
        if sample is not None and size - where.start > sample:
            count = math.ceil((size - where.start) / sample)
            end = ranges.cut(path, where.start, size, count, where.quoted)[0][1]
        raw = cluster.Raw(found.path, found.name, config["data"])
        yield _File(path, found.name, end, where, {**config, "data": described}, found.split, raw)


def _count(files: Sequence[_File], scratch: Path, engine: _Engine) -> _Counted:
    """Write every split of all files to `scratch`, in order; returns what was counted."""
    pieces = [_ranges(file, engine) for file in files]
    if files[0].config["split"]["ordered"]:
        counts, pieces = _run(shard.count, files, pieces, scratch, engine)
        *firsts, total = accumulate((part.rows for part in counts), initial=0)
        numbered = [(first, total) for first in firsts]
        counts, pieces = _run(shard.prepare, files, pieces, scratch, engine, numbered)
    else:
        counts, pieces = _run(shard.prepare, files, pieces, scratch, engine)
    folders = [_folder(scratch, index) for index in range(len(counts))]
    for name in FILES.values():
        _join([folder / name for folder in folders], scratch / name)
    begins = [(file.name, file.layout.first_line) for file, cut in zip(files, pieces) for _ in cut]
    name = files[0].name if len(files) == 1 else f"{len(files)} files ({files[0].name}, ...)"
    return _Counted(name, Total.of(counts, begins), files[0].layout, max(map(len, pieces)))


_Ranges = list[tuple[int, int]]


def _ranges(file: _File, engine: _Engine) -> _Ranges:
    count = engine.ranges(file.end - file.layout.start)
    return ranges.cut(file.path, file.layout.start, file.end, count, file.layout.quoted)


def _worth(size: int) -> int:
    """How many workers so many bytes are worth."""
    return max(1, min(os.cpu_count() or 1, size // _BYTES_PER_WORKER))


def _folder(scratch: Path, index: int) -> Path:
    return scratch / f"part-{index:05}"


def _run(
    work: Callable[[Shard], Counts],
    files: Sequence[_File],
    pieces: Sequence[_Ranges],
    scratch: Path,
    engine: _Engine,
    numbered: Sequence[tuple[int, int]] | None = None,
) -> tuple[list[Counts], list[_Ranges]]:
    """Do the work on every range.

    Returns the counts in order and the ranges: a file whose ranges do not end with records becomes one.
    """
    spans = [(file, start, end) for file, cut in zip(files, pieces) for start, end in cut]
    shards = [
        Shard(file.path, start, end, file.layout, file.config, _folder(scratch, index), file.split)
        for index, (file, start, end) in enumerate(spans)
    ]
    if numbered is not None:
        shards = [
            replace(part, first_row=first, total_rows=total) for part, (first, total) in zip(shards, numbered)
        ]
    counts = engine.run(work, shards, [file.raw for file, _, _ in spans])
    whole, index = [], 0
    for cut in pieces:
        parts = counts[index : index + len(cut)]
        whole.append(all(part.whole for part in parts[:-1]))
        index += len(cut)
    if all(whole):
        return counts, list(pieces)
    print(
        "A quote stands alone in an unquoted field, so records cannot be told apart from the middle: one worker."
    )
    for part in shards:
        shutil.rmtree(part.folder, ignore_errors=True)
    alone = [
        cut if good else [(file.layout.start, file.end)] for file, cut, good in zip(files, pieces, whole)
    ]
    return _run(work, files, alone, scratch, engine)


def _join(parts: Sequence[Path], target: Path) -> None:
    """Concatenate the parts onto the first, which becomes the target."""
    parts[0].replace(target)
    with target.open("ab") as whole:
        for part in parts[1:]:
            with part.open("rb") as piece:
                shutil.copyfileobj(piece, whole, _BLOCK)
            part.unlink()


def _publish(scratch: Path, output: Path, summary: Mapping[str, Any]) -> None:
    (scratch / "prepare.json").write_text(
        json.dumps(summary, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    for file, folder in {**_FOLDERS, "prepare.json": "summary"}.items():
        target = output / folder
        target.mkdir(parents=True, exist_ok=True)
        shutil.move(str(scratch / file), str(target / file))


if __name__ == "__main__":
    main()
