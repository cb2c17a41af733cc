"""What every command starts from: the root of the repository, one of its recipes, the settings, the clients."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from model_build.aws import Aws, connect
from model_build.errors import UsageError
from model_build.recipe import Recipe
from model_build.settings import Settings

RECIPES = "recipes"


@dataclass(frozen=True)
class Workspace:
    """A recipe, where it lives, and the project that it is built in."""

    root: Path
    recipe: Recipe
    settings: Settings
    aws: Aws

    @property
    def pipeline(self) -> str:
        return self.settings.pipeline_name(self.recipe.name)

    @property
    def steps(self) -> Path:
        return self.root / "steps"


def enter(root: Path | None, recipe: str | None) -> Workspace:
    """The workspace at `root`, or around the current folder, with the recipe of that name or path.

    Raises UsageError (RecipeError, SettingsError) when a part of it is missing.
    """
    found = find_root(Path.cwd()) if root is None else root
    loaded = Recipe.load(find_recipe(found, recipe))
    settings = Settings.load(os.environ)
    return Workspace(found, loaded, settings, connect(settings.region))


def find_root(start: Path) -> Path:
    """The nearest of `start` and its parents that has recipes. Raises UsageError when none has."""
    for folder in (start, *start.parents):
        if (folder / RECIPES).is_dir():
            return folder
    raise UsageError(
        f"There is no folder {RECIPES}/ in {start} or above it. Change to the model-build repository, or name it with "
        "--root."
    )


def find_recipe(root: Path, name: str | None) -> Path:
    """The file of the recipe `name`: a name, a path, or None for the only one there is. Raises UsageError."""
    if name is not None and name.endswith((".yaml", ".yml")):
        return Path(name)
    found = {path.stem: path for path in sorted((root / RECIPES).glob("*.yaml"))}
    known = ", ".join(found)
    if not found:
        raise UsageError(f"There is no recipe in {root / RECIPES}: expected a file NAME.yaml.")
    if name is None and len(found) > 1:
        raise UsageError(f"{root / RECIPES} has several recipes; say which with --recipe: {known}.")
    if name is not None and name not in found:
        raise UsageError(f"There is no recipe {name} in {root / RECIPES}; there is {known}.")
    return found[name] if name is not None else next(iter(found.values()))
