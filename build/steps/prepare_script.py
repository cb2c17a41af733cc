"""The Prepare step with a script of the team's own: runs it, and checks what it wrote.

    python3 script/NAME.py --config CONFIG --data DATA --output OUTPUT --ARGUMENT VALUE ...

The script writes what our own Prepare writes below OUTPUT: `train/` and `validation/` with lines of `__label__A token
token ...`, `holdout/holdout.jsonl` with `{"text": ..., "labels": [...]}` a line, and, if it likes, `summary/prepare.json` with
`rows` and `dropped`. It can import `text_rules`, whose tokens the model is served with. Standard library, Python 3.9.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import digests
from failure import MESSAGE_FILE, StepError, reported

FOLDER = "script"
_PREFIX = "__label__"
_LINES = {"train": "train", "validation": "validation"}
_HOLDOUT = "holdout/holdout.jsonl"
_SUMMARY = "summary/prepare.json"
_SHOWN = 80


def main(argv: Sequence[str] | None = None) -> None:
    """Run the step. Exits with 1 and a message if the script fails, or wrote something else."""
    options = _options(argv)
    with reported(options.message):
        digests.require_data(options.data, os.environ.get("DATA_SHA256", digests.NONE))
        config = json.loads(options.config.read_text(encoding="utf-8"))
        run(config, options.config, options.data, options.output)
        summary = check(config, options.output)
        path = options.output / _SUMMARY
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        print("Prepared " + ", ".join(f"{name} {part['rows']}" for name, part in summary["splits"].items()))


def run(config: Mapping[str, Any], config_path: Path, data: Path, output: Path) -> None:
    """Run the script. Raises StepError with its last line when it fails."""
    home = config_path.parent
    name = f"{FOLDER}/{config['script']}.py"
    command = [sys.executable, str(home / name), "--config", str(config_path), "--data", str(data)]
    command += ["--output", str(output)]
    for option, value in config["arguments"].items():
        command += [f"--{option}", str(value).lower() if isinstance(value, bool) else str(value)]
    for folder in ("train", "validation", "holdout", "summary"):
        (output / folder).mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ, PYTHONPATH=str(home))
    last = "it said nothing"
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None  # piped
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    if process.returncode:
        raise StepError(
            f"{name} failed with exit code {process.returncode}: {last} The job's log has all that it said."
        )


def check(config: Mapping[str, Any], output: Path) -> dict[str, Any]:
    """The summary of what the script wrote. Raises StepError naming the file and the line that is none of ours."""
    names, several = config["labels"]["names"], bool(config["labels"]["multi"])
    splits = {
        split: _counted(split, _labelled(output / folder), names, several) for split, folder in _LINES.items()
    }
    splits["test"] = _counted("holdout", _examples(output / _HOLDOUT), names, several)
    used = sum(part["rows"] for part in splits.values())
    stated = _stated(output / _SUMMARY)
    dropped = stated.get("dropped", {})
    return {
        "rows": stated.get("rows", used + sum(part["count"] for part in dropped.values())),
        "used": used,
        "dropped": dropped,
        "splits": splits,
        "rebalanced": None,
        "notes": list(stated.get("notes", [])),
        "seconds": stated.get("seconds", 0.0),
        "workers": 1,
    }


def _counted(
    split: str, examples: Iterator[tuple[str, list[str]]], names: Sequence[str], several: bool
) -> dict[str, Any]:
    rows = 0
    counts: Counter[str] = Counter()
    for where, labels in examples:
        strange = [label for label in labels if label not in names]
        if strange:
            raise StepError(
                f"{where} has the label {strange[0]!r}, which the recipe does not know. Its labels: {', '.join(names)}."
            )
        if not labels or (len(labels) > 1 and not several):
            raise StepError(
                f"{where} has {len(labels)} labels; the recipe gives each text {'one or more' if several else 'exactly one'}."
            )
        rows += 1
        counts.update(labels)
    if not rows:
        raise StepError(
            f"The script wrote no example for {split}; each of train, validation and holdout needs some."
        )
    return {"rows": rows, "labels": dict(counts)}


def _labelled(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The labels of each line of a split for training, and where it stands."""
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        for where, line in _numbered(path):
            words = line.split()
            yield where, [word[len(_PREFIX) :] for word in words if word.startswith(_PREFIX)]


def _examples(path: Path) -> Iterator[tuple[str, list[str]]]:
    if not path.is_file():
        raise StepError(f'The script wrote no {path}: one {{"text": ..., "labels": [...]}} a line.')
    for where, line in _numbered(path):
        try:
            example = json.loads(line)
            text, labels = example["text"], example["labels"]
        except (ValueError, KeyError, TypeError) as error:
            shown = line.strip()[:_SHOWN]
            raise StepError(f'{where} is not {{"text": ..., "labels": [...]}}: {shown!r}.') from error
        if not isinstance(text, str) or not isinstance(labels, list):
            raise StepError(f"{where} has a text that is not a string, or labels that are not a list.")
        strange = [label for label in labels if not isinstance(label, str)]
        if strange:
            raise StepError(
                f"{where} has the label {json.dumps(strange[0])}. Expected: a label's name in quotes."
            )
        yield where, labels


def _numbered(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                yield f"{path}, line {number}", line
    except UnicodeDecodeError as error:
        raise StepError(f"{path} is not UTF-8: {error}.") from error


def _stated(path: Path) -> dict[str, Any]:
    """What the script says itself of its work: {} where it wrote no summary."""
    if not path.is_file():
        return {}
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
        for reason, part in stated.get("dropped", {}).items():
            stated["dropped"][reason] = {"first_rows": [], "values": [], **part, "count": int(part["count"])}
        if "rows" in stated:
            stated["rows"] = int(stated["rows"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StepError(
            f'{path} is not a summary ({type(error).__name__}: {error}): expected {{"rows": 10, "dropped": {{"reason": '
            '{"count": 1}}}, or no file.'
        ) from error
    return dict(stated)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    root = Path("/opt/ml/processing")
    parser.add_argument("--config", type=Path, default=root / "input/code/prepare.json")
    parser.add_argument("--data", type=Path, default=root / "input/data")
    parser.add_argument("--output", type=Path, default=root / "output")
    parser.add_argument("--message", type=Path, default=Path(MESSAGE_FILE))
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
