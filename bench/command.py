"""How soon a command answers: `model-build --help` next to importing boto3, which most such tools do first."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.table import Row

TARGET_SECONDS = 0.5


def rows(quick: bool = False) -> list[Row]:
    runs = 3 if quick else 9
    commands = {
        "ours": [str(Path(sys.executable).with_name("model-build")), "--help"],
        "theirs": [sys.executable, "-c", "import boto3"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            seconds[name].append(time.perf_counter() - started)
    ours, theirs = statistics.median(seconds["ours"]), statistics.median(seconds["theirs"])
    return [
        Row(
            name="model-build --help, next to `import boto3` alone",
            ours=f"{ours:.2f} s",
            theirs=f"{theirs:.2f} s",
            ratio=f"{ours / theirs:.2f}",
            target=f"at most {TARGET_SECONDS} s",
            passed=ours <= TARGET_SECONDS,
        )
    ]
