"""Rollouts that do not hold: rolled back by an alarm, by SageMaker behind CloudFormation's back, or never there."""

import pytest


@pytest.fixture(scope="module")
def shared(make_project):
    """One project for all of them: what was taken back leaves nothing behind that the next one could meet."""
    with make_project() as made:
        made.json("rollout", "--stage", "production", "--model-package", made.register(), "--force", "test")
        yield made


@pytest.fixture
def project(shared):
    yield shared
    shared.server.ask("set_fault", name="endpoint_rollback", value="fails")


@pytest.fixture
def live(project):
    """The good package that is live in production."""
    return project.live_package("production")


def test_a_model_that_answers_nonsense_is_rolled_back_by_the_contract_alarm(project, live):
    bad = project.register("nonsense")
    result = project.run("rollout", "--stage", "production", "--model-package", bad, "--force", "test")
    assert result.exit_code == 4, result.stderr
    assert "was rolled back in production" in result.stderr
    assert f"serves version {live.rpartition('/')[2]} as before" in result.stderr
    assert project.live_package("production") == live
    last = project.records("production")[-1]
    assert (last["model_package_arn"], last["outcome"], last["verified"]) == (bad, "rolled back", None)
    assert project.json("status", "--stage", "production")["stages"][0]["model_package_arn"] == live


@pytest.mark.parametrize("says", ["fails", "reports-success"])
def test_after_a_rollback_the_next_good_model_and_the_bad_one_again_are_real_changes(project, live, says):
    project.server.ask("set_fault", name="endpoint_rollback", value=says)
    bad, good = project.register("nonsense"), project.register()
    arguments = ("rollout", "--stage", "production", "--force", "test", "--model-package")
    first = project.json(*arguments, bad, code=4)
    assert (first["status"], first["restored"]) == ("RolledBack", live)
    problems = project.json("status", "--stage", "production")["stages"][0]["problems"]
    assert not [problem for problem in problems if "stack" in problem]
    assert project.json(*arguments, good)["verified"] is True
    assert project.live_package("production") == good
    again = project.json(*arguments, bad, code=4)
    assert (again["changed"], again["restored"]) == (True, good)
    assert project.live_package("production") == good
    outcomes = [(record["model_package_arn"], record["outcome"]) for record in project.records("production")]
    assert outcomes[-3:] == [(bad, "rolled back"), (good, "deployed"), (bad, "rolled back")]


def test_a_model_that_cannot_start_leaves_the_one_that_serves_alone(project, live):
    broken = project.register("no archive")
    result = project.run("rollout", "--stage", "production", "--model-package", broken, "--force", "test")
    assert result.exit_code == 4, result.stderr
    assert "Endpoint failed:" in result.stderr
    assert "valid tar.gz" in result.stderr
    assert "RequestToken" not in result.stderr
    assert "the endpoint's own reason" not in result.stderr  # it would be the same again
    assert project.live_package("production") == live


def test_a_first_model_that_cannot_start_fails_and_a_good_one_is_deployed_after_it(project):
    broken, good = project.register("no archive"), project.register()
    result = project.run("rollout", "--stage", "staging", "--model-package", broken)
    assert result.exit_code == 1
    assert "where nothing was live before" in result.stderr
    assert project.json("rollout", "--stage", "staging", "--model-package", good)["verified"] is True
    assert [record["outcome"] for record in project.records("staging")] == ["failed", "deployed"]
