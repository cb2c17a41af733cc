"""What every command of the command line does alike: its options' pairs, its result on stdout, its errors as exit codes."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from project_template.errors import ProjectTemplateError, UsageError

INTERRUPTED = 130


def pairs(given: list[str] | None) -> dict[str, str]:
    """KEY=VALUE options as a mapping. Raises UsageError."""
    found = {}
    for pair in given or ():
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"--parameter is {pair!r}; expected KEY=VALUE.")
        found[key] = value
    return found


def show(result: Any) -> None:
    """A JSON object, or lines of text, on stdout."""
    if isinstance(result, dict):
        typer.echo(json.dumps(result, indent=2))
    else:
        for line in result:
            typer.echo(line)


@contextmanager
def reported(verbose: bool) -> Iterator[None]:
    """Turn an error into one message on stderr and its exit code."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Interrupted. What runs on AWS goes on; the same command re-attaches to it.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except typer.Abort:
        raise
    except Exception as error:
        if verbose:
            traceback.print_exc()
        known = error if isinstance(error, ProjectTemplateError) else _explained(error)
        if known is None:
            hint = "" if verbose else " Run with --verbose to see where, and please report it."
            typer.echo(f"error: {type(error).__name__}: {error}.{hint}", err=True)
            raise typer.Exit(ProjectTemplateError.exit_code) from error
        typer.echo(f"error: {known.message}", err=True)
        raise typer.Exit(known.exit_code) from error


def _explained(error: Exception) -> ProjectTemplateError | None:
    # Imported only when AWS was called, so when it is loaded anyway.
    if "project_template.aws" not in sys.modules:
        return None
    from project_template.aws import explain

    return explain(error)
