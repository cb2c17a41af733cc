"""The serving contract of a model: its labels, and the rules that turn a text into tokens."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import digests
from failure import StepError
from prediction.serving import LIKE_BLAZINGTEXT, Serving

VERSIONS = (1, 2)
DESCRIPTION_FILE, RULES_FILE = "contract.json", "text_rules.py"


@dataclass(frozen=True)
class Contract:
    """`thresholds` are the probabilities from which labels are given; None where a text has one label.

    `serving` is the format of requests and answers.
    """

    labels: tuple[str, ...]
    multi_label: bool
    thresholds: Mapping[str, float] | None
    text_rules: Mapping[str, Any]
    tokenise: Callable[[str, Mapping[str, Any]], str]
    serving: Serving = LIKE_BLAZINGTEXT

    def tokens(self, text: str) -> str:
        """The line that the model reads: space-separated tokens, in valid Unicode, never a newline."""
        line = self.tokenise(text, self.text_rules).replace("\n", " ").strip()
        return line.encode("utf-8", "replace").decode("utf-8")


def load(folder: Path, sha256: str, owner: str) -> Contract:
    """Read `contract.json` and import the `text_rules.py` beside it, whatever others are imported already.

    Nothing is parsed or imported before the folder's hash is `sha256`, as the model's package has it. `owner` says in messages
    whose contract it is. Raises StepError when it has another hash, or a file is missing or cannot be used.
    """
    found = digests.of_folder(folder) if folder.is_dir() else ""
    if found and found != sha256:
        raise StepError(
            f"The {owner}'s contract was changed after it was written: {folder} has the hash {found}, expected {sha256}. "
            "None of it was used. Find out who wrote to its place in S3, delete what was written, and run again."
        )
    description = _description(folder / DESCRIPTION_FILE, owner)
    try:
        if description["version"] not in VERSIONS:
            raise StepError(
                f"The {owner}'s contract has version {description['version']}; this step reads the versions "
                f"{' and '.join(map(str, VERSIONS))}. Run the pipeline of the commit that the contract comes from."
            )
        return Contract(
            labels=tuple(description["labels"]),
            multi_label=bool(description["multi_label"]),
            thresholds=_thresholds(description),
            text_rules=description["text_rules"],
            tokenise=_tokenise(folder / RULES_FILE, owner),
            serving=Serving.parse(description),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StepError(
            f"The {owner}'s {DESCRIPTION_FILE} is not a contract ({type(error).__name__}: {error}): it needs version, "
            "labels, multi_label, text_rules, and threshold (version 1) or thresholds and serving (version 2)."
        ) from error


def with_thresholds(folder: Path, thresholds: Mapping[str, float], target: Path) -> str:
    """Write the contract of `folder` with other thresholds to the folder `target`; returns the hash of what was written."""
    target.mkdir(parents=True, exist_ok=True)
    description = json.loads((folder / DESCRIPTION_FILE).read_text(encoding="utf-8"))
    description["thresholds"] = dict(thresholds)
    text = json.dumps(description, sort_keys=True, indent=2) + "\n"
    (target / DESCRIPTION_FILE).write_text(text, encoding="utf-8")
    (target / RULES_FILE).write_bytes((folder / RULES_FILE).read_bytes())
    return digests.of_folder(target)


def _thresholds(description: Mapping[str, Any]) -> dict[str, float] | None:
    if not description["multi_label"]:
        return None
    if description["version"] == 1:
        return dict.fromkeys(description["labels"], float(description["threshold"]))
    return {label: float(description["thresholds"][label]) for label in description["labels"]}


def _description(path: Path, owner: str) -> Mapping[str, Any]:
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StepError(
            f"The {owner} has no contract: there is no {path}. It is stored beside the model when a pipeline runs."
        ) from error
    except ValueError as error:
        raise StepError(f"The {owner}'s contract {path} is not JSON: {error}.") from error
    if not isinstance(description, dict):
        raise StepError(f"The {owner}'s contract {path} is not a JSON object.")
    return description


def _tokenise(path: Path, owner: str) -> Callable[[str, Mapping[str, Any]], str]:
    if not path.is_file():
        raise StepError(f"The {owner}'s contract is not complete: there is no {path}.")
    spec = importlib.util.spec_from_file_location(f"{path.stem}_of_the_{owner}", path)
    assert spec is not None and spec.loader is not None  # holds for every path that ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
        tokenise: Callable[[str, Mapping[str, Any]], str] = module.tokenise
    except Exception as error:
        raise StepError(
            f"The {owner}'s {path} cannot be used ({type(error).__name__}: {error}): it needs a tokenise(text, rules)."
        ) from error
    return tokenise
