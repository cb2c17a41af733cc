"""The command line: quick, and clear about what is wrong."""

import subprocess
import sys
from importlib import metadata

import pytest
import typer
from typer.testing import CliRunner

from model_deploy import workspace
from model_deploy.cli import app
from model_deploy.errors import UsageError

STAGE = "endpoint: {kind: realtime, instance_type: ml.m5.large, instance_count: 1}\n"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models/1"
VARIABLES = {
    "SAGEMAKER_PROJECT_NAME": "shop",
    "SAGEMAKER_PROJECT_ID": "p-1",
    "ARTIFACT_BUCKET": "shop-artifacts",
    "MODEL_PACKAGE_GROUP_NAME": "shop-models",
    "ENDPOINT_ROLE_ARN": "arn:aws:iam::123456789012:role/shop-endpoint",
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "staging.yaml").write_text(STAGE)
    return tmp_path


@pytest.fixture
def call(root):
    """A function that runs a command in the root with the project's variables, or others."""

    def run(*arguments, env=VARIABLES):
        cleared = dict.fromkeys(VARIABLES, None)
        return CliRunner().invoke(app, [*arguments, "--root", str(root)], env=cleared | env)

    return run


HEAVY = {"boto3", "botocore", "aws_cdk", "jsii", "yaml", "model_deploy.stage", "model_deploy.stacks"}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["rollout", "--help"], ["rollout"], ["plan", "--stage"], ["--no-such-option"]]
)
def test_help_and_usage_errors_load_nothing_heavy(arguments):
    script = (
        "import sys\n"
        "from model_deploy.cli import main\n"
        f"sys.argv = ['model-deploy', *{arguments!r}]\n"
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
    commands = ("plan", "rollout", "verify", "status", "history", "rollback", "reject", "teardown", "batch")
    assert all(command in shown for command in commands)
    assert "4 rolled back" in shown


def test_a_missing_variable_is_a_usage_error_that_names_it(call):
    without = {name: value for name, value in VARIABLES.items() if name != "ENDPOINT_ROLE_ARN"}
    result = call("history", "--stage", "staging", env=without)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ENDPOINT_ROLE_ARN is not set")


def test_a_stage_that_does_not_exist_is_named_with_those_that_do(call):
    result = call("status", "--stage", "prod")
    assert result.exit_code == 2
    assert "Stages beside it: staging" in result.stderr


def test_a_broken_stage_is_a_usage_error_that_names_file_and_key(call, root):
    (root / "stages" / "staging.yaml").write_text(STAGE.replace("instance_count", "instances"))
    result = call("plan", "--stage", "staging", "--model-package", ARN)
    assert result.exit_code == 2
    assert "staging.yaml" in result.stderr
    assert "instances" in result.stderr


def test_force_without_a_reason_is_a_usage_error(call):
    result = call("rollout", "--stage", "staging", "--model-package", ARN, "--force", " ")
    assert result.exit_code == 2
    assert "--force needs a reason" in result.stderr


def test_a_server_that_is_not_there_fails_with_its_address(call):
    result = call("status", env=VARIABLES | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error: http://127.0.0.1:9/ cannot be reached" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_bug_says_where_to_look_and_verbose_shows_it(call, monkeypatch):
    def broken(*_):
        raise RuntimeError("oh no")

    monkeypatch.setattr(workspace, "enter", broken)
    result = call("history", "--stage", "staging")
    assert (result.exit_code, "Traceback" in result.stderr) == (1, False)
    assert "RuntimeError: oh no. Run with --verbose" in result.stderr
    assert "Traceback" in call("history", "--stage", "staging", "--verbose").stderr


def test_an_interrupted_command_says_that_aws_goes_on(call, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(workspace, "enter", interrupted)
    result = call("history", "--stage", "staging")
    assert result.exit_code == 130
    assert "re-attaches" in result.stderr


def test_the_root_is_the_nearest_folder_with_stages(root, tmp_path):
    below = root / "a" / "b"
    below.mkdir(parents=True)
    assert workspace.find_root(below) == root
    (root / "stages" / "staging.yaml").unlink()
    with pytest.raises(UsageError, match=r"expected a file NAME\.yaml"):
        workspace.stage_names(root)
    (root / "stages").rmdir()
    with pytest.raises(UsageError, match="There is no folder stages/"):
        workspace.find_root(below)


def test_staging_comes_before_all_other_stages(root):
    for name in ("production", "canada"):
        (root / "stages" / f"{name}.yaml").write_text(STAGE)
    assert workspace.stage_names(root) == ["staging", "canada", "production"]


def test_the_version_is_the_packages():
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"model-deploy {metadata.version('model-deploy')}\n")


def test_every_command_explains_itself_by_h_as_by_help():
    for name in ("", *typer.main.get_command(app).commands):
        arguments = [name] if name else []
        short, long = (CliRunner().invoke(app, [*arguments, option]) for option in ("-h", "--help"))
        assert short.exit_code == 0 and "Usage:" in short.stdout
        assert short.stdout == long.stdout
