import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from local_aws.hosting.instances.serverless import IDLE_SECONDS

TIME_SCALE = 0.01
"""Of the server `quick`."""


def created(hosting, concurrency=5, provisioned=None, **environment):
    """A serverless endpoint, once it is in service: its description."""
    model = hosting.model("a", **environment)
    stated = {"MemorySizeInMB": 1024, "MaxConcurrency": concurrency}
    if provisioned:
        stated["ProvisionedConcurrency"] = provisioned
    variant = {"VariantName": "AllTraffic", "ModelName": model, "ServerlessConfig": stated}
    hosting.sagemaker.create_endpoint_config(EndpointConfigName=model, ProductionVariants=[variant])
    return hosting.create(model)


@pytest.fixture
def serverless(hosting):
    return lambda **stated: created(hosting, **stated)


@pytest.fixture(scope="module", autouse=True)
def provisioned(quick, hosting_on):
    """An endpoint that nobody calls, its model servers, and since when: begun before the other tests, to be looked at later."""
    hosting = hosting_on(quick)
    created(hosting, provisioned=1)
    yield hosting, quick.model_servers(hosting.name), time.monotonic()
    hosting.sagemaker.delete_endpoint(EndpointName=hosting.name)


@pytest.fixture
def starts(hosting):
    """How many containers the endpoint has started so far."""

    def starts():
        group = f"/aws/sagemaker/Endpoints/{hosting.name}"
        return len(hosting.client("logs").describe_log_streams(logGroupName=group)["logStreams"])

    return starts


def test_a_serverless_endpoint_answers(hosting, serverless):
    endpoint = serverless()
    [variant] = endpoint["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == {"MemorySizeInMB": 1024, "MaxConcurrency": 5}
    assert hosting.top() == "__label__first-good"


def test_a_payload_beyond_four_megabytes_is_refused(hosting, serverless):
    serverless()
    with pytest.raises(ClientError, match="a serverless endpoint takes 4,194,304 at most"):
        hosting.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=hosting.name, ContentType="application/json", Body=b" " * (4 * 1024 * 1024 + 1)
        )


def test_an_idle_endpoint_goes_to_zero_and_starts_cold(hosting, serverless, starts, quick, eventually):
    serverless()
    hosting.invoke()
    eventually(lambda: not quick.model_servers(hosting.name))
    before = starts()
    assert hosting.top() == "__label__first-good"
    assert starts() == before + 1


def test_more_at_once_than_it_may_is_throttled(hosting, serverless):
    serverless(concurrency=2, LOCAL_AWS_FAULT="slow:1000")

    def outcome(_):
        try:
            return hosting.top()
        except ClientError as error:
            return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(outcome, range(4)))
    assert outcomes.count("__label__first-good") == 2
    assert outcomes.count(("ThrottlingException", 429)) == 2


def test_guardrails_are_refused(hosting, serverless):
    serverless()
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    guarded = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
    with pytest.raises(ClientError, match="not supported for serverless endpoints"):
        hosting.update(f"{hosting.name}-a", DeploymentConfig=guarded)


def test_an_instance_based_endpoint_cannot_become_serverless(hosting):
    model = hosting.model("a")
    hosting.create(hosting.config(model))
    stated = {"MemorySizeInMB": 1024, "MaxConcurrency": 5}
    variant = {"VariantName": "AllTraffic", "ModelName": model, "ServerlessConfig": stated}
    hosting.sagemaker.create_endpoint_config(EndpointConfigName=f"{model}-s", ProductionVariants=[variant])
    with pytest.raises(ClientError, match="cannot be updated to a serverless endpoint"):
        hosting.update(f"{model}-s")


def test_an_update_moves_a_serverless_endpoint_to_another_model(hosting, serverless):
    serverless()
    second = hosting.model("b", "second")
    stated = {"MemorySizeInMB": 1024, "MaxConcurrency": 5}
    variant = {"VariantName": "AllTraffic", "ModelName": second, "ServerlessConfig": stated}
    hosting.sagemaker.create_endpoint_config(EndpointConfigName=second, ProductionVariants=[variant])
    hosting.update(second)
    hosting.settled()
    assert hosting.top() == "__label__second-good"


def test_provisioned_concurrency_stays_warm(provisioned, quick):
    hosting, [before], since = provisioned
    time.sleep(max(0, since + 1.5 * IDLE_SECONDS * TIME_SCALE - time.monotonic()))
    assert quick.model_servers(hosting.name) == [before]
