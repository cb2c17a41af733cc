"""`local-aws exec` and `up`, run as their users run them."""

import json
import os
import re
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner

from local_aws import cli
from local_aws.kernel.signing import keys
from local_aws.kernel.signing.keys import AccessKey, KeyFileError, published

LOCAL_AWS = str(Path(sys.executable).with_name("local-aws"))
SHOW = "import os, json; print(json.dumps(dict(os.environ)))"
ASK_MORE_THAN_ALLOWED = """
import boto3
from botocore.exceptions import ClientError
print(boto3.client("sts").get_caller_identity()["Arn"])
try:
    boto3.client("iam").create_user(UserName="somebody")
    print("made")
except ClientError as error:
    print(error.response["Error"]["Code"])
"""


def local_aws(*arguments, environment=None):
    return subprocess.run(
        [LOCAL_AWS, *arguments],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def attached(local_server):
    """Runs a command against the tests' own server, which is there already."""

    def attached(*command, environment=None):
        command = command if "--" in command else ("--", *command)
        return local_aws("exec", "--attach", local_server.endpoint_url, *command, environment=environment)

    with published(local_server.account.clients.keys.administrator, local_server.port):
        yield attached


@pytest.fixture(scope="module")
def done():
    """A command that `exec` has run: it prints its environment, asks for more than allowed, and exits with 7."""
    code = f"{SHOW}\n{ASK_MORE_THAN_ALLOWED}\nraise SystemExit(7)"
    real = {"AWS_PROFILE": "real", "AWS_SESSION_TOKEN": "real"}
    return local_aws("exec", "--", sys.executable, "-c", code, environment=real)


def test_exec_gives_the_command_a_project_and_an_endpoint_hides_real_credentials_and_exits_with_its_code(
    done,
):
    assert done.returncode == 7, done.stderr
    seen = json.loads(done.stdout.splitlines()[0])
    assert seen["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert {
        "SAGEMAKER_PROJECT_NAME",
        "ARTIFACT_BUCKET",
        "MODEL_PACKAGE_GROUP_NAME",
        "PIPELINE_ROLE_ARN",
    } <= set(seen)
    assert "AWS_PROFILE" not in seen
    assert seen["AWS_SESSION_TOKEN"] != "real"


def test_a_command_works_as_a_role_whose_missing_permissions_show(done):
    role = "arn:aws:sts::123456789012:assumed-role/local-developer/developer"
    assert done.stdout.splitlines()[1:] == [role, "AccessDenied"], done.stderr


def test_a_command_may_do_anything_where_root_is_asked_for():
    done = local_aws("exec", "--as", "root", "--", sys.executable, "-c", ASK_MORE_THAN_ALLOWED)
    assert done.stdout.split() == ["arn:aws:iam::123456789012:root", "made"], done.stderr


def test_exec_works_in_the_project_that_is_named_and_makes_it(attached, local_server):
    # The tests' server does not enforce, so whose bucket a session reaches is asked of `local_aws.developer`.
    done = attached("--project", "shop-eu", "--", sys.executable, "-c", SHOW)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["SAGEMAKER_PROJECT_NAME"] == "shop-eu"
    assert (seen["ARTIFACT_BUCKET"], seen["MODEL_PACKAGE_GROUP_NAME"]) == (
        "shop-eu-artifacts",
        "shop-eu-models",
    )
    described = local_server.client("sagemaker").describe_model_package_group(
        ModelPackageGroupName="shop-eu-models"
    )
    assert described["ModelPackageGroupStatus"] == "Completed"


@pytest.mark.parametrize("command", [["up"], ["env"], ["exec", "--", "true"]])
@pytest.mark.parametrize("name", ["", "Shop", "a--b", "-a", "a-", "a_b", "x" * 33])
def test_a_name_that_no_project_can_have_is_refused_before_anything_starts(
    command, name, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["local-aws", command[0], "--project", name, *command[1:]])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert f"--project {name!r}: up to 32 small letters and digits" in capsys.readouterr().err


def test_exec_reports_a_killed_command_as_shells_do(attached):
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert attached(sys.executable, "-c", kill).returncode == 128 + signal.SIGKILL


def test_exec_of_a_command_that_does_not_exist_is_a_usage_error_naming_it(attached):
    done = attached("no-such-command")
    assert done.returncode == 2
    assert "no-such-command" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://sagemaker.eu-west-1.amazonaws.com", "on loopback"),
        ("http://127.0.0.1:1", "nothing answers there"),
        ("127.0.0.1:5577", "the scheme is missing; write http://127.0.0.1:5577"),
        ("http://127.0.0.1:99999", "Port out of range"),
        ("http://127.0.0.1:0", "Port out of range"),
        ("http://[::1", "no address"),
    ],
)
def test_attach_refuses_what_is_not_an_embedded_aws_in_one_sentence(url, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["local-aws", "exec", "--attach", url, "--", "true"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    words = capsys.readouterr().err
    assert ended.value.code == 2
    assert url in words
    assert said in words
    assert words.count("\n") == 1


def test_up_serves_until_stopped_and_keeps_its_state_between_attached_commands():
    server = subprocess.Popen([LOCAL_AWS, "up", "--port", "0"], stderr=subprocess.PIPE, text=True)
    try:
        first = server.stderr.readline()
        url, page = re.search(r"((http://127\.0\.0\.1:\d+)/_console/\S+/)$", first).group(2, 1)
        assert "<h1>Projects</h1>" in requests.get(page, timeout=30).text
        make = "import boto3; boto3.client('s3').put_object(Bucket='local-artifacts', Key='kept', Body=b'x')"
        read = "import boto3; print(boto3.client('s3').list_objects_v2(Bucket='local-artifacts')['KeyCount'])"
        assert local_aws("exec", "--attach", url, "--", sys.executable, "-c", make).returncode == 0
        done = local_aws("exec", "--attach", url, "--", sys.executable, "-c", read)
        assert done.stdout.strip() == "1", done.stderr
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=20) == 0
        server.stderr.close()


def test_up_on_a_taken_port_says_so():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = local_aws("up", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "is taken" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("port", ["-1", "65536", "70000"])
def test_a_port_out_of_range_is_refused_before_anything_starts(port):
    done = CliRunner().invoke(cli.app, ["up", "--port", port])
    assert done.exit_code == 2
    assert "65535" in done.output or "0" in done.output


def test_a_full_disk_is_said_in_one_sentence(tmp_path):
    kept = tmp_path / "sagemaker-project-template" / "amazon_sentences.tsv"
    kept.parent.mkdir()
    kept.write_text("x")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [LOCAL_AWS, "sample", "--recipe", "amazon-sentences"],
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "local-aws: No space left on device: make room, and run the same command again"
    )
    assert "Traceback" not in done.stderr


def test_a_sample_of_public_data_is_given_to_the_command_with_its_recipe(tmp_path, attached):
    kept = tmp_path / "sagemaker-project-template" / "amazon_sentences.tsv"
    kept.parent.mkdir()
    kept.write_text("x")
    environment = {
        "XDG_CACHE_HOME": str(tmp_path),
        "RECIPE": "amazon-sentences",
        "TRAINING_DATA": "s3://real/data",
    }
    done = attached("--sample", "--", sys.executable, "-c", SHOW, environment=environment)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert (seen["TRAINING_DATA"], seen["RECIPE"]) == (str(kept), "amazon-sentences")
    assert seen["PULL_REQUEST_ROLE_ARN"].endswith("-pull-request")
    assert local_aws("sample", environment=environment).stdout == f"{kept}\tamazon-sentences\n"


@pytest.fixture
def private(tmp_path, monkeypatch):
    """The folder of keys of a user who runs nothing else."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "local-aws"


def test_the_keys_of_a_running_server_are_its_users_alone_and_gone_with_it(private):
    key = AccessKey("local")
    with published(key, 1) as file:
        assert (file.stat().st_mode & 0o777, private.stat().st_mode & 0o777) == (0o600, 0o700)
        assert keys.of_running(1) == key
    assert not file.exists()
    with pytest.raises(KeyFileError, match="no `local-aws up` of this user serves port 1"):
        keys.of_running(1)


def test_keys_are_not_kept_where_others_can_read(private):
    private.mkdir(mode=0o755)
    private.chmod(0o755)
    with pytest.raises(KeyFileError, match="mode 700"), published(AccessKey("local"), 1):
        pass


def test_a_command_is_not_attached_to_a_server_of_somebody_else(private, local_server, monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "argv", ["local-aws", "exec", "--attach", local_server.endpoint_url, "--", "true"]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code, "of this user" in capsys.readouterr().err) == (2, True)


def test_the_version_is_the_packages():
    result = CliRunner().invoke(cli.app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"local-aws {metadata.version('local-aws')}\n")


@pytest.mark.parametrize("command", [[], ["up"], ["exec"], ["sample"], ["demo"]])
def test_every_command_explains_itself_by_h_as_by_help(command):
    short, long = (CliRunner().invoke(cli.app, [*command, option]) for option in ("-h", "--help"))
    assert short.exit_code == 0 and "Usage:" in short.stdout
    assert short.stdout == long.stdout
