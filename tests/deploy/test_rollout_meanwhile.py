"""Two commands on one stage at once: the same rollout is one deployment, another one waits for its turn.

What is looked at in several calls may change between two of them: another rollout must not be taken for a fault.
"""

import io
import os
import threading
import time
from contextlib import contextmanager

import pytest
from botocore.client import BaseClient
from rich.console import Console

from model_deploy import workspace
from model_deploy.progress import Progress
from model_deploy.rollout.execute import execute
from model_deploy.rollout.request import Request


@contextmanager
def in_background(project, arn, until="UPDATE_IN_PROGRESS"):
    """A rollout to staging in a thread, from when it has said `until`; its result is in the list when it is over."""
    said, results = io.StringIO(), []

    def roll_out():
        entered = workspace.enter(project.root, "staging")
        progress = Progress(Console(file=said, width=200))
        results.append(execute(entered, Request(arn), progress))

    with pytest.MonkeyPatch.context() as patched:
        for name in os.environ:
            patched.delenv(name)
        for name, value in project.environment.items():
            patched.setenv(name, value)
        thread = threading.Thread(target=roll_out)
        thread.start()
        try:
            while until not in said.getvalue():
                assert thread.is_alive(), said.getvalue()
                time.sleep(0.005)
            yield results
        finally:
            thread.join()


@pytest.fixture
def live(project):
    """A package that is live in staging."""
    arn = project.register()
    project.json("rollout", "--stage", "staging", "--model-package", arn)
    return arn


@pytest.fixture
def slowly(project, live):
    """From now on rollouts to staging bake for some seconds."""
    stage = project.root / "stages" / "staging.yaml"
    stage.write_text(stage.read_text() + "\nrollout: {strategy: all_at_once, bake_seconds: 100}")


@pytest.fixture
def meanwhile(monkeypatch):
    """Has something happen right before the first call of an operation from then on."""
    original = BaseClient._make_api_call

    def meanwhile(operation, happen):
        waiting = [happen]

        def call(client, name, parameters):
            if name == operation and waiting:
                waiting.pop()()
            return original(client, name, parameters)

        monkeypatch.setattr(BaseClient, "_make_api_call", call)

    return meanwhile


def test_another_rollout_is_waited_for(project, live, slowly):
    first, second = project.register(), project.register()
    with in_background(project, first) as others:
        result = project.run("rollout", "--stage", "staging", "--model-package", second)
    assert result.exit_code == 0, result.stderr
    assert "Another rollout (rollout-" in result.stderr
    assert [other.verification.passed for other in others] == [True]
    assert project.live_package("staging") == second
    deployed = [(record["model_package_arn"], record["verified"]) for record in project.records("staging")]
    assert deployed == [(live, True), (first, True), (second, True)]


@pytest.mark.parametrize("until", ["Next: update the stack", "UPDATE_IN_PROGRESS"])
def test_the_same_rollout_twice_at_once_is_one_deployment(project, live, until):
    """The second one begins while the first one makes its change set, or while that is executed."""
    arn = project.register()
    with in_background(project, arn, until) as others:
        assert project.json("rollout", "--stage", "staging", "--model-package", arn)["verified"] is True
    assert [other.verification.passed for other in others] == [True]
    assert project.live_package("staging") == arn
    assert [record["model_package_arn"] for record in project.records("staging")] == [live, arn]


def test_a_rejection_waits_for_the_rollout_of_what_it_is_about_and_takes_it_back(project, live, slowly):
    second = project.register()
    with in_background(project, second) as others:
        project.client("sagemaker").update_model_package(
            ModelPackageArn=second, ModelApprovalStatus="Rejected"
        )
        result = project.json("reject", "--stage", "staging", "--model-package", second, "--why", "too late")
    assert [other.verification.passed for other in others] == [True]
    assert result["rollback"]["model_package_arn"] == live
    assert project.live_package("staging") == live
    assert [record["model_package_arn"] for record in project.records("staging")][-2:] == [second, live]


@pytest.mark.parametrize("before", ["DescribeEndpoint", "GetTemplate"])
def test_the_same_rollout_by_another_command_amid_a_look_is_one_deployment(project, meanwhile, before):
    first, arn = project.register(), project.register()
    arguments = ("rollout", "--stage", "staging", "--model-package")
    project.json(*arguments, first)
    meanwhile(before, lambda: project.json(*arguments, arn))
    assert project.json(*arguments, arn)["verified"] is True
    assert project.live_package("staging") == arn
    outcomes = [(record["model_package_arn"], record["outcome"]) for record in project.records("staging")]
    assert outcomes == [(first, "deployed"), (arn, "deployed")]
