"""What is asked of SageMaker for a trial: each request is checked against botocore's model of the API."""

import dataclasses
import time

import boto3
import pytest
from botocore.stub import ANY, Stubber

from failure import StepError
from trials import endpoint
from trials.endpoint import DEADLINE, EXECUTION, Request

REALTIME = Request(
    "shop-trial", "abc1", "arn:aws:iam::123456789012:role/trial", "image:1", "s3://bucket/model.tar.gz", {"A": "1"}, {"team": "x"},
    "realtime", "ml.m5.large", None, 600,
)  # fmt: skip
SERVERLESS = dataclasses.replace(REALTIME, kind="serverless", instance_type=None, memory_mb=2048)
NAME = "shop-trial-abc1"
GONE = ("ValidationException", 'Could not find endpoint "shop-trial-abc1".')
BUSY = ("ValidationException", 'Cannot update in-progress endpoint "shop-trial-abc1".')


@pytest.fixture(scope="module")
def client():
    return boto3.client(
        "sagemaker", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


@pytest.fixture
def sagemaker(client, monkeypatch):
    """A client that answers the calls that the test states, in order, and no others."""
    monkeypatch.setattr(endpoint, "_PAUSE", 0)
    with Stubber(client) as stubber:
        stubber.client = client
        yield stubber
        stubber.assert_no_pending_responses()


def deletes(stubber, first=None, second=None, third=None):
    for operation, key, problem in (
        ("delete_endpoint", "EndpointName", first),
        ("delete_endpoint_config", "EndpointConfigName", second),
        ("delete_model", "ModelName", third),
    ):
        if problem:
            stubber.add_client_error(operation, *problem, expected_params={key: NAME})
        else:
            stubber.add_response(operation, {}, {key: NAME})


@pytest.mark.parametrize(
    ("request_", "variant", "isolated"),
    [
        (
            REALTIME,
            {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1, "ContainerStartupHealthCheckTimeoutInSeconds": 600},
            True,
        ),
        (SERVERLESS, {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1}}, False),
    ],
    ids=["realtime", "serverless"],
)  # fmt: skip
def test_model_configuration_and_endpoint_have_one_name_and_the_same_tags(
    sagemaker, request_, variant, isolated
):
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:x/y"
    sagemaker.add_response(
        "create_model",
        {"ModelArn": arn},
        {
            "ModelName": NAME,
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/trial",
            "PrimaryContainer": {
                "Image": "image:1",
                "ModelDataUrl": "s3://bucket/model.tar.gz",
                "Environment": {"A": "1"},
            },
            "EnableNetworkIsolation": isolated,
            "Tags": ANY,
        },
    )
    whole = {"VariantName": "AllTraffic", "ModelName": NAME, "InitialVariantWeight": 1.0, **variant}
    sagemaker.add_response(
        "create_endpoint_config",
        {"EndpointConfigArn": arn},
        {"EndpointConfigName": NAME, "ProductionVariants": [whole], "Tags": ANY},
    )
    sagemaker.add_response(
        "create_endpoint",
        {"EndpointArn": arn},
        {"EndpointName": NAME, "EndpointConfigName": NAME, "Tags": ANY},
    )
    sent = []
    sagemaker.client.meta.events.register(
        "provide-client-params.sagemaker", lambda params, **_: sent.append(params["Tags"]), unique_id="tags"
    )
    try:
        endpoint.create(sagemaker.client, request_, lifetime=3600)
    finally:
        sagemaker.client.meta.events.unregister("provide-client-params.sagemaker", unique_id="tags")
    assert sent[0] == sent[1] == sent[2]
    tags = {each["Key"]: each["Value"] for each in sent[0]}
    deadline = tags.pop(DEADLINE)
    assert tags == {"team": "x", EXECUTION: "abc1"}
    assert endpoint._at(time.time() + 3000) < deadline <= endpoint._at(time.time() + 3600)


@pytest.mark.parametrize(("wait", "timeout"), [(10, 60), (60, 60), (61, 61), (3600, 3600), (9999, 3600)])
def test_the_startup_timeout_is_what_sagemaker_allows(wait, timeout):
    variant = endpoint._variant(dataclasses.replace(REALTIME, max_wait_seconds=wait))
    assert variant["ContainerStartupHealthCheckTimeoutInSeconds"] == timeout


def test_a_time_is_a_tag_whose_letters_are_in_its_order():
    assert endpoint._at(0) == "1970-01-01T00:00:00Z"
    assert endpoint._at(1_795_996_800.9) == "2026-11-30T00:00:00Z"
    assert sorted([endpoint._at(10**9), endpoint._at(999_999_999), endpoint._at(2 * 10**9)]) == [
        endpoint._at(999_999_999), endpoint._at(10**9), endpoint._at(2 * 10**9),
    ]  # fmt: skip


def status(stubber, value, **more):
    described = {
        "EndpointName": NAME,
        "EndpointArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x",
        "CreationTime": 0,
    }
    stubber.add_response(
        "describe_endpoint",
        described | {"LastModifiedTime": 0, "EndpointStatus": value} | more,
        {"EndpointName": NAME},
    )


def test_an_endpoint_is_waited_for_until_it_is_in_service(sagemaker):
    for value in ("Creating", "Creating", "InService"):
        status(sagemaker, value)
    assert endpoint.wait_until_in_service(sagemaker.client, REALTIME) >= 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"FailureReason": "No capacity."}, "failed: No capacity. "),
        ({}, "failed: SageMaker gives no reason "),
    ],
)
def test_an_endpoint_that_failed_is_told_with_its_reason_and_its_log(sagemaker, more, said):
    status(sagemaker, "Failed", **more)
    with pytest.raises(StepError) as caught:
        endpoint.wait_until_in_service(sagemaker.client, REALTIME)
    assert str(caught.value) == (
        f"The trial endpoint {NAME} {said}The log group /aws/sagemaker/Endpoints/{NAME} has what its container said."
    )


