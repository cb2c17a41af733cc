"""Recipes of one problem, which must have equal labels, label rules and splits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from model_build.errors import RecipeError
from model_build.recipe.recipe import Recipe
from model_build.recipe.training import Transformer


def check(recipe: Recipe, folder: Path) -> None:
    """Compare `recipe` with the other recipes of its problem in `folder`.

    Their models are compared on one holdout, so labels, label rules and split must be equal. Raises RecipeError with
    the keys that differ. A recipe that cannot be read is ignored.
    """
    for path, other in _siblings(recipe, folder):
        differences = _differences(recipe, other)
        if differences:
            raise RecipeError(
                f"The recipes {recipe.name} and {other.name} ({path}) are of the problem {recipe.problem_name} and differ: "
                f"{'; '.join(differences)}. Models of one problem are measured on one holdout: make these keys equal, or "
                "give one of the recipes another problem."
            )


def has_transformer(recipe: Recipe, folder: Path) -> bool:
    """Whether `recipe`, or another one of its problem in `folder`, trains a transformer, which may be the champion."""
    return isinstance(recipe.training, Transformer) or any(
        isinstance(other.training, Transformer) for _, other in _siblings(recipe, folder)
    )


def _siblings(recipe: Recipe, folder: Path) -> Iterator[tuple[Path, Recipe]]:
    for path in sorted(folder.glob("*.yaml")):
        try:
            other = Recipe.load(path)
        except RecipeError:
            continue
        if other.name != recipe.name and other.problem_name == recipe.problem_name:
            yield path, other


def _differences(one: Recipe, other: Recipe) -> list[str]:
    found = []
    for key in ("names", "multi", "none", "rules"):
        mine, theirs = getattr(one.labels, key), getattr(other.labels, key)
        if mine != theirs:
            found.append(
                f"labels.{key}" if key == "rules" else f"labels.{key} is {_shown(mine)} and {_shown(theirs)}"
            )
    if one.split != other.split:
        found.append(f"split is {_shown(one.split)} and {_shown(other.split)}")
    return found


def _shown(value: object) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text if len(text) <= 120 else text[:117] + "..."
