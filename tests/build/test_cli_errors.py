"""How `model-build` ends: every error by the exit code that `errors` draws, every wrong option by a usage error."""

import inspect
import re

import pytest
from typer.testing import CliRunner

from model_build import errors, workspace
from model_build.cli import app

EXIT_CODES = {
    name: int(code)
    for name, code in re.findall(r"(\w+Error) +(\d)  ", inspect.getdoc(errors) or "", flags=re.MULTILINE)
}


@pytest.fixture
def run(monkeypatch):
    """A function that runs a command."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_each_exit_code_has_an_error():
    assert set(EXIT_CODES.values()) == {1, 2, 3, 5}
    assert EXIT_CODES.keys() == set(errors.__all__) - {"ConfigurationError"}


@pytest.mark.parametrize("name", EXIT_CODES)
def test_an_error_is_one_message_on_stderr_and_its_exit_code(run, monkeypatch, name):
    kind = getattr(errors, name)
    error = kind("Train", "what happened") if name == "StepFailedError" else kind("what happened")

    def fail(*_):
        raise error

    monkeypatch.setattr(workspace, "enter", fail)
    result = run("status")

    assert (result.exit_code, result.stdout) == (EXIT_CODES[name], "")
    assert "error: " in result.stderr and "what happened" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["dance"], "No such command 'dance'"),
        (["status", "--loud"], "No such option: --loud"),
        (["plan", "extra"], "unexpected extra argument"),
        (["run", "--timeout", "0"], "'--timeout'"),
        (["run", "--timeout", "soon"], "'--timeout': Input should be a valid number"),
        (["run", "--minimum", "much"], "'--minimum': Input should be a valid number"),
        (["logs"], "Missing option '--step'"),
        (["approve"], "Missing argument 'VERSION'"),
        (["reject", "7"], "Missing option '--why'"),
        (["check-data"], "Missing argument"),
        (["comment", "--pull-request", "none"], "Input should be a valid integer"),
        (["report", "--summary"], "GITHUB_STEP_SUMMARY"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error_that_names_it(run, arguments, problem):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert problem in " ".join(re.sub(r"[│╭╮╰╯─]", " ", result.stderr).split())
