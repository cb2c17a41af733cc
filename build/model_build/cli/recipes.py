"""The commands that look at data before anything is trained: check-data and new-recipe."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import click
import typer

from model_build.cli.options import ADVICE, Json, RecipeName, Root, Verbose, rooted
from model_build.errors import UsageError
from model_common.cli.command_line import print_result, reported


def check_data(
    file: Annotated[Path, typer.Argument(help="A file, or a folder with the files of one data set.")],
    root: Root = None,
    recipe: RecipeName = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show what Prepare would say about a file: rows, labels, splits, what is dropped and why. Needs no account."""
    with reported(verbose, ADVICE):
        from model_build import workspace
        from model_build.commands import check_data
        from model_build.errors import DataError

        home, loaded = workspace.find(root, recipe)
        checked = check_data.check(home / "steps", loaded, file)
        named = f" --recipe {shlex.quote(recipe)}" if recipe is not None else ""
        command = f"model-build run{named}{rooted(root)} --data {shlex.quote(str(file))}"
        print_result(check_data.document(checked) if as_json else check_data.lines(checked, command))
        if checked.problem is not None:
            raise DataError(checked.problem)


def new_recipe(
    file: Annotated[Path, typer.Argument(help="A file of the data that the recipe is for.")],
    name: Annotated[
        str | None, typer.Option("--name", help="The recipe's name; by default after the file.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="The column that holds the text.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", help="The column that holds the label; again for one column for each label."),
    ] = None,
    root: Root = None,
    verbose: Verbose = False,
) -> None:
    """Look at data and write a first recipe for it; asks what the data does not show. Needs no account."""
    with reported(verbose, ADVICE):
        from model_build import workspace
        from model_build.commands import new_recipe

        home = workspace.find_root(Path.cwd()) if root is None else root
        path, made = new_recipe.make(home / workspace.RECIPES, file, name, text, label or (), _choice)
        print_result(
            [
                f"{path} is written.",
                *made.notes,
                f"Next: model-build check-data --recipe {path.stem}{rooted(root)} {shlex.quote(str(file))}",
            ]
        )


def _choice(question: str, answers: Sequence[str]) -> str:
    """One of the answers, asked at the terminal. Raises UsageError where there is none."""
    words, _, option = question.partition(" --")
    if not sys.stdin.isatty():
        raise UsageError(f"{words} Several may: {', '.join(answers)}. Say which with --{option}.")
    return str(typer.prompt(words, default=answers[0], type=click.Choice(list(answers)), err=True))
