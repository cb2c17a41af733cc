"""`model-build check-data`: checks data as Prepare would, before anything is uploaded.

It runs the repository's `steps/prepare.py` in a process of its own, so readers, label rules and checks are those of
the job.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_build.errors import CommandError, DataError, UsageError
from model_build.recipe import Recipe

FIRST_BYTES = 1 << 20
"""The bytes of a file that `run` checks."""


@dataclass(frozen=True)
class Checked:
    """`summary` is the content of prepare.json, None if the data could not be read. `problem` is the reason for a refusal.

    `sampled` says whether rows were left out.
    """

    summary: Mapping[str, Any] | None
    problem: str | None
    sampled: bool

    @property
    def dropped(self) -> str:
        """The reasons for dropped rows, with their counts and values; empty without dropped rows."""
        reasons = (self.summary or {}).get("dropped", {})
        return "; ".join(_reason(name, reason) for name, reason in reasons.items())


def check(steps: Path, recipe: Recipe, source: Path, sample: int | None = None) -> Checked:
    """Prepare the file or folder `source` and discard the result; with `sample`, only that many bytes of it.

    Raises DataError when there is no `source`, CommandError when the script fails.
    """
    if not source.exists():
        raise DataError(f"There is no file {source}.")
    if recipe.prepare.script is not None:
        raise UsageError(
            f"The recipe {recipe.name} prepares with a script of its own, {recipe.prepare.script}, which knows the data alone. "
            "`model-build run` checks what it writes."
        )
    with tempfile.TemporaryDirectory(prefix="model-build-") as scratch:
        config = Path(scratch, "prepare.json")
        config.write_text(json.dumps(recipe.prepare_config()), encoding="utf-8")
        command = [sys.executable, str(steps / "prepare.py"), "--check", "--config", str(config)]
        command += [
            "--data",
            str(source.absolute()),
            "--output",
            scratch,
            "--message",
            str(Path(scratch, "message")),
        ]
        command += ["--sample", str(sample)] if sample is not None else []
        done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        tail = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise CommandError(
            f"{steps / 'prepare.py'} failed: {' '.join(tail) or f'exit code {done.returncode}'}"
        )
    return Checked(**json.loads(done.stdout))


def document(checked: Checked) -> dict[str, Any]:
    """The result for machines."""
    return {"summary": checked.summary, "problem": checked.problem}


def lines(checked: Checked, command: str) -> list[str]:
    """The result for people; `command` is the command that trains on the data."""
    printed: list[str] = []
    summary = checked.summary
    if summary is not None:
        printed.append(f"rows       {summary['used']:,} of {summary['rows']:,} can be used")
        for split, part in summary["splits"].items():
            counts = sorted(part["labels"].items(), key=lambda item: -item[1])
            more = f", and {len(counts) - 10} more labels" if len(counts) > 10 else ""
            shown = ", ".join(f"{label}: {count:,}" for label, count in counts[:10])
            printed.append(f"{split:<10} {part['rows']:,} examples ({shown}{more})")
        printed += [f"dropped    {_reason(name, reason)}" for name, reason in summary["dropped"].items()]
        printed += [f"note       {note}" for note in summary["notes"]]
    return printed if checked.problem is not None else [*printed, f"The data can be trained on: {command}"]


def _reason(name: str, reason: Mapping[str, Any]) -> str:
    rows = ", ".join(map(str, reason["first_rows"][:5])) + (", ..." if reason["count"] > 5 else "")
    values = ", ".join(f'"{shown["value"]}" x{shown["count"]}' for shown in reason["values"])
    return f"{name}: {reason['count']:,} (rows {rows}{'; ' if values else ''}{values})"
