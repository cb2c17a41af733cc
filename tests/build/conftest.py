"""Where the repository is (here its tests are `tests/build`, once poured they are `tests`), and a way to prepare data."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import prepare
from failure import StepError
from model_build.recipe import Recipe


@pytest.fixture(scope="session")
def repository() -> Path:
    """The build repository's root: the nearest folder above that holds the recipes, or a `build` that does."""
    for folder in Path(__file__).resolve().parents:
        for root in (folder, folder / "build"):
            if (root / "recipes").is_dir():
                return root
    raise FileNotFoundError("no recipes above the tests")


@dataclass(frozen=True)
class Prepared:
    """What the Prepare step wrote: the lines of the splits, and its summary."""

    train: list[str]
    validation: list[str]
    holdout: list[dict[str, Any]]
    summary: dict[str, Any]
    folder: Path

    @property
    def lines(self) -> list[str]:
        """All examples that are not in the holdout, with the surplus spaces taken out."""
        return [" ".join(line.split()) for line in self.train + self.validation]

    @property
    def dropped(self) -> dict[str, Any]:
        """The reasons for which rows were dropped, without the values that stand there."""
        return {
            reason: {"count": part["count"], "first_rows": part["first_rows"]}
            for reason, part in self.summary["dropped"].items()
        }

    @property
    def bytes(self) -> bytes:
        """Everything but the summary."""
        return b"".join((self.folder / file).read_bytes() for file in FILES)


TWO_LABELS = "data: {format: csv, text: text, label: label}\nlabels: {names: [neg, pos]}\n"
FILES = ("train/train.txt", "validation/validation.txt", "holdout/holdout.jsonl")


@pytest.fixture
def prepared(tmp_path: Path) -> Callable[..., Prepared]:
    """Prepares `data` (a file, or the content of one) by the `data`, `labels` and other keys of a recipe in YAML."""
    runs = iter(range(100))

    def run(data: Path | str | bytes, recipe: str, workers: int | None = None) -> Prepared:
        number = next(runs)
        if not isinstance(data, Path):
            content = data if isinstance(data, bytes) else data.encode("utf-8")
            data = tmp_path / f"data-{number}.txt"
            data.write_bytes(content)
        document = {"name": "test", "gate": {"minimum": 0}, **yaml.safe_load(recipe)}
        folder = tmp_path / f"output-{number}"
        prepare.prepare(Recipe.parse(document, Path("test.yaml")).prepare_config(), data, folder, workers)
        train, validation, holdout = (
            (folder / file).read_text(encoding="utf-8").split("\n")[:-1] for file in FILES
        )
        summary = json.loads((folder / "summary" / "prepare.json").read_text(encoding="utf-8"))
        return Prepared(train, validation, [json.loads(line) for line in holdout], summary, folder)

    return run


@pytest.fixture
def refusal(prepared: Callable[..., Prepared]) -> Callable[..., str]:
    """The reason for which data is refused; by default under a recipe for a csv file with two labels."""

    def refusal(data: Path | str | bytes, recipe: str = TWO_LABELS, workers: int | None = None) -> str:
        with pytest.raises(StepError) as caught:
            prepared(data, recipe, workers)
        return str(caught.value)

    return refusal
