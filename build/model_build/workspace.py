"""The workspace of a command: the repository's root, a recipe, the settings and the clients."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from model_build.aws.clients import Aws, connect
from model_build.core.settings import Settings
from model_build.errors import UsageError
from model_build.recipe import Recipe, same_problem
from model_common.repository import nearest

RECIPES = "recipes"


@dataclass(frozen=True)
class Workspace:
    """A recipe with its repository and project.

    `settings` are those of the command; `project` are the project's, which differ from them in a pull request.
    `options` are the command line's options that chose root and recipe. `blueprints` are those that the command has made
    (`model_build.run.blueprint.of`).
    """

    root: Path
    recipe: Recipe
    settings: Settings
    project: Settings
    aws: Aws
    options: tuple[str, ...] = ()
    blueprints: dict[Settings, Any] = field(default_factory=dict, compare=False, repr=False)

    def command(self, *words: str) -> str:
        """A `model-build` command that works in the same workspace, to be pasted into the same shell."""
        return shlex.join(["model-build", *words, *self.options])

    def for_merged(self) -> Workspace:
        """The same, for the pipeline that registers what a merged pull request trained."""
        return replace(self, settings=self.settings.for_merged())

    @property
    def pipeline(self) -> str:
        """The name of the recipe's pipeline."""
        return self.settings.pipeline_name(self.recipe.name)

    @property
    def permanent_pipeline(self) -> str:
        """The name of the project's own pipeline of the recipe, which a pull request does not change."""
        return self.project.pipeline_name(self.recipe.name)

    @property
    def steps(self) -> Path:
        """The folder of the scripts that run inside the jobs."""
        return self.root / "steps"

    def check_problem(self) -> None:
        """Raises RecipeError if another recipe of the same problem has other labels, label rules or splits."""
        same_problem.check(self.recipe, self.root / RECIPES)


def enter(root: Path | None, recipe: str | None, pull_request: int | None = None) -> Workspace:
    """The workspace at `root`, or around the current folder, with the recipe of that name or path.

    With a pull request's number, the workspace is limited to that pull request's pipelines and prefix.

    Raises UsageError (RecipeError, SettingsError) when a part of it is missing.
    """
    found, loaded = find(root, recipe)
    project = Settings.load(os.environ)
    settings = project if pull_request is None else project.for_pull_request(pull_request, os.environ)
    given = {"--root": root, "--recipe": recipe, "--pull-request": pull_request}
    options = tuple(word for name, value in given.items() if value is not None for word in (name, str(value)))
    return Workspace(found, loaded, settings, project, connect(settings.region), options)


def find(root: Path | None, recipe: str | None) -> tuple[Path, Recipe]:
    """The repository at `root`, or around the current folder, and its recipe of that name or path.

    Raises UsageError (RecipeError) when one of them is missing.
    """
    found = find_root(Path.cwd()) if root is None else root
    return found, Recipe.load(find_recipe(found, recipe))


def find_root(start: Path) -> Path:
    """The nearest of `start` and its parents that has recipes. Raises UsageError when none has."""
    found = nearest(start, RECIPES)
    if found is not None:
        return found
    raise UsageError(
        f"There is no folder {RECIPES}/ in {start} or above it. Change to the model-build repository, or name it with "
        "--root."
    )


def find_recipe(root: Path, name: str | None) -> Path:
    """The file of the recipe `name`: a name, a path, or None for the only one there is. Raises UsageError."""
    if name is not None and name.endswith((".yaml", ".yml")):
        return Path(name)
    found = {path.stem: path for path in sorted((root / RECIPES).glob("*.yaml"))}
    names = ", ".join(found)
    if not found:
        raise UsageError(f"There is no recipe in {root / RECIPES}: expected a file NAME.yaml.")
    if name is None and len(found) > 1:
        raise UsageError(
            f"{root / RECIPES} has several recipes; say which with --recipe, or the variable RECIPE: {names}."
        )
    if name is not None and name not in found:
        raise UsageError(f"There is no recipe {name} in {root / RECIPES}; there is {names}.")
    return found[name] if name is not None else next(iter(found.values()))
