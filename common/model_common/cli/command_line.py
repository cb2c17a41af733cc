"""The common behaviour of all command lines: results on stdout, errors on stderr as one message and an exit code."""

from __future__ import annotations

import errno
import gc
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from model_common.cli.advice import Advice
from model_common.errors import CommandError
from model_common.repository import nearest

INTERRUPTED = 130
CLOSED_PIPE = 141
"""The exit code of a command that a closed pipe ended, as shells report it: 128 plus the number of SIGPIPE."""

_NEW_OBJECTS = 50_000
"""Objects that are made before Python looks for garbage among them."""


def _print_version(context: typer.Context, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        name = str(context.command.name)
        typer.echo(f"{name} {version(name)}")
        raise typer.Exit()


def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None: ...


def application(name: str, help: str, epilog: str) -> typer.Typer:
    """A command line to which commands are added. `name` is also the name of the package that it is a part of.

    `--version` prints that package's version. `-h` is short for `--help`, in every command. `--install-completion` makes
    the shell complete commands, options and names.
    """
    app = typer.Typer(
        name=name,
        help=help,
        epilog=epilog,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    app.callback()(_root)
    return app


def start(app: typer.Typer) -> None:
    """Run a command line as a console script: it ends the process.

    What a command imports stays. At Python's own threshold, 700 objects, the collector of garbage searches all of it several
    times, which takes a fifth of the time that a pipeline's definition takes.
    """
    gc.set_threshold(_NEW_OBJECTS)
    app()


def names_in(folder: str) -> Callable[[str], list[str]]:
    """The completions for the name of a file NAME.yaml in the nearest `folder` upwards; none if there is no such folder."""

    def offered(begun: str) -> list[str]:
        root = nearest(Path.cwd(), folder)
        names = sorted(path.stem for path in (root / folder).glob("*.yaml")) if root else []
        return [name for name in names if name.startswith(begun)]

    return offered


def print_result(result: Any) -> None:
    """Print a result on stdout: a mapping as one JSON object, anything else as lines of text."""
    if isinstance(result, dict):
        typer.echo(json.dumps(result, indent=2))
    else:
        for line in result:
            typer.echo(line)


def confirmed(question: str) -> bool:
    """Whether somebody answers the question with yes. Where nobody can answer it, nobody did."""
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        typer.echo(err=True)
        return False


@contextmanager
def reported(verbose: bool, advice: Advice, note: Callable[[str], None] | None = None) -> Iterator[None]:
    """Turn an error into one message on stderr and its exit code.

    `note` is given the message, too, for a job's summary. With `verbose` the traceback is printed first.
    """
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Interrupted. What runs on AWS goes on; the same command re-attaches to it.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except (typer.Abort, typer.Exit):
        raise
    except BrokenPipeError:
        _discard_output()
        raise typer.Exit(CLOSED_PIPE) from None
    except Exception as error:
        if verbose:
            traceback.print_exc()
        message, exit_code = _described(error, verbose, advice)
        if note is not None:
            note(f"error: {message}")
        typer.echo(f"error: {message}", err=True)
        raise typer.Exit(exit_code) from error


def _described(error: Exception, verbose: bool, advice: Advice) -> tuple[str, int]:
    if isinstance(error, CommandError):
        return error.message, error.exit_code
    explained = _explained(error, advice)
    if explained is not None:
        return explained.message, explained.exit_code
    if isinstance(error, OSError) and error.strerror:
        return _of_the_system(error), CommandError.exit_code
    hint = "" if verbose else " Run with --verbose to see where, and please report it."
    return f"{type(error).__name__}: {error}.{hint}", CommandError.exit_code


def _explained(error: Exception, advice: Advice) -> CommandError | None:
    # Imported here because only commands that called AWS need it, and have loaded it.
    if "botocore" not in sys.modules:
        return None
    from model_common.aws.errors import explain

    return explain(error, advice)


def _of_the_system(error: OSError) -> str:
    """The message of an OSError: a full disk, a folder without write permission, a port in use."""
    where = f" ({error.filename})" if error.filename else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk is full{where}. Make room, and run the same command again."
        case errno.EADDRINUSE:
            return f"The port is taken{where}. Stop what uses it, or choose another one."
        case _:
            return f"{error.strerror}{where}."


def _discard_output() -> None:
    """Discard buffered output. Without this, Python reports the closed pipe at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
