"""Tearing a stage down: a list first, then nothing is left that costs."""

import pytest


@pytest.fixture
def live(project):
    arn = project.register()
    project.json("rollout", "--stage", "staging", "--model-package", arn)
    return arn


def endpoints(project):
    found = project.client("sagemaker").list_endpoints(NameContains=project.names.name)["Endpoints"]
    return [endpoint["EndpointName"] for endpoint in found]


def test_everything_is_listed_and_then_deleted_but_for_the_records(project, live):
    result = project.run("teardown", "--stage", "staging", "--yes")
    assert result.exit_code == 0, result.stderr
    assert "AWS::SageMaker::Endpoint" in result.stdout
    assert "billed for its instances, every second" in result.stdout
    assert f"Kept: s3://{project.bucket}/deployments/staging/" in result.stdout
    assert endpoints(project) == []
    assert len(project.records("staging")) == 1
    assert project.run("teardown", "--stage", "staging").stdout == "There is nothing of staging.\n"
    cycle = project.client("sagemaker").describe_model_package(ModelPackageName=live)["ModelLifeCycle"]
    assert (cycle["Stage"], cycle["StageStatus"]) == ("Archived", "TornDown")


def test_json_says_what_was_deleted_and_that_nothing_is_left_of_it(project, live):
    document = project.json("teardown", "--stage", "staging", "--yes")
    assert f"stack {project.stack('staging')}" in document["deleted"]
    assert document["left"] == []
    # Nothing of it is in the way of what comes next.
    assert project.json("rollout", "--stage", "staging", "--model-package", live)["verified"] is True


def test_without_a_yes_nothing_is_deleted(project, live):
    result = project.run("teardown", "--stage", "staging")
    assert result.exit_code != 0
    assert project.live_package("staging") == live


def test_one_stage_leaves_the_others_alone(project, live):
    project.json("rollout", "--stage", "production", "--model-package", live)
    project.run("teardown", "--stage", "staging", "--yes")
    assert endpoints(project) == [project.endpoint("production")]
    assert project.json("verify", "--stage", "production")["verified"] is True


def test_an_endpoint_whose_stack_is_gone_is_deleted_too(project, live):
    sagemaker = project.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=project.endpoint("staging"))["EndpointConfigName"]
    project.run("teardown", "--stage", "staging", "--yes")
    project.json("rollout", "--stage", "production", "--model-package", live, "--force", "test")
    config = sagemaker.describe_endpoint(EndpointName=project.endpoint("production"))["EndpointConfigName"]
    sagemaker.create_endpoint(EndpointName=project.endpoint("staging"), EndpointConfigName=config)
    result = project.run("teardown", "--stage", "staging", "--yes")
    assert f"endpoint {project.endpoint('staging')}, in no stack" in result.stdout
    assert endpoints(project) == [project.endpoint("production")]
