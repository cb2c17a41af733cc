"""The Prepare step: from the raw file to what BlazingText trains on, and the holdout that Evaluate measures on.

    raw file -> (unpacked) -> byte ranges -> one worker each: rows -> tokens -> split -> parts -> joined in order
             -> (rebalanced) -> checked -> train/, validation/, holdout/, summary/

Memory does not grow with the data, the result does not depend on the number of workers, and a run that fails leaves
nothing behind but its reason. Standard library only, Python 3.9: it runs in the scikit-learn image as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import digests
import layout
import ranges
import rebalance
import shard
import source
from failure import MESSAGE_FILE, reported
from layout import Layout
from shard import FILES, Counts, Shard
from splits import TRAIN
from summary import Total, sentence

# Below this size a second process costs more than it saves.
_BYTES_PER_WORKER = 16 << 20
_FOLDERS = {"train.txt": "train", "validation.txt": "validation", "holdout.jsonl": "holdout"}
_BLOCK = 1 << 20


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    with reported(options.message):
        digests.require_data(source.find(options.data), os.environ.get("DATA_SHA256", digests.NONE))
        prepare(
            json.loads(options.config.read_text(encoding="utf-8")),
            options.data,
            options.output,
            options.workers,
        )


def prepare(
    config: Mapping[str, Any], data: Path, output: Path, workers: int | None = None
) -> dict[str, Any]:
    """Prepare the file at (or in) `data` and write the splits and `summary/prepare.json` below `output`.

    `config` is what `Recipe.prepare_config` returns; without `workers` there are as many as the cores and the file's
    size justify. Returns the summary. Raises StepError, and then leaves `output` as it was, when the data cannot be used.
    """
    began = time.monotonic()
    output.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".prepare-", dir=output))
    try:
        file = source.find(data)
        path = source.unpacked(file, scratch)
        found = layout.read(path, config["data"], file.name)
        total, used_workers = _count(config, path, found, scratch, workers or _workers(path))
        total.check(config, file.name, found)
        rebalanced = None
        if config["rebalance"] == rebalance.UNDERSAMPLE:
            rebalanced = rebalance.undersample(scratch / FILES[TRAIN], total.labels[TRAIN])
        summary = {
            **total.summary(rebalanced),
            "workers": used_workers,
            "seconds": round(time.monotonic() - began, 3),
        }
        _publish(scratch, output, summary)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(sentence(file.name, summary))
    return summary


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Prepares a raw file of labelled texts for training and evaluation."
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
    return parser.parse_args(arguments)


def _workers(path: Path) -> int:
    return max(1, min(os.cpu_count() or 1, path.stat().st_size // _BYTES_PER_WORKER))


def _count(
    config: Mapping[str, Any], path: Path, found: Layout, scratch: Path, workers: int
) -> tuple[Total, int]:
    """Write every split to `scratch`; returns what was counted, and how many workers did it."""
    shards = [
        Shard(path, start, end, found, config, scratch / f"part-{index:05}")
        for index, (start, end) in enumerate(ranges.cut(path, found.start, workers, found.quoted))
    ]
    parts = _run(shards)
    if not all(part.whole for part in parts[:-1]):
        print(
            "A quote stands alone in an unquoted field, so records cannot be told apart from the middle: one worker."
        )
        for part in shards:
            shutil.rmtree(part.folder)
        shards = [Shard(path, found.start, path.stat().st_size, found, config, scratch / "part")]
        parts = _run(shards)
    for file in FILES.values():
        _join([part.folder / file for part in shards], scratch / file)
    return Total.of(parts), len(shards)


def _run(shards: Sequence[Shard]) -> list[Counts]:
    if len(shards) == 1:
        return [shard.prepare(shards[0])]
    # Spawned: a fork would copy whatever threads and locks the caller has.
    with ProcessPoolExecutor(len(shards), mp_context=get_context("spawn")) as pool:
        return list(pool.map(shard.prepare, shards))


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
