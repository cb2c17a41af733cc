"""Going back to a version that was good before: a rollout like any other."""

import re
import shlex

import pytest


def roll_out(project, count):
    """So many versions, rolled out to staging one after the other."""
    arns = [project.register() for _ in range(count)]
    for arn in arns:
        project.json("rollout", "--stage", "staging", "--model-package", arn)
    return arns


@pytest.fixture
def three(project):
    return roll_out(project, 3)


@pytest.fixture(scope="module")
def looked_at(make_project):
    """A project with two versions in its staging, which nobody changes."""
    with make_project() as made:
        yield made, roll_out(made, 2)


def test_a_rollback_rolls_out_the_version_before_and_goes_no_further_unless_told(project, three):
    result = project.json("rollback", "--stage", "staging", "--why", "complaints")
    assert (result["model_package_arn"], result["verified"]) == (three[1], True)
    assert project.live_package("staging") == three[1]
    last = project.records("staging")[-1]
    assert (last["kind"], last["why"]) == ("rollback", "rollback from version 3: complaints")
    again = project.json("rollback", "--stage", "staging")
    assert (again["model_package_arn"], again["changed"]) == (three[1], False)
    assert len(project.records("staging")) == 4
    # Further back is what is named.
    assert project.json("rollback", "--stage", "staging", "--to", "1")["model_package_arn"] == three[0]
    assert project.live_package("staging") == three[0]


def test_a_dry_run_shows_the_plan_and_changes_nothing(looked_at):
    project, two = looked_at
    result = project.run("rollback", "--stage", "staging", "--dry-run")
    assert result.exit_code == 0
    assert "version 1" in result.stdout
    assert "A rollout begins with: update the stack" in result.stdout
    assert project.live_package("staging") == two[1]
    assert len(project.records("staging")) == 2


def test_versions_that_are_not_approved_any_more_are_passed_over(project, three):
    sagemaker = project.client("sagemaker")
    sagemaker.update_model_package(ModelPackageArn=three[1], ModelApprovalStatus="Rejected")
    assert project.json("rollback", "--stage", "staging")["model_package_arn"] == three[0]
    refused = project.run("rollback", "--stage", "staging", "--to", "2")
    assert refused.exit_code == 3
    assert "Its approval is Rejected" in refused.stderr


def test_a_version_that_was_never_verified_here_is_refused_by_name(looked_at):
    project, _ = looked_at
    project.register()
    refused = project.run("rollback", "--stage", "staging", "--to", "3")
    assert refused.exit_code == 3
    assert "No record says that version 3 was verified in staging" in refused.stderr


def test_a_version_that_was_not_verified_is_left_behind(project):
    good, bad = project.register(), project.register("nonsense")
    project.json("rollout", "--stage", "staging", "--model-package", good)
    failed = project.run("rollout", "--stage", "staging", "--model-package", bad)
    assert failed.exit_code == 3
    [back] = re.findall(r"`model-deploy (.*)` brings back the version before it", failed.stderr)
    assert back == f"rollback --stage staging --to 1 --root {project.root}"
    assert f"`model-deploy {back}`" in project.run("verify", "--stage", "staging").stderr
    assert "serves version 1" in project.run(*shlex.split(back)).stdout
    assert project.live_package("staging") == good


def test_without_an_earlier_version_there_is_nothing_to_go_back_to(project):
    project.json("rollout", "--stage", "staging", "--model-package", project.register())
    refused = project.run("rollback", "--stage", "staging")
    assert refused.exit_code == 3
    assert "There is no version to go back to in staging" in refused.stderr


def test_a_first_version_that_was_not_verified_can_only_be_taken_down(project):
    failed = project.run("rollout", "--stage", "staging", "--model-package", project.register("nonsense"))
    assert failed.exit_code == 3
    [down] = re.findall(r"no version to go back to; `model-deploy (.*)` takes this one", failed.stderr)
    assert project.run(*shlex.split(down), "--yes").exit_code == 0
    assert (
        project.client("sagemaker").list_endpoints(NameContains=project.endpoint("staging"))["Endpoints"]
        == []
    )
