"""The command line: quick, and clear about what is wrong."""

import subprocess
import sys
from datetime import date
from importlib import metadata

import pytest
import typer
from typer.testing import CliRunner

from model_build import workspace
from model_build.cli import app
from model_build.recipe import Recipe
from model_build.recipe.retrain import Retrain

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
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "garments.yaml").write_text(RECIPE)
    return tmp_path


@pytest.fixture
def call(root):
    """A function that runs a command in the root with the project's variables, or others."""

    def run(*arguments, env=VARIABLES):
        cleared = dict.fromkeys(VARIABLES, None)
        return CliRunner().invoke(app, [*arguments, "--root", str(root)], env=cleared | env)

    return run


# Typer itself checks the options of a command with pydantic; our own models are in the recipe and the report.
HEAVY = {
    "boto3",
    "botocore",
    "sagemaker",
    "yaml",
    "numpy",
    "pandas",
    "model_build.recipe",
    "model_build.report",
}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["run"], ["logs"], ["--no-such-option"]]
)
def test_help_and_usage_errors_load_nothing_heavy(arguments):
    script = (
        "import sys\n"
        "from model_build.cli import main\n"
        f"sys.argv = ['model-build', *{arguments!r}]\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        f"    print('LOADED', sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "LOADED []" in done.stdout
    assert done.returncode == (0 if "--help" in arguments else 2)


def test_help_names_the_commands_and_the_exit_codes():
    shown = CliRunner().invoke(app, ["--help"], terminal_width=200).stdout
    assert all(command in shown for command in ("plan", "run", "report", "status", "logs"))
    assert "3 refused by the gate" in shown


def test_a_run_without_data_is_a_usage_error(call):
    result = call("run")
    assert result.exit_code == 2
    assert "--data" in result.stderr


def test_a_missing_variable_is_a_usage_error_that_names_it(call):
    without = {name: value for name, value in VARIABLES.items() if name != "ARTIFACT_BUCKET"}
    result = call("status", env=without)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ARTIFACT_BUCKET is not set")


def test_a_broken_recipe_is_a_usage_error_that_names_file_and_key(call, root):
    (root / "recipes" / "garments.yaml").write_text(RECIPE.replace("minimum", "minimun"))
    result = call("plan")
    assert result.exit_code == 2
    assert "garments.yaml" in result.stderr
    assert "minimun" in result.stderr


def test_missing_data_is_found_before_anything_is_asked_of_aws(call):
    result = call("run", "--data", "nowhere.csv")
    assert result.exit_code == 2
    assert "The data file nowhere.csv does not exist" in result.stderr


def test_a_server_that_is_not_there_fails_with_its_address(call):
    result = call("status", env=VARIABLES | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error: http://127.0.0.1:9/ cannot be reached" in result.stderr
    assert "Traceback" not in result.stderr


def test_missing_credentials_fail_with_what_to_do(call, tmp_path):
    nowhere = {
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }
    keyless = {name: value for name, value in VARIABLES.items() if "KEY" not in name}
    result = call("status", env=keyless | nowhere | {"AWS_PROFILE": None})
    assert result.exit_code == 1
    assert "no AWS credentials" in result.stderr


def test_verbose_adds_the_traceback(call):
    result = call("status", "--verbose", env={})
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert "error: SAGEMAKER_PROJECT_NAME" in result.stderr


def test_an_error_that_nobody_foresaw_says_how_to_see_more(call, monkeypatch):
    def broken(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(workspace, "enter", broken)
    result = call("status")
    assert result.exit_code == 1
    assert "error: RuntimeError: a bug. Run with --verbose" in result.stderr


def test_an_interrupt_says_that_the_run_goes_on(call, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(workspace, "enter", interrupted)
    result = call("status")
    assert result.exit_code == 130
    assert "goes on; the same command re-attaches" in result.stderr


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ("", "needs a reason"),
        ("none", "needs a reason"),
        ("agreed, see #12", ", # cannot be stored"),
        ("x" * 257, "it has 257 characters"),
    ],
)
def test_a_reason_that_the_registry_cannot_hold_is_a_usage_error(call, root, reason, problem):
    (root / "data.csv").write_text("Text,Rating\nfine,1\n")
    result = call("run", "--data", str(root / "data.csv"), "--force", reason)
    assert result.exit_code == 2
    assert problem in result.stderr


def test_the_version_is_the_packages():
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"model-build {metadata.version('model-build')}\n")


def test_every_command_explains_itself_by_h_as_by_help():
    for name in ("", *typer.main.get_command(app).commands):
        arguments = [name] if name else []
        short, long = (CliRunner().invoke(app, [*arguments, option]) for option in ("-h", "--help"))
        assert short.exit_code == 0 and "Usage:" in short.stdout
        assert short.stdout == long.stdout


def test_a_scheduled_run_on_another_day_does_nothing(call, root):
    result = call("run", "--scheduled")
    assert (result.exit_code, result.stdout) == (
        0,
        "The recipe's retrain.schedule has no run today: nothing to do.\n",
    )
    (root / "recipes" / "garments.yaml").write_text(RECIPE + "retrain: {schedule: daily}\n")
    due = call("run", "--scheduled")
    assert due.exit_code == 2
    assert "--data" in due.stderr


@pytest.mark.parametrize(("schedule", "days"), [("never", 0), ("daily", 30), ("weekly", 5), ("monthly", 1)])
def test_a_schedule_has_its_days(schedule, days):
    june = [date(2026, 6, day) for day in range(1, 31)]  # which begins with a Monday
    assert sum(Retrain(schedule=schedule).is_due(day) for day in june) == days


def test_a_schedule_is_not_part_of_the_recipes_hash(root):
    path = root / "recipes" / "garments.yaml"
    before = Recipe.load(path).sha256
    path.write_text(RECIPE + "retrain: {schedule: weekly}\n")
    assert Recipe.load(path).sha256 == before
