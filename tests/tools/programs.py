"""The command lines of the programs, as they are parsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import typer
from typer.exceptions import TyperException

from local_aws import cli as local_aws
from model_build import cli as model_build
from model_deploy import cli as model_deploy
from project_template import cli as project_template

APPS = {
    "model-build": model_build.app,
    "model-deploy": model_deploy.app,
    "project-template": project_template.app,
    "local-aws": local_aws.app,
}
PARSERS: dict[str, Any] = {name: typer.main.get_command(app) for name, app in APPS.items()}


def command_of(program: str, name: str) -> Any:
    """The command of that name, None where the program has none."""
    return PARSERS[program].commands.get(name)


def check(words: Sequence[str], *, whole: bool = False) -> None:
    """Raises click.UsageError where the program does not take the words; where they are not `whole`, for a name alone."""
    program, *rest = words
    if not rest or rest[0].startswith("-"):
        return
    command = command_of(program, rest[0])
    if command is None:
        raise click.UsageError(f"{program} has no command {rest[0]}")
    given = rest[1:]
    if "--" in given:
        inner = given[given.index("--") + 1 :]
        if inner and inner[0] in PARSERS:
            check(inner, whole=whole)
    if whole and given:
        # What a command asks for besides is not missing where only its name is given.
        try:
            command.make_context(rest[0], list(given))
        except TyperException as error:
            raise click.UsageError(f"{program} {rest[0]}: {error}") from error
        return
    options = {option: each for each in command.params for option in each.opts}
    for word in given[: given.index("--")] if "--" in given else given:
        if word.startswith("--") and word.partition("=")[0] not in options:
            raise click.UsageError(f"{program} {rest[0]} has no option {word}")
