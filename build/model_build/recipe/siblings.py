"""Recipes of one problem, which must have equal labels, label rules and splits."""

from __future__ import annotations

from pathlib import Path

from model_build.errors import RecipeError
from model_build.recipe.recipe import Recipe


def check(recipe: Recipe, folder: Path) -> None:
    """Compare `recipe` with the other recipes of its problem in `folder`.

    Their models are compared on one holdout, so labels, label rules and split must be equal. Raises RecipeError with
    the keys that differ. A recipe that cannot be read is ignored.
    """
    for path in sorted(folder.glob("*.yaml")):
        try:
            other = Recipe.load(path)
        except RecipeError:
            continue
        if other.name == recipe.name or other.problem_name != recipe.problem_name:
            continue
        differences = _differences(recipe, other)
        if differences:
            raise RecipeError(
                f"The recipes {recipe.name} and {other.name} ({path}) are of the problem {recipe.problem_name} and differ: "
                f"{'; '.join(differences)}. Models of one problem are measured on one holdout: make these keys equal, or "
                "give one of the recipes another problem."
            )


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
