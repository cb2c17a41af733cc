"""The `project-template` command: seed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from project_template import seed as seeds
from project_template.errors import ProjectTemplateError

app = typer.Typer(
    help="The SageMaker Projects template: what it pours into a project's repositories.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def project_template() -> None:
    """Keeps `seed` a command of its own: an app of one command would lose its name."""


@app.command()
def seed(
    repository: Annotated[Literal["build"], typer.Argument(help="The repository to pour.")],
    to: Annotated[Path, typer.Option(help="An empty folder, or one that does not exist yet.")],
) -> None:
    """Pour a repository as it is given to a project into a folder."""
    poured = seeds.pour(seeds.REPOSITORIES[repository], to)
    typer.echo(f"Poured {len(poured)} files into {to}.", err=True)


def main() -> None:
    """Run the command line; turn this package's errors into a message and their exit code."""
    try:
        app()
    except ProjectTemplateError as error:
        typer.echo(f"project-template: {error}", err=True)
        sys.exit(error.exit_code)
