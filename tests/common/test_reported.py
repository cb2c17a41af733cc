"""How a command ends: its exit code, one message on stderr, and the same message for whoever keeps it."""

import errno
import subprocess
import sys

import botocore.exceptions
import pytest
import typer

from model_common.cli.advice import Advice
from model_common.cli.command_line import print_result, reported
from model_common.errors import CommandError, RefusedError, TimedOutError, UsageError

ADVICE = Advice(work="A sale that was started")


@pytest.fixture
def ended(capsys):
    """Ends a command with an error; its exit code, what stands on stderr, and what was noted."""

    def ended(error, verbose=False):
        notes = []
        with pytest.raises(typer.Exit) as exit, reported(verbose, ADVICE, notes.append):
            raise error
        shown = capsys.readouterr()
        assert shown.out == ""
        return exit.value.exit_code, shown.err, notes

    return ended


@pytest.mark.parametrize(
    ("error", "code"),
    [(CommandError("a"), 1), (UsageError("a"), 2), (RefusedError("a"), 3), (TimedOutError("a"), 5)],
    ids=lambda value: type(value).__name__,
)
def test_an_error_of_a_command_is_its_message_and_its_code(ended, error, code):
    assert ended(error) == (code, "error: a\n", ["error: a"])


def test_a_command_that_succeeds_prints_nothing(capsys):
    with reported(False, ADVICE, pytest.fail):
        pass
    assert capsys.readouterr() == ("", "")


def test_an_error_of_aws_is_explained_with_the_commands_advice(ended):
    code, shown, _ = ended(botocore.exceptions.EndpointConnectionError(endpoint_url="https://x"))
    assert code == 1
    assert shown.startswith("error: https://x cannot be reached")
    assert "A sale that was started goes on by itself" in shown


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/tmp/x"),
            "The disk is full (/tmp/x). Make room, and run the same command again.",
        ),
        (
            OSError(errno.EDQUOT, "Disk quota exceeded"),
            "The disk is full. Make room, and run the same command again.",
        ),
        (
            OSError(errno.EADDRINUSE, "Address already in use"),
            "The port is taken. Stop what uses it, or choose another one.",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "report.md"), "Permission denied (report.md)."),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "x"), "Is a directory (x)."),
    ],
    ids=["full", "quota", "port", "permission", "folder"],
)
def test_an_error_of_the_system_is_told_in_words(ended, error, message):
    assert ended(error) == (1, f"error: {message}\n", [f"error: {message}"])


@pytest.mark.parametrize("error", [ValueError("no luck"), OSError("no luck"), KeyError("no luck")], ids=repr)
def test_a_bug_is_told_by_its_type_and_how_to_see_where(ended, error):
    code, shown, _ = ended(error)
    assert code == 1
    assert shown.startswith(f"error: {type(error).__name__}: {error}. Run with --verbose to see where")
    assert "Traceback" not in shown


def test_verbose_shows_where_and_the_message_once(ended):
    code, shown, notes = ended(ValueError("no luck"), verbose=True)
    assert code == 1
    assert shown.startswith("Traceback")
    assert shown.endswith("error: ValueError: no luck.\n")
    assert notes == ["error: ValueError: no luck."]


def test_an_interruption_says_that_aws_goes_on_and_is_not_noted(ended):
    code, shown, notes = ended(KeyboardInterrupt())
    assert (code, notes) == (130, [])
    assert shown == "Interrupted. What runs on AWS goes on; the same command re-attaches to it.\n"


@pytest.mark.parametrize("ending", [typer.Exit(7), typer.Abort()], ids=["an exit", "an abort"])
def test_what_ends_a_command_already_is_let_through(ending):
    with pytest.raises(type(ending)) as caught, reported(False, ADVICE, pytest.fail):
        raise ending
    assert caught.value is ending


def test_a_reader_that_closes_the_pipe_ends_the_command_quietly():
    script = (
        "from model_common.cli.advice import Advice\n"
        "from model_common.cli.command_line import application, print_result, reported\n"
        "app = application('shop', '', '')\n"
        "@app.command()\n"
        "def sell():\n"
        "    with reported(False, Advice()):\n"
        "        print_result(['line'] * 100_000)\n"
        "@app.command()\n"
        "def other(): ...\n"
        "app()\n"
    )
    command = subprocess.Popen(
        [sys.executable, "-c", script, "sell"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert command.stdout is not None and command.stderr is not None
    assert command.stdout.readline() == b"line\n"
    command.stdout.close()
    assert command.stderr.read() == b""
    command.stderr.close()
    assert command.wait(30) == 141


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ({"a": ["ü", None]}, '{\n  "a": [\n    "\\u00fc",\n    null\n  ]\n}\n'),
        ({}, "{}\n"),
        (["one", "", "two"], "one\n\ntwo\n"),
        ([], ""),
    ],
    ids=["an object", "an empty one", "lines", "no line"],
)
def test_a_result_is_one_object_or_lines(capsys, result, shown):
    print_result(result)
    assert capsys.readouterr() == (shown, "")
