"""Tearing a stage down: a list first, then nothing is left that costs."""

from contextlib import suppress

import pytest
from botocore.exceptions import ClientError


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
    assert f"/aws/sagemaker/Endpoints/{project.endpoint('staging')}" in result.stdout
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
    assert result.exit_code == 2
    assert "Nothing of staging was deleted. --yes deletes it without asking." in result.stderr
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


KINDS = [
    ("sagemaker", "list_endpoints", "Endpoints", "EndpointArn"),
    ("lambda", "list_functions", "Functions", "FunctionArn"),
    ("apigatewayv2", "get_apis", "Items", "Name"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
]


def billed(project, name):
    """What there is by the name of an endpoint that costs, asked of each service by itself."""
    found = []
    for service, operation, members, member in KINDS:
        for page in project.client(service).get_paginator(operation).paginate():
            found += [each[member] for each in page[members] if name in each[member]]
    scaling, cloudwatch = project.client("application-autoscaling"), project.client("cloudwatch")
    targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    found += [each["ResourceId"] for each in targets if name in each["ResourceId"]]
    with suppress(ClientError):
        found.append(cloudwatch.get_dashboard(DashboardName=name)["DashboardArn"])
    return found


EVERYTHING = """
endpoint: {kind: realtime, instance_type: ml.m5.large, instance_count: 1}
alarms: {invocation_5xx_percent: 1, latency_p99_ms: 500, contract_failures: 1, rollback: false}
scaling: {min: 1, max: 4, invocations_per_instance: 600}
capture: {sampling_percent: 100}
api: {kind: http_api, auth: iam}
"""


def test_nothing_that_costs_is_left_of_the_stage_that_has_everything(project):
    (project.root / "stages" / "production.yaml").write_text(EVERYTHING)
    arguments = ("rollout", "--stage", "production", "--force", "test", "--model-package")
    project.json(*arguments, project.register())
    name = project.endpoint("production")
    # The endpoint, the function, the API, three alarms, three logs, what is scaled, and the dashboard.
    before = billed(project, name)
    assert len(before) == 11, before
    result = project.run("teardown", "--stage", "production", "--yes")
    assert result.exit_code == 0, result.stderr
    assert f"/model-deploy/{name}/api" in result.stdout
    log = f"/aws/sagemaker/Endpoints/{name}"
    assert billed(project, name) == [log]
    assert log in result.stdout.splitlines()[-1]
    assert project.leftovers("production") == []
