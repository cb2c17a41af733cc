"""`model-build new-recipe`: a first recipe for data that none describes yet. Looks, asks what it cannot see, and writes a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from model_build.errors import DataError, UsageError
from model_build.recipe import Recipe, proposal, sample
from model_build.recipe.proposal import Proposal

Ask = Callable[[str, Sequence[str]], str]
"""Asks a question with the possible answers, and returns one of them. Raises UsageError where nobody can be asked."""


def make(
    folder: Path, source: Path, name: str | None, text: str | None, labels: Sequence[str], ask: Ask
) -> tuple[Path, Proposal]:
    """Write `folder/NAME.yaml` for the file `source`, and say what it rests on.

    `name` is the file's own unless stated. Raises UsageError when the recipe exists already, DataError when the data shows no
    text or no label.
    """
    seen = sample.read(source)
    called = name or named_after(source)
    path = folder / f"{called}.yaml"
    if path.exists():
        raise UsageError(
            f"{path} exists already. Give the new recipe another name with --name, or remove the file."
        )
    if seen.format != "fasttext":
        text = text or _text(seen, ask)
        labels = labels or _labels(seen, text, ask)
    made = proposal.propose(seen, called, text, labels)
    written = {path: made.text}
    if made.names:
        written[folder / proposal.names_file(called)] = "\n".join(made.names) + "\n"
    try:
        for file, content in written.items():
            file.write_text(content, encoding="utf-8")
        Recipe.load(path)
    except (UsageError, OSError):  # a full disk leaves half a file
        for file in written:
            file.unlink(missing_ok=True)
        raise
    return path, made


def named_after(source: Path) -> str:
    """The name of a recipe for a file: its own, as far as a recipe may be called that."""
    stem = re.sub(r"[^a-z0-9]+", "-", source.name.partition(".")[0].lower()).strip("-")[:63].strip("-")
    return stem.removeprefix("pr-") or "recipe"


def _text(seen: sample.Sample, ask: Ask) -> str:
    found = proposal.text_columns(seen)
    if not found:
        shown = ", ".join(column.name for column in seen.columns)
        raise DataError(f"No column looks like text: {shown}. Name it with --text.")
    return found[0] if len(found) == 1 else ask("Which column holds the text? --text", found)


def _labels(seen: sample.Sample, text: str, ask: Ask) -> list[str]:
    found = proposal.label_columns(seen, text)
    if not found:
        shown = ", ".join(column.name for column in seen.columns if column.name != text)
        raise DataError(
            f"No column looks like a label, with a few values that come again and again: {shown or 'there is no other'}. Name it "
            "with --label."
        )
    return proposal.chosen(seen, found) or [ask("Which column holds the label? --label", found)]
