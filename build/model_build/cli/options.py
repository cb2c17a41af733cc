"""The options that several commands have, and what is done with their values."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from model_build.errors import UsageError
from model_common.cli.advice import Advice
from model_common.cli.command_line import names_in

ADVICE = Advice(work="A pipeline that was started")

Root = Annotated[
    Path | None,
    typer.Option(
        "--root", help="The folder that holds recipes/ and steps/; by default the nearest one upwards."
    ),
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        envvar="RECIPE",
        help="The recipe's name or file; by default the only one there is.",
        autocompletion=names_in("recipes"),
    ),
]
DataSource = Annotated[
    str | None,
    typer.Option(
        "--data", envvar="TRAINING_DATA", help="A local file, uploaded under its hash, or an s3:// URI."
    ),
]
ExecutionId = Annotated[
    str | None, typer.Option("--execution", help="The id or ARN of an execution; by default the latest.")
]
PullRequest = Annotated[
    int | None,
    typer.Option(
        "--pull-request",
        envvar="PULL_REQUEST_NUMBER",
        min=1,
        metavar="NUMBER",
        help="Work in the pull request's own pipeline and under pr/NUMBER/; nothing is registered.",
    ),
]
Summary = Annotated[
    bool, typer.Option("--summary", help="Also append the result to the summary of the GitHub Actions job.")
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else there.")
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show the traceback of an error.")]


def rooted(root: Path | None) -> str:
    """The option that names the same root, for a command that is to be pasted."""
    return f" --root {shlex.quote(str(root))}" if root is not None else ""


def number(pull_request: int | None) -> int:
    """The number of the pull request. Raises UsageError without one."""
    if pull_request is None:
        raise UsageError("Which pull request? Give --pull-request NUMBER, or set PULL_REQUEST_NUMBER.")
    return pull_request


def summariser(wanted: bool) -> Callable[[str], None]:
    """The function that writes a result's Markdown to the summary. Its target is checked before the work begins."""
    if not wanted:
        return lambda markdown: None
    from model_common.cli import summary

    summary.check(os.environ)
    return lambda markdown: summary.append(os.environ, markdown)
