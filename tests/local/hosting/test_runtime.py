import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def running(hosting):
    """Create an endpoint, whose model may have a fault."""

    def running(fault=None, instances=1):
        environment = {"LOCAL_AWS_FAULT": fault} if fault else {}
        return hosting.create(hosting.config(hosting.model("a", **environment), instances=instances))

    return running


@pytest.fixture(scope="module", autouse=True)
def hanging(quick, hosting_on):
    """What invoking a container that hangs comes to: begun before the other tests, for it is given five seconds."""
    hosting = hosting_on(quick)
    hosting.create(hosting.config(hosting.model("a", LOCAL_AWS_FAULT="hangs")))
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(hosting.invoke)
    hosting.sagemaker.delete_endpoint(EndpointName=hosting.name)


def failure(call, **request):
    with pytest.raises(ClientError) as error:
        call(**request)
    return error.value.response


def statistic(hosting, metric, name):
    """One statistic of a metric of the endpoint, over the last hour; None where there is no data."""
    now = datetime.now(UTC)
    kind = "ExtendedStatistics" if name.startswith("p") else "Statistics"
    points = hosting.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[
            {"Name": "EndpointName", "Value": hosting.name},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        **{kind: [name]},
    )["Datapoints"]
    values = [point.get(name) or point.get("ExtendedStatistics", {}).get(name, 0) for point in points]
    return sum(values) if values else None


def test_an_answer_names_its_variant_and_its_content_type(hosting, running):
    running()
    answer = hosting.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=hosting.name,
        ContentType="application/jsonlines",
        Body=b'{"source": "lovely"}',
        InferenceId="one",
    )
    assert (answer["InvokedProductionVariant"], answer["ContentType"]) == (
        "AllTraffic",
        "application/jsonlines",
    )
    assert json.loads(answer["Body"].read())["label"] == ["__label__first-good"]


def test_a_payload_beyond_six_megabytes_is_refused(hosting, running):
    running()
    with pytest.raises(
        ClientError, match="has 6,291,457 bytes, and a real-time endpoint takes 6,291,456 at most"
    ):
        hosting.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=hosting.name, ContentType="application/json", Body=b" " * (6 * 1024 * 1024 + 1)
        )


def test_an_endpoint_or_variant_that_is_not_there_is_a_validation_error(hosting, running):
    unknown = failure(hosting.invoke, EndpointName="nowhere")
    assert unknown["Error"] == {
        "Code": "ValidationError",
        "Message": "Endpoint nowhere of account 123456789012 not found.",
    }
    running()
    assert failure(hosting.invoke, TargetVariant="Other")["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        ({"ContentType": "text/csv"}, 415, "content-type text/csv not supported"),
        ({"Body": b"{"}, 400, "Unable to decode payload: Incorrect data format. (caused by ValueError)"),
    ],
)
def test_what_the_container_refuses_is_a_model_error_with_its_words(hosting, running, request_, status, said):
    running()
    response = failure(hosting.invoke, **request_)
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == ("ModelError", 424)
    assert (response["OriginalStatusCode"], response["OriginalMessage"]) == (status, said)
    assert response["Error"]["Message"].startswith(
        f'Received client error ({status}) from primary with message "{said}". See https://eu-west-1.console'
    )
    assert response["LogStreamArn"].endswith(f":log-group:/aws/sagemaker/Endpoints/{hosting.name}")


def test_no_content_type_is_refused_by_the_container(hosting, running):
    running()
    call = hosting.client("sagemaker-runtime").invoke_endpoint
    assert failure(call, EndpointName=hosting.name, Body=b"{}")["OriginalStatusCode"] == 415


def test_a_container_that_fails_is_a_model_error(hosting, running):
    running("answers-500")
    response = failure(hosting.invoke)
    assert (response["OriginalStatusCode"], response["OriginalMessage"]) == (500, "Internal Server Error")
    assert "Received server error (500) from primary" in response["Error"]["Message"]


def test_a_container_that_hangs_is_given_up(hanging):
    response = failure(hanging.result)
    assert response["Error"]["Code"] == "ModelError"
    assert response["OriginalStatusCode"] == 0
    assert (
        "Your invocation timed out while waiting for a response from container primary"
        in response["Error"]["Message"]
    )


def test_a_container_that_dies_is_replaced(hosting, running, eventually):
    """One invocation in ten goes down with the process; the others are answered, before and after."""
    running("dies")
    answers, errors = [], []

    def third_death():
        try:
            answers.append(hosting.top())
        except ClientError as error:
            errors.append(error.response)
        return sum(error["Error"]["Code"] == "ModelError" for error in errors) == 3

    eventually(third_death, seconds=60)
    assert answers == ["__label__first-good"] * 27
    # While the process starts again the endpoint says that it is not available.
    assert {error["Error"]["Code"] for error in errors} <= {"ModelError", "ServiceUnavailable"}
    assert {error.get("OriginalStatusCode", 500) for error in errors} == {500}


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("invoke_endpoint_with_response_stream", {"Body": b"{}"}),
    ],
)
def test_what_is_not_embedded_is_refused_by_name(hosting, operation, request_):
    call = getattr(hosting.client("sagemaker-runtime"), operation)
    error = failure(call, EndpointName="any", **request_)["Error"]
    assert error["Code"] == "ValidationError"
    assert "not embedded" in error["Message"]


def test_many_clients_at_once_are_all_answered(hosting, running):
    running(instances=2)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: hosting.invoke(f"lovely {number}"), range(200)))
    assert {answer[0]["label"][0] for answer in answers} == {"__label__first-good"}


def test_invocations_are_counted_in_cloudwatch(hosting, running, eventually):
    running(instances=2)
    for _ in range(8):
        hosting.invoke()
    for _ in range(2):
        failure(hosting.invoke, Body=b"{")
    eventually(lambda: statistic(hosting, "Invocations", "Sum") == 10)
    assert statistic(hosting, "InvocationsPerInstance", "Sum") == 5
    assert statistic(hosting, "Invocation4XXErrors", "Sum") == 2
    assert statistic(hosting, "Invocation4XXErrors", "Average") == pytest.approx(0.2)
    assert statistic(hosting, "Invocation5XXErrors", "SampleCount") == 10
    assert statistic(hosting, "Invocation5XXErrors", "Sum") == 0


def test_latencies_are_in_microseconds(hosting, running, eventually):
    running("slow:1000")
    hosting.invoke()
    eventually(lambda: statistic(hosting, "Invocations", "Sum") == 1)
    assert 1_000_000 <= statistic(hosting, "ModelLatency", "p99") < 5_000_000
    assert 0 < statistic(hosting, "OverheadLatency", "Maximum") < 1_000_000
