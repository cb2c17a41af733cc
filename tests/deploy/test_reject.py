"""A package whose approval was withdrawn leaves every stage that it is live in."""

import pytest
from botocore.client import BaseClient


@pytest.fixture(scope="module")
def project(make_project):
    with make_project() as made:
        roll_out(made)
        yield made


@pytest.fixture
def two(project):
    """Two good versions that were rolled out to staging one after the other: what was live there, and the next one."""
    return [project.live_package("staging"), roll_out(project)]


def roll_out(project):
    """A new version, rolled out to staging."""
    arn = project.register()
    project.json("rollout", "--stage", "staging", "--model-package", arn)
    return arn


def arguments(arn):
    return ("reject", "--stage", "staging", "--model-package", arn)


def version(arn):
    return arn.rpartition("/")[2]


def withdraw(project, arn, status="Rejected", **said):
    project.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status, **said)


def test_a_rejected_package_that_is_live_makes_way_for_the_version_before_once(project, two):
    withdraw(project, two[1], ApprovalDescription="it insults\npeople")
    result = project.json(*arguments(two[1]))
    assert (result["was_live"], result["rollback"]["model_package_arn"]) == (True, two[0])
    assert result["rollback"]["verified"] is True
    assert project.live_package("staging") == two[0]
    records = project.records("staging")
    left = f"rollback from version {version(two[1])}"
    assert (records[-1]["kind"], records[-1]["why"]) == ("rollback", f"{left}: rejected: it insults people")
    again = project.run(*arguments(two[1]))
    assert again.exit_code == 0, again.stderr
    assert f"is not live in staging: {project.endpoint('staging')} serves {two[0]}" in again.stdout
    assert project.records("staging") == records


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


def test_without_an_earlier_version_the_way_out_is_named(make_project):
    with make_project() as project:
        arn = roll_out(project)
        withdraw(project, arn)
        result = project.run(*arguments(arn))
        assert result.exit_code == 3
        assert "There is no version to go back to in staging" in result.stderr
        assert "model-deploy teardown --stage staging" in result.stderr
        assert project.live_package("staging") == arn


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
