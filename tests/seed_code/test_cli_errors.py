"""How `project-template` ends: every error by the exit code that `errors` draws, every wrong option by a usage error."""

import inspect
import re

import pytest
from typer.testing import CliRunner

from model_common.errors import CommandError
from project_template import errors
from project_template.aws import clients
from project_template.cli import app
from project_template.commands import create, update

EXIT_CODES = {
    name: int(code)
    for name, code in re.findall(r"(\w+Error) +(\d)  ", inspect.getdoc(errors) or "", flags=re.MULTILINE)
}


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_each_exit_code_has_an_error():
    assert set(EXIT_CODES.values()) == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("code", sorted(set(EXIT_CODES.values())))
def test_an_error_is_one_message_on_stderr_and_its_exit_code(run, monkeypatch, code):
    def fail(*_):
        error = CommandError("what happened")
        error.exit_code = code
        raise error

    monkeypatch.setattr(clients, "connect", fail)
    result = run("update", "team")

    assert (result.exit_code, result.stdout) == (code, "")
    assert "error: what happened" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", EXIT_CODES)
def test_an_error_has_the_exit_code_that_is_drawn(name):
    assert getattr(errors, name).exit_code == EXIT_CODES[name]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["dance"], "No such command 'dance'"),
        (["update"], "Missing argument 'NAME'"),
        (["update", "team", "extra"], "unexpected extra argument"),
        (["create", "team"], "Missing option '--github-org'"),
        (["create", "team", "--github-org", "acme", "--form", "both"], "'both' is not one of"),
        (["publish", "--form", "door"], "'door' is not one of"),
        (["publish", "--timeout", "0"], "'--timeout'"),
        (["teardown"], "Missing argument 'NAME'"),
        (["seed"], "Missing argument"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error_that_names_it(run, arguments, problem):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert problem in " ".join(re.sub(r"[│╭╮╰╯─]", " ", result.stderr).split())


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ((), {}),
        (("--trial-endpoint",), {"TrialEndpoint": "yes"}),
        (("--no-trial-endpoint",), {"TrialEndpoint": "no"}),
    ],
)
def test_trial_endpoints_are_switched_by_an_option_and_left_as_they_are_without(
    run, monkeypatch, options, asked
):
    requests = []

    def refuse(aws, request, console):
        requests.append(request.parameters)
        raise CommandError("enough")

    monkeypatch.setattr(clients, "connect", lambda region: None)
    for command in (create, update):
        monkeypatch.setattr(command, "run", refuse)
    run("update", "team", *options)
    run("create", "team", "--github-org", "acme", *options)
    assert requests == [asked, {"GitHubOwner": "acme"} | asked]
