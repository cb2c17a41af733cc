"""How each command refuses what it is given: exit code 2, nothing on stdout, and what to change on stderr."""

import os
import re

import pytest
import typer
from typer.testing import CliRunner

from model_build.cli import app

RECIPE = """
name: garments
data: {format: csv, text: Text, label: Rating}
labels: {names: ["1", "2"]}
gate: {minimum: 0.5}
"""
VARIABLES = {
    "SAGEMAKER_PROJECT_NAME": "shop",
    "SAGEMAKER_PROJECT_ID": "p-1",
    "ARTIFACT_BUCKET": "shop-artifacts",
    "MODEL_PACKAGE_GROUP_NAME": "shop-models",
    "PIPELINE_ROLE_ARN": "arn:aws:iam::123456789012:role/shop-pipeline",
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_MAX_ATTEMPTS": "1",
}
"""A project whose AWS does not answer: whoever asks it ends with exit code 1."""

IN_A_WORKSPACE = {
    "plan": (),
    "run": ("--data", "data.csv"),
    "report": (),
    "status": (),
    "logs": ("--step", "Train"),
    "stop": (),
}
OF_A_PROJECT = {
    "models": (),
    "approve": ("1", "--why", "x"),
    "reject": ("1", "--why", "x"),
    "clean": ("--trials",),
}
WITHOUT_ONE = {"check-data": ("data.csv",), "new-recipe": ("data.csv",), "comment": ("--pull-request", "7")}
COMMANDS = {**IN_A_WORKSPACE, **OF_A_PROJECT}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A repository with one recipe and data, which is the current folder."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "garments.yaml").write_text(RECIPE)
    (tmp_path / "data.csv").write_text("Text,Rating\nfine,1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refused(home):
    """A function that runs a command which has to end as a usage error, and returns what it said."""

    def refused(*arguments, **variables):
        environment = {**dict.fromkeys(os.environ), **VARIABLES, **variables}
        result = CliRunner().invoke(app, arguments, env=environment)
        said = " ".join(re.sub(r"[│╭╮╰╯─]", " ", result.stderr).split())
        assert (result.exit_code, result.stdout) == (2, ""), said
        assert "Traceback" not in said
        return said

    return refused


def test_the_tables_below_have_every_command():
    assert {*COMMANDS, *WITHOUT_ONE} == set(typer.main.get_command(app).commands)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_a_project_names_the_variable_that_is_missing(refused, command):
    said = refused(command, *COMMANDS[command], MODEL_PACKAGE_GROUP_NAME="")
    assert said.startswith(
        "error: MODEL_PACKAGE_GROUP_NAME is not set; it is one of the project's variables:"
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_a_project_shows_the_variable_that_is_malformed(refused, command):
    said = refused(command, *COMMANDS[command], PIPELINE_ROLE_ARN="shop-pipeline")
    assert said == "error: PIPELINE_ROLE_ARN is 'shop-pipeline'; expected arn:aws:iam::ACCOUNT:role/NAME."


@pytest.mark.parametrize("command", IN_A_WORKSPACE)
def test_every_command_on_a_recipe_says_where_it_looked_for_one(refused, home, command):
    arguments = IN_A_WORKSPACE[command]
    (home / "empty").mkdir()
    assert refused(command, *arguments, "--root", "empty") == (
        "error: There is no recipe in empty/recipes: expected a file NAME.yaml."
    )
    assert refused(command, *arguments, "--recipe", "shoes") == (
        f"error: There is no recipe shoes in {home}/recipes; there is garments."
    )
    assert refused(command, *arguments, RECIPE="shoes").startswith("error: There is no recipe shoes in ")
    assert "There is no recipe nowhere.yaml. Recipes beside it: none." in refused(
        command, *arguments, "--recipe", "nowhere.yaml"
    )


@pytest.mark.parametrize("command", IN_A_WORKSPACE)
def test_every_command_in_a_pull_request_needs_the_pull_requests_role(refused, command):
    arguments = [command, *IN_A_WORKSPACE[command]]
    assert refused(*arguments, "--pull-request", "7").startswith("error: PULL_REQUEST_ROLE_ARN is not set;")
    assert refused(*arguments, PULL_REQUEST_NUMBER="7").startswith("error: PULL_REQUEST_ROLE_ARN is not set;")
    assert refused(*arguments, PULL_REQUEST_NUMBER="7", PULL_REQUEST_ROLE_ARN="x") == (
        "error: PULL_REQUEST_ROLE_ARN is 'x'; expected arn:aws:iam::ACCOUNT:role/NAME."
    )


@pytest.mark.parametrize("command", ["status", "clean", "comment"])
@pytest.mark.parametrize("number", ["0", "-7", "seven", "7.5", "7/8"])
def test_the_number_of_a_pull_request_is_a_positive_whole_number(refused, command, number):
    arguments = {**COMMANDS, **WITHOUT_ONE, "comment": ()}[command]
    for said in (
        refused(command, *arguments, f"--pull-request={number}"),
        refused(command, *arguments, PULL_REQUEST_NUMBER=number),
    ):
        assert "Invalid value for '--pull-request'" in said


@pytest.mark.parametrize("command", ["plan", "run", "report"])
def test_a_summary_without_a_place_is_refused_before_aws_is_asked(refused, command):
    said = refused(command, *IN_A_WORKSPACE[command], "--summary")
    assert said.startswith(
        "error: --summary writes to the file that GITHUB_STEP_SUMMARY names, and that is not set"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run",), "error: There is no data to train on: give --data FILE, or --data s3://..., or set TRAINING_DATA."),
        (("run", "--data", "no.csv"), "error: The data file no.csv does not exist. --data takes the path of a file, or an"),
        (("run", "--data", "ftp://x/y"), "error: --data is ftp://x/y; expected the path of a file, or an s3:// URI."),
        (("run", "--data", "s3://"), "error: --data is s3://; expected the URI of an object, or of a prefix:"),
        (("run", "--data", "data.csv", "--minimum", "1.01"), "Invalid value for '--minimum'"),
        (("run", "--data", "data.csv", "--minimum", "-0.01"), "Invalid value for '--minimum'"),
        (("run", "--data", "data.csv", "--minimum", "nan"), "Invalid value for '--minimum'"),
        (("run", "--data", "data.csv", "--max-regression", "1.01"), "Invalid value for '--max-regression'"),
        (("run", "--data", "data.csv", "--max-regression", "nan"), "Invalid value for '--max-regression'"),
        (("run", "--data", "data.csv", "--timeout", "0.9"), "Invalid value for '--timeout'"),
        (("run", "--data", "data.csv", "--timeout", "nan"), "Invalid value for '--timeout'"),
        (("run", "--data", "data.csv", "--force", ""), "error: --force needs a reason; it is recorded on the model package."),
        (("run", "--data", "data.csv", "--force", "a;b"), "error: The reason for --force is recorded on the model package, and ;"),
        (("run", "--data", "data.csv", "--merged", "--pull-request", "7"), "error: --merged is for main, and --pull-request for what is not merged yet;"),
        (("models", "--limit", "0"), "Invalid value for '--limit'"),
        (("models", "--limit", "many"), "Invalid value for '--limit'"),
        (("approve", "1", "--why", " "), "error: --why needs a reason of at most 1024 characters; it is recorded in the registry."),
        (("reject", "1", "--why", "x" * 1025), "error: --why needs a reason of at most 1024 characters;"),
        (("approve", "seven", "--why", "x"), "error: 'seven' names no model package: expected the number of a version of shop-models,"),
        (("approve", "-1", "--why", "x"), "No such option: -1"),
        (("reject", "1", "--why", "x", "--for-production"), "No such option: --for-production"),
        (("clean",), "error: Which pull request? Give --pull-request NUMBER, or set PULL_REQUEST_NUMBER."),
        (("clean", "--pull-request", "7"), "error: PULL_REQUEST_ROLE_ARN is not set;"),
        (("clean", "--merged"), "error: Not set: GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN."),
        (("clean", "--timeout", "0"), "Invalid value for '--timeout'"),
        (("comment",), "error: Not set: GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN."),
        (("check-data", "no.csv"), "error: There is no file no.csv."),
        (("new-recipe", "no.csv"), "error: There is no file no.csv."),
        (("new-recipe", "data.csv", "--name", "garments"), "garments.yaml exists already. Give the new recipe another name with --name"),
        (("logs", "--step"), "Option '--step' requires an argument."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_what_to_change(refused, arguments, said):
    assert said in refused(*arguments)


@pytest.mark.parametrize(
    ("variable", "value", "arguments", "said"),
    [
        ("TRAINING_DATA", "no.csv", ("run",), "error: The data file no.csv does not exist."),
        ("FORCE_REASON", "a;b", ("run", "--data", "data.csv"), "error: The reason for --force is recorded"),
        ("SCHEDULED", "maybe", ("run", "--data", "data.csv"), "'--scheduled'"),
        ("PULL_REQUEST_MERGED", "maybe", ("clean", "--pull-request", "7"), "'--was-merged'"),
        (
            "AWS_ENDPOINT_URL",
            "127.0.0.1:9",
            ("models",),
            "AWS_ENDPOINT_URL is '127.0.0.1:9'; expected an address with its scheme",
        ),
    ],
)
def test_a_variable_of_the_workflow_is_checked_as_its_option_is(refused, variable, value, arguments, said):
    assert said in refused(*arguments, **{variable: value})


def test_comment_needs_a_number_before_it_looks_for_a_report(refused):
    github = {"GITHUB_API_URL": "https://api.github.com", "GITHUB_REPOSITORY": "o/n", "GITHUB_TOKEN": "t"}
    assert refused("comment", **github).startswith("error: Which pull request? Give --pull-request NUMBER,")
    assert "error: There is no report in" in refused("comment", "--pull-request", "7", **github)


def test_without_a_repository_around_it_a_command_says_what_to_do(refused, home, monkeypatch):
    (home / "recipes" / "garments.yaml").unlink()
    (home / "recipes").rmdir()
    for command in (*IN_A_WORKSPACE, "check-data", "new-recipe"):
        said = refused(command, *{**COMMANDS, **WITHOUT_ONE}[command])
        assert said == (
            f"error: There is no folder recipes/ in {home} or above it. Change to the model-build repository, or name it with "
            "--root."
        )


@pytest.mark.parametrize("command", ["plan", "report", "logs", "models", "approve", "clean"])
def test_an_aws_that_does_not_answer_ends_a_command_with_its_address(home, command):
    result = CliRunner().invoke(
        app, [command, *COMMANDS[command]], env={**dict.fromkeys(os.environ), **VARIABLES}
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: http://127.0.0.1:9/")
    assert "cannot be reached" in result.stderr
    assert "Traceback" not in result.stderr
