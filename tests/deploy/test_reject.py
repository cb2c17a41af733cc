"""A package whose approval was withdrawn leaves every stage that it is live in."""

import threading

import pytest
from botocore.client import BaseClient


@pytest.fixture
def two(project):
    """Two versions that were rolled out to staging, one after the other."""
    arns = [project.register() for _ in range(2)]
    for arn in arns:
        project.json("rollout", "--stage", "staging", "--model-package", arn)
    return arns


def arguments(arn):
    return ("reject", "--stage", "staging", "--model-package", arn)


def withdraw(project, arn, status="Rejected", **said):
    project.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status, **said)


def test_a_rejected_package_that_is_live_makes_way_for_the_version_before_once(project, two):
    withdraw(project, two[1], ApprovalDescription="it insults\npeople")
    result = project.json(*arguments(two[1]))
    assert (result["was_live"], result["rollback"]["model_package_arn"]) == (True, two[0])
    assert result["rollback"]["verified"] is True
    assert project.live_package("staging") == two[0]
    last = project.records("staging")[-1]
    assert (last["kind"], last["why"]) == ("rollback", "rollback from version 2: rejected: it insults people")
    again = project.run(*arguments(two[1]))
    assert again.exit_code == 0, again.stderr
    assert f"is not live in staging: {project.endpoint('staging')} serves {two[0]}" in again.stdout
    assert len(project.records("staging")) == 3


def test_what_a_rollback_had_brought_back_can_be_rejected_too(project, two):
    project.json("rollback", "--stage", "staging")
    withdraw(project, two[0])
    result = project.json(*arguments(two[0]))
    assert result["rollback"]["model_package_arn"] == two[1]
    assert project.live_package("staging") == two[1]


def test_a_rejected_package_that_is_live_nowhere_changes_nothing(project, two):
    withdraw(project, two[0])
    result = project.json(*arguments(two[0]))
    assert (result["was_live"], result["rollback"]) == (False, None)
    elsewhere = project.run("reject", "--stage", "production", "--model-package", two[0])
    assert elsewhere.exit_code == 0
    assert "does not exist, or serves no model package" in elsewhere.stdout
    assert project.live_package("staging") == two[1]


def test_a_package_that_was_approved_again_meanwhile_stays(project, two):
    result = project.run(*arguments(two[1]))
    assert result.exit_code == 3
    assert "is Approved, not Rejected: nothing was changed in staging" in result.stderr
    assert project.live_package("staging") == two[1]


def test_without_an_earlier_version_the_way_out_is_named(project):
    arn = project.register()
    project.json("rollout", "--stage", "staging", "--model-package", arn)
    withdraw(project, arn)
    result = project.run(*arguments(arn))
    assert result.exit_code == 3
    assert "There is no version to go back to in staging" in result.stderr
    assert "model-deploy teardown --stage staging" in result.stderr
    assert project.live_package("staging") == arn


def test_a_rollout_of_it_that_is_under_way_is_waited_for_and_then_taken_back(project, two):
    stage, third = project.root / "stages" / "staging.yaml", project.register()
    stage.write_text(stage.read_text() + "\nrollout: {strategy: all_at_once, bake_seconds: 100}")
    done = []
    rollout = threading.Thread(
        target=lambda: done.append(project.json("rollout", "--stage", "staging", "--model-package", third))
    )
    rollout.start()
    waiter = project.client("cloudformation")
    while waiter.describe_stacks(StackName=project.stack("staging"))["Stacks"][0]["StackStatus"] != (
        "UPDATE_IN_PROGRESS"
    ):
        pass
    withdraw(project, third)
    running = project.start(*arguments(third), "--why", "too late")
    rollout.join()
    assert running.wait(timeout=120) == 0, running.stderr.read()
    running.communicate()
    assert done[0]["verified"] is True
    assert project.live_package("staging") == two[1]
    assert [record["model_package_arn"] for record in project.records("staging")] == [*two, third, two[1]]


def test_a_version_that_takes_its_place_meanwhile_is_left_alone(project, two, monkeypatch):
    third = project.register()
    withdraw(project, two[1])
    original, waiting = BaseClient._make_api_call, [third]

    def call(client, operation, parameters):
        if operation == "CreateChangeSet" and waiting:
            project.json("rollout", "--stage", "staging", "--model-package", waiting.pop())
        return original(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    result = project.json(*arguments(two[1]))
    assert (result["was_live"], result["rollback"]) == (False, None)
    assert project.live_package("staging") == third


def test_a_rejection_that_is_killed_before_its_record_is_finished_by_the_next(project, two, monkeypatch):
    class Killed(BaseException):
        pass

    original = BaseClient._make_api_call

    def call(client, operation, parameters):
        if operation == "PutObject" and "deployments/" in parameters["Key"]:
            raise Killed
        return original(client, operation, parameters)

    withdraw(project, two[1])
    with monkeypatch.context() as patched:
        patched.setattr(BaseClient, "_make_api_call", call)
        with pytest.raises(Killed):
            project.run(*arguments(two[1]))
    assert project.live_package("staging") == two[0]
    result = project.json(*arguments(two[1]))
    assert (result["was_live"], result["rollback"]["changed"]) == (False, False)
    last = project.records("staging")[-1]
    assert (last["model_package_arn"], last["kind"], last["verified"]) == (two[0], "rollback", True)
    assert project.json(*arguments(two[1]))["rollback"] is None
