"""The command line: help at once, exit codes, results on stdout, messages on stderr."""

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from project_template.cli import app

COMMANDS = ["publish", "create", "update", "doctor", "teardown", "seed"]
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:github"


@pytest.fixture
def run(account):
    from local_aws.kernel import environment

    made = environment.for_command({}, account.server.account.clients, {})

    def invoke(*arguments, without=()):
        given = {key: value for key, value in made.items() if key not in without}
        return CliRunner().invoke(
            app, list(arguments), env={"AWS_PROFILE": None} | dict.fromkeys(without) | given
        )

    return invoke


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_there_for_every_command(command):
    short, long = (CliRunner().invoke(app, [command, option]) for option in ("-h", "--help"))
    assert short.exit_code == 0
    assert "Usage" in short.stdout
    assert short.stdout == long.stdout


def test_the_version_is_the_packages():
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (
        0,
        f"project-template {metadata.version('project-template')}\n",
    )


def test_help_imports_neither_boto3_nor_the_cdk():
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom project_template.cli import app\n"
        "assert CliRunner().invoke(app, ['publish', '--help']).exit_code == 0\n"
        "print(sorted({'boto3', 'botocore', 'aws_cdk', 'rich.live', 'yaml', 'hatchling'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["publish"], 2, "--token-secret ARN, or --app-id"),
        (["publish", "--token-secret", SECRET, "--github-url", "https://git.example.com"], 2, "--issuer"),
        (
            ["create", "team", "--github-org", "acme", "--publication", "nowhere"],
            2,
            "project-template publish",
        ),
        (["create", "x" * 33, "--github-org", "acme"], 2, "33 characters"),
        (["create", "team", "--github-org", "acme", "--parameter", "Recipe"], 2, "expected KEY=VALUE"),
        (["update", "nobody"], 2, "There is no project nobody"),
        (["doctor", "--publication", "nowhere"], 3, "checks failed: publication"),
        (["doctor", "--production-gate", "door"], 2, "'door' is not one of"),
        (["seed", "neither", "--to", "x"], 2, "There is no repository 'neither'"),
    ],
)
def test_errors_are_one_message_on_stderr_and_their_exit_code(run, arguments, code, said):
    result = run(*arguments)
    assert result.exit_code == code, result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    if code == 2:
        assert result.stdout == ""


def test_verbose_shows_where(run):
    assert "Traceback" in run("update", "nobody", "--verbose").stderr


def test_without_a_region_the_command_says_so(run):
    result = run("update", "nobody", without=("AWS_REGION", "AWS_DEFAULT_REGION"))
    assert result.exit_code == 2
    assert "AWS_REGION" in result.stderr


def test_json_is_one_object_on_stdout(run):
    result = run("teardown", "nobody", "--json", "--yes")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {"project": "nobody", "found": [], "left": [], "kept": []}
    assert "There is nothing of nobody to delete" in result.stderr


def test_doctor_prints_its_findings_before_it_fails(run):
    result = run("doctor", "team", "--publication", "nowhere", "--json")
    assert result.exit_code == 3
    found = json.loads(result.stdout)
    assert found["ok"] is False
    assert {each["check"] for each in found["findings"]} >= {"publication", "names"}


def test_every_command_is_in_the_page_for_platform_engineers():
    page = (Path(__file__).resolve().parents[2] / "docs" / "publish.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"project-template {command}" in page
