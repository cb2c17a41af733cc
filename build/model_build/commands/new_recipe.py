"""`model-build new-recipe`: a first recipe for data that none describes yet. Looks, asks what it cannot see, and writes a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from model_build.errors import DataError, UsageError
from model_build.recipe import Recipe, proposal, sample
from model_build.recipe.proposal import Proposal
from model_build.recipe.recipe import RecipeName

_NAME: TypeAdapter[str] = TypeAdapter(RecipeName)

Ask = Callable[[str, Sequence[str]], str]
"""Asks a question with the possible answers, and returns one of them. Raises UsageError where nobody can be asked."""


def make(
    folder: Path, source: Path, name: str | None, text: str | None, labels: Sequence[str], ask: Ask
) -> tuple[Path, Proposal]:
    """Write `folder/NAME.yaml` for the file `source`, and say what it rests on.

    `name` is the file's own unless stated. Raises UsageError when the recipe exists already, DataError when the data shows no
    text or no label.
    """
    called = named_after(source) if name is None else _checked(name)
    path = folder / f"{called}.yaml"
    _check_free(path)
    seen = sample.read(source)
    if seen.format != "fasttext":
        text = text or _text(seen, ask)
        labels = labels or _labels(seen, text, ask)
    made = proposal.propose(seen, called, text, labels)
    written = {path: made.text}
    if made.names:
        names = folder / proposal.names_file(called)
        _check_free(names)
        written[names] = "\n".join(made.names) + "\n"
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
    return re.sub("^((pr|merged)-)+", "", stem) or "recipe"


def _checked(name: str) -> str:
    try:
        return str(_NAME.validate_python(name))
    except ValidationError as error:
        raise UsageError(f"--name: {error.errors()[0]['msg']}.") from error


def _check_free(path: Path) -> None:
    if path.exists():
        raise UsageError(
            f"{path} exists already. Give the new recipe another name with --name, or remove the file."
        )


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