@pytest.mark.parametrize("status_", ["Creating", "RollingBack"])
def test_an_endpoint_that_takes_too_long_is_told_by_the_recipes_key(sagemaker, status_):
    status(sagemaker, status_)
    with pytest.raises(
        StepError, match=rf"was still {status_} after -1 s, the recipe's trial\.max_wait_seconds"
    ):
        endpoint.wait_until_in_service(sagemaker.client, dataclasses.replace(REALTIME, max_wait_seconds=-1))


@pytest.mark.parametrize(
    "missing", [(), (GONE,), (GONE, GONE, GONE), (None, ("ResourceNotFound", "no"), None)]
)
def test_all_three_are_deleted_as_far_as_they_exist(sagemaker, missing):
    deletes(sagemaker, *missing)
    assert endpoint.delete(sagemaker.client, NAME, patience=60) is True


def test_an_endpoint_that_is_being_created_is_waited_for_and_then_given_up(sagemaker):
    sagemaker.add_client_error("delete_endpoint", *BUSY)
    sagemaker.add_client_error("delete_endpoint", *BUSY)
    deletes(sagemaker)
    assert endpoint.delete(sagemaker.client, NAME, patience=60) is True
    sagemaker.add_client_error("delete_endpoint", *BUSY)
    assert endpoint.delete(sagemaker.client, NAME, patience=-1) is False


@pytest.mark.parametrize(
    ("code", "message"), [("AccessDeniedException", "no"), ("ValidationException", "Invalid name")]
)
def test_what_aws_refuses_otherwise_is_an_error(sagemaker, code, message):
    sagemaker.add_client_error("delete_endpoint", code, message)
    with pytest.raises(sagemaker.client.exceptions.ClientError, match=message):
        endpoint.delete(sagemaker.client, NAME, patience=60)


def test_what_an_earlier_attempt_left_is_deleted_and_waited_for(sagemaker):
    deletes(sagemaker)
    status(sagemaker, "Deleting")
    sagemaker.add_client_error("describe_endpoint", *GONE)
    endpoint.clear(sagemaker.client, NAME, patience=60)


def test_what_does_not_go_is_told(sagemaker):
    deletes(sagemaker)
    status(sagemaker, "Deleting")
    with pytest.raises(StepError) as caught:
        endpoint.clear(sagemaker.client, NAME, patience=-1)
    assert str(caught.value) == (
        f"The trial endpoint {NAME} of an earlier attempt is still there after -1 s. Run again."
    )


PAST, FUTURE = endpoint._at(0), endpoint._at(time.time() + 10**6)
OURS = {"sagemaker:project-name": "shop", DEADLINE: PAST}


def listed(stubber, endpoints=(), configs=(), models=()):
    """What the three lists name; for each name the tags, where they are asked for."""
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:x/"
    for operation, key, kind, named in (
        ("list_endpoints", "Endpoints", "Endpoint", endpoints),
        ("list_endpoint_configs", "EndpointConfigs", "EndpointConfig", configs),
        ("list_models", "Models", "Model", models),
    ):
        status_ = {"EndpointStatus": "InService", "LastModifiedTime": 0} if kind == "Endpoint" else {}
        each = [
            {f"{kind}Name": name, f"{kind}Arn": arn + name, "CreationTime": 0, **status_} for name, _ in named
        ]
        stubber.add_response(operation, {key: each}, {"NameContains": "shop-trial-"})
        for name, tags in named:
            if tags is not None:
                stated = [{"Key": tag, "Value": value} for tag, value in tags.items()]
                stubber.add_response("list_tags", {"Tags": stated}, {"ResourceArn": arn + name})
            if tags == OURS:
                for operation_, key_ in (
                    ("delete_endpoint", "Endpoint"),
                    ("delete_endpoint_config", "EndpointConfig"),
                    ("delete_model", "Model"),
                ):
                    stubber.add_response(operation_, {}, {f"{key_}Name": name})


@pytest.mark.parametrize(
    ("name", "tags", "left"),
    [
        ("shop-trial-abc1", OURS, True),
        ("shop-trial-abc1", OURS | {DEADLINE: FUTURE}, False),
        ("shop-trial-abc1", OURS | {"sagemaker:project-name": "other"}, False),
        ("shop-trial-abc1", {"sagemaker:project-name": "shop"}, False),  # no deadline
        ("shop-trial-abc1", {}, False),
        (
            "my-shop-trial-abc1",
            None,
            False,
        ),  # names that only contain the prefix are not asked for their tags
        ("shop-trial-abc1-more", None, False),
        ("shop-trial-ABC", None, False),
    ],
)
def test_only_trials_of_the_project_whose_time_is_over_are_deleted(sagemaker, name, tags, left):
    listed(sagemaker, endpoints=[(name, tags)])
    assert endpoint.sweep(sagemaker.client, "shop-trial", "shop") == ([name] if left else [])


def test_a_model_without_an_endpoint_is_left_over_too(sagemaker):
    listed(sagemaker, models=[("shop-trial-z9", OURS)])
    assert endpoint.sweep(sagemaker.client, "shop-trial", "shop") == ["shop-trial-z9"]
