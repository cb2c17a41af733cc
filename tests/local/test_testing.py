"""The pytest plugin of poured repositories."""

import os
import subprocess
import sys

import pytest

from local_aws.testing import ServerProcess, pytest_terminal_summary


def test_in_github_actions_the_jobs_summary_says_what_passed_and_what_did_not(tmp_path):
    (tmp_path / "test_some.py").write_text("def test_good(): ...\n\ndef test_bad():\n    assert False\n")
    summary = tmp_path / "summary.md"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "local_aws.testing", "-p", "no:cacheprovider", "."]
    environment = {**os.environ, "GITHUB_STEP_SUMMARY": str(summary)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout
    assert summary.read_text() == (
        "## Tests on the embedded AWS: 1 passed, 1 failed\n\n    test_some.py::test_bad\n"
    )


def test_elsewhere_there_is_no_summary(monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    reporter = None  # it is not even asked
    assert pytest_terminal_summary(reporter) is None


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    server = ServerProcess(tmp_path_factory.mktemp("server"), 0.02)
    yield server
    server.stop()


def test_a_server_in_a_process_of_its_own_has_projects_and_environments(process):
    made = process.make_project("apart")
    variables = process.environment({"AWS_PROFILE": "mine", "HOME": "/home/ada"}, made.variables())
    assert variables["AWS_ENDPOINT_URL"] == process.url
    assert variables["SAGEMAKER_PROJECT_NAME"] == "apart"
    assert "AWS_PROFILE" not in variables and variables["HOME"] == "/home/ada"
    assert process.clients.client("s3").list_objects_v2(Bucket=made.bucket)["KeyCount"] == 0


def test_faults_of_a_server_in_a_process_of_its_own_are_set_and_taken_back(process):
    sagemaker = process.clients.client("sagemaker")
    process.ask("fail", service="sagemaker", operation="ListModels", code="ThrottlingException")
    with pytest.raises(sagemaker.exceptions.ClientError, match="ThrottlingException"):
        sagemaker.list_models()
    process.ask("clear_failures")
    assert sagemaker.list_models()["Models"] == []


def test_a_server_process_that_cannot_start_shows_its_log(tmp_path):
    with pytest.raises(RuntimeError, match=r"(?s)The server process ended.*No module named 'no_such_module'"):
        ServerProcess(tmp_path, 0.02, control="no_such_module:Control")
