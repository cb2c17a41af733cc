"""A serverless stage, from nothing to nothing: deployed, verified, the next model, torn down."""

import pytest

STAGE = """
endpoint: {kind: serverless, memory_mb: 1024, max_concurrency: 5, provisioned_concurrency: 1}
scaling: {min: 1, max: 5, provisioned_utilization_percent: 70}
alarms: {invocation_5xx_percent: 1, contract_failures: 1, rollback: false}
"""


@pytest.fixture
def serverless(project):
    (project.root / "stages" / "staging.yaml").write_text(STAGE)
    return project


def targets(project):
    found = project.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker",
        ResourceIds=[f"endpoint/{project.endpoint('staging')}/variant/AllTraffic"],
    )
    return [
        (each["ScalableDimension"], each["MinCapacity"], each["MaxCapacity"])
        for each in found["ScalableTargets"]
    ]


def test_a_serverless_stage_serves_takes_the_next_model_and_leaves_nothing_behind(serverless):
    project, arguments = serverless, ("rollout", "--stage", "staging", "--model-package")
    first, second = project.register(), project.register()
    result = project.json(*arguments, first)
    assert (result["status"], result["verified"]) == ("InService", True)
    assert targets(project) == [("sagemaker:variant:DesiredProvisionedConcurrency", 1, 5)]
    endpoint = project.client("sagemaker").describe_endpoint(EndpointName=project.endpoint("staging"))
    [variant] = endpoint["ProductionVariants"]
    assert variant["CurrentServerlessConfig"]["ProvisionedConcurrency"] == 1
    assert project.json(*arguments, second)["verified"] is True
    assert project.live_package("staging") == second
    assert project.json(*arguments, second)["changed"] is False
    assert project.json("rollback", "--stage", "staging")["model_package_arn"] == first
    assert project.json("teardown", "--stage", "staging", "--yes")["left"] == []
    assert targets(project) == []


def test_a_serverless_model_that_cannot_start_leaves_the_one_that_serves_alone(serverless):
    project, arguments = serverless, ("rollout", "--stage", "staging", "--model-package")
    good = project.register()
    project.json(*arguments, good)
    result = project.run(*arguments, project.register("empty"))
    assert result.exit_code == 4, result.stderr
    assert "did not pass the ping health check" in result.stderr
    assert project.live_package("staging") == good
