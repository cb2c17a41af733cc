"""Which model an endpoint serves, and what becomes of it, from SageMaker's own descriptions."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from model_deploy.aws import endpoint
from model_deploy.core.plan.observed import Endpoint, Live, Phase

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models/7"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
SHA256 = "a" * 64
COPY = f"s3://shop/deploy/staging/models/{SHA256}/model.tar.gz"


def described(status="InService", **members):
    return {
        "EndpointName": "shop-staging",
        "EndpointArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/shop-staging",
        "EndpointStatus": status,
        "EndpointConfigName": "config-1",
        "CreationTime": NOON,
        "LastModifiedTime": NOON,
        **members,
    }


CONFIG = {
    "EndpointConfigName": "config-1",
    "EndpointConfigArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/config-1",
    "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "model-1"}],
    "CreationTime": NOON,
}


def model(**members):
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:model/model-1"
    return {"ModelName": "model-1", "ModelArn": arn, "CreationTime": NOON, **members}


@pytest.fixture
def served(clients, stub):
    """What the endpoint serves if its model is described so."""

    def served(answer):
        sagemaker = stub("sagemaker")
        sagemaker.add_response("describe_endpoint", described(), {"EndpointName": "shop-staging"})
        sagemaker.add_response("describe_endpoint_config", CONFIG, {"EndpointConfigName": "config-1"})
        sagemaker.add_response("describe_model", answer, {"ModelName": "model-1"})
        found = endpoint.live_model(clients, "shop-staging")
        return found.model, found.package_arn, found.model_sha256

    return served


@pytest.mark.parametrize(
    ("container", "package", "sha256"),
    [
        ({"Environment": {"MODEL_PACKAGE_ARN": ARN}, "ModelDataUrl": COPY}, ARN, SHA256),
        (
            {"Environment": {"MODEL_PACKAGE_ARN": ARN}, "ModelDataUrl": "s3://shop/models/1/model.tar.gz"},
            ARN,
            None,
        ),
        ({"ModelPackageName": ARN}, ARN, None),
        ({"ModelPackageName": ARN, "ModelDataUrl": COPY}, ARN, SHA256),
        ({"Environment": {"OTHER": ARN}, "ModelDataUrl": COPY}, None, None),
        ({}, None, None),
    ],
    ids=["the stage's copy", "the original", "by name", "by name, a copy", "another variable", "nothing"],
)
def test_a_models_package_is_the_one_that_its_container_names(served, container, package, sha256):
    assert served(model(PrimaryContainer=container)) == ("model-1", package, sha256)
    assert served(model(Containers=[{"Image": "image:1"}, container])) == ("model-1", package, sha256)


@pytest.mark.parametrize(
    "uri",
    [
        COPY.replace("a" * 64, "a" * 63),
        COPY.replace("a", "A"),
        f"{COPY}.old",
        COPY.replace("/models", ""),
        f"x{COPY}",
        "",
    ],
)
def test_only_the_stages_copy_says_the_hash_of_its_content(served, uri):
    container = {"Environment": {"MODEL_PACKAGE_ARN": ARN}} | (
        {"ModelDataUrl": uri} if uri.startswith("s3") else {}
    )
    assert served(model(PrimaryContainer=container))[2] is None


def test_no_endpoint_serves_nothing(clients, stub):
    stub("sagemaker").add_client_error("describe_endpoint", "ValidationException", "Could not find endpoint")
    assert endpoint.live_model(clients, "shop-staging") is None


def test_an_endpoint_whose_configuration_is_gone_serves_what_nobody_knows(clients, stub):
    sagemaker = stub("sagemaker")
    sagemaker.add_response("describe_endpoint", described())
    sagemaker.add_client_error("describe_endpoint_config", "ValidationException", "Could not find it")
    assert endpoint.live_model(clients, "shop-staging") == Live(endpoint.parse(described()), "", None)


@pytest.mark.parametrize("call", ["describe_endpoint", "describe_endpoint_config", "describe_model"])
def test_what_may_not_be_described_is_an_error(clients, stub, call):
    sagemaker = stub("sagemaker")
    for name, answer in (
        ("describe_endpoint", described()),
        ("describe_endpoint_config", CONFIG),
        ("describe_model", {}),
    ):
        if name == call:
            sagemaker.add_client_error(name, "AccessDeniedException", "no")
            break
        sagemaker.add_response(name, answer)
    with pytest.raises(ClientError, match="AccessDenied"):
        endpoint.live_model(clients, "shop-staging")


def test_an_endpoint_at_rest_is_its_status_and_its_configuration():
    assert endpoint.parse(described()) == Endpoint("shop-staging", "InService", "config-1", modified=NOON)


def test_an_update_is_told_with_its_alarms_its_phases_and_where_it_goes():
    baking = {"Status": "Baking", "StatusMessage": "Baking 300 s", "StartTime": NOON}
    activating = {"Status": "ActivatingTraffic"}
    found = endpoint.parse(
        described(
            "Updating",
            FailureReason="It rang.",
            LastDeploymentConfig={
                "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}, {"AlarmName": "b"}]}
            },
            PendingDeploymentSummary={
                "EndpointConfigName": "config-2",
                "ProductionVariants": [{"VariantName": "AllTraffic", "VariantStatus": [baking]}],
            },
            ProductionVariants=[{"VariantName": "AllTraffic", "VariantStatus": [baking, activating]}],
        )
    )
    assert (found.changing, found.alarms, found.pending_config, found.reason) == (
        True,
        ("a", "b"),
        "config-2",
        "It rang.",
    )
    assert found.phases == (Phase("Baking", "Baking 300 s", NOON), Phase("ActivatingTraffic", "", None))


@pytest.mark.parametrize(
    "empty",
    [{"LastDeploymentConfig": None}, {"PendingDeploymentSummary": None}, {"LastDeploymentConfig": {}}],
)
def test_members_without_content_are_none(empty):
    found = endpoint.parse(described(**empty))
    assert (found.alarms, found.phases, found.pending_config) == ((), (), "")


def test_the_next_model_is_that_of_the_pending_configuration(clients, stub):
    sagemaker = stub("sagemaker")
    sagemaker.add_response("describe_endpoint_config", CONFIG, {"EndpointConfigName": "config-2"})
    sagemaker.add_response("describe_model", model(PrimaryContainer={"ModelPackageName": ARN}))
    updating = Endpoint("shop-staging", "Updating", "config-1", pending_config="config-2")
    assert endpoint.next_model(clients, updating).package_arn == ARN
    assert endpoint.next_model(clients, Endpoint("shop-staging", "InService", "config-1")) is None


# What the statuses mean. Source: EndpointStatus, DescribeEndpoint, SageMaker API reference.


@pytest.mark.parametrize(
    ("status", "changing", "serves"),
    [
        ("OutOfService", False, False),
        ("Creating", True, False),
        ("Updating", True, True),
        ("SystemUpdating", True, True),
        ("RollingBack", True, True),
        ("InService", False, True),
        ("Deleting", True, False),
        ("Failed", False, False),
        ("UpdateRollbackFailed", False, False),
    ],
)
def test_a_status_says_whether_it_changes_and_whether_it_answers(status, changing, serves):
    found = Endpoint("shop-staging", status, "config-1")
    assert (found.changing, Live(found, "model-1", None).serves) == (changing, serves)


def test_every_status_of_the_api_is_told_apart(clients):
    shape = clients.sagemaker.meta.service_model.shape_for("EndpointStatus")
    [marked] = [
        mark
        for mark in test_a_status_says_whether_it_changes_and_whether_it_answers.pytestmark
        if mark.name == "parametrize"
    ]
    assert {case[0] for case in marked.args[1]} == set(shape.enum)
