import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def refusal():
    """The code and message with which the API refuses a call."""

    def refusal(call, *arguments, **request):
        with pytest.raises(ClientError) as error:
            call(*arguments, **request)
        return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]

    return refusal


@pytest.fixture(scope="module", autouse=True)
def never_ready(quick, hosting_on):
    """The endpoint of a container that never answers its ping: begun before the other tests, for it takes ten seconds."""
    hosting = hosting_on(quick)
    config = hosting.config(hosting.model("a", LOCAL_AWS_FAULT="never-ready"))
    hosting.sagemaker.create_endpoint(EndpointName=hosting.name, EndpointConfigName=config)
    yield hosting
    hosting.settled()
    hosting.sagemaker.delete_endpoint(EndpointName=hosting.name)


def arn(hosting, kind, name):
    return f"arn:aws:sagemaker:eu-west-1:123456789012:{kind}/{name}"


def streams(hosting):
    """The endpoint's log streams, each with its messages."""
    logs = hosting.client("logs")
    group = f"/aws/sagemaker/Endpoints/{hosting.name}"
    return {
        stream["logStreamName"]: [
            event["message"]
            for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])[
                "events"
            ]
        ]
        for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]
    }


def test_a_configuration_is_described_as_it_was_created(hosting):
    name = hosting.config(hosting.model("a"), instances=2, Tags=[{"Key": "stage", "Value": "test"}])
    described = hosting.sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert described["EndpointConfigArn"] == arn(hosting, "endpoint-config", name)
    [variant] = described["ProductionVariants"]
    assert (variant["ModelName"], variant["InitialInstanceCount"], variant["InitialVariantWeight"]) == (
        name,
        2,
        1,
    )
    tags = hosting.sagemaker.list_tags(ResourceArn=described["EndpointConfigArn"])["Tags"]
    assert tags == [{"Key": "stage", "Value": "test"}]
    listed = hosting.sagemaker.list_endpoint_configs(NameContains=name)["EndpointConfigs"]
    assert [config["EndpointConfigName"] for config in listed] == [name]


def test_a_deleted_configuration_is_gone(hosting, refusal):
    name = hosting.config(hosting.model("a"))
    hosting.sagemaker.delete_endpoint_config(EndpointConfigName=name)
    missing = (
        "ValidationException",
        f'Could not find endpoint configuration "{arn(hosting, "endpoint-config", name)}".',
    )
    assert refusal(hosting.sagemaker.describe_endpoint_config, EndpointConfigName=name) == missing
    assert refusal(hosting.create, name) == missing


def test_a_configuration_needs_its_model(hosting, refusal):
    missing = arn(hosting, "model", "nothing")
    assert refusal(hosting.config, "nothing") == ("ValidationException", f'Could not find model "{missing}".')


def test_a_name_is_taken_once(hosting, refusal):
    config = hosting.config(hosting.model("a"))
    taken = arn(hosting, "endpoint-config", config)
    _, message = refusal(hosting.config, config)
    assert message == f'Cannot create already existing endpoint configuration "{taken}".'
    hosting.create(config)
    _, message = refusal(hosting.create, config)
    assert message == f'Cannot create already existing endpoint "{arn(hosting, "endpoint", hosting.name)}".'


REALTIME = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
CAPTURE = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://bucket/capture",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
ASYNC = {"OutputConfig": {"S3OutputPath": "s3://bucket/out"}}
VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}


@pytest.mark.parametrize(
    ("variants", "others", "words"),
    [
        (
            [REALTIME],
            {"AsyncInferenceConfig": ASYNC, "DataCaptureConfig": CAPTURE},
            "data capture is not supported for asynchronous",
        ),
        ([REALTIME, REALTIME], {"AsyncInferenceConfig": ASYNC}, "support one production variant only"),
        ([REALTIME], {"AsyncInferenceConfig": {"OutputConfig": {}}}, "has no S3OutputPath"),
        ([{}], {}, "InstanceType must be specified"),
        ([REALTIME | SERVERLESS], {}, "cannot be specified together with ServerlessConfig"),
        ([SERVERLESS, REALTIME], {}, "one production variant only"),
        ([SERVERLESS], {"DataCaptureConfig": CAPTURE}, "data capture is not supported for serverless"),
        ([SERVERLESS], {"EnableNetworkIsolation": True}, "network isolation is not supported for serverless"),
        ([SERVERLESS], {"VpcConfig": VPC}, "VPC configuration is not supported for serverless"),
        ([{"ServerlessConfig": {"MemorySizeInMB": 1500, "MaxConcurrency": 5}}], {}, "MemorySizeInMB is 1500"),
        (
            [
                {
                    "ServerlessConfig": {
                        "MemorySizeInMB": 1024,
                        "MaxConcurrency": 5,
                        "ProvisionedConcurrency": 6,
                    }
                }
            ],
            {},
            "ProvisionedConcurrency must be less than or equal to MaxConcurrency",
        ),
        ([REALTIME | {"ManagedInstanceScaling": {"Status": "ENABLED"}}], {}, "ManagedInstanceScaling"),
        (
            [REALTIME | {"InstancePools": [{"InstanceType": "ml.m5.large", "Priority": 1}]}],
            {},
            "InstancePools of the variant v0 is not embedded",
        ),
    ],
)
def test_what_cannot_be_deployed_is_refused_by_name(hosting, refusal, variants, others, words):
    model = hosting.model("a")
    stated = [{"VariantName": f"v{i}", "ModelName": model, **variant} for i, variant in enumerate(variants)]
    create = hosting.sagemaker.create_endpoint_config
    code, message = refusal(create, EndpointConfigName=model, ProductionVariants=stated, **others)
    assert code == "ValidationException"
    assert words in message


def test_an_image_that_no_server_is_embedded_for_is_refused(hosting, refusal):
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/pytorch-training:2.6"
    hosting.sagemaker.create_model(
        ModelName=hosting.name,
        PrimaryContainer={"Image": image},
        ExecutionRoleArn=hosting.project.pipeline_role_arn,
    )
    _, message = refusal(hosting.config, hosting.name)
    assert "pytorch-training:2.6' that serves models" in message
    assert "one of the repositories blazingtext, pytorch-inference, sagemaker-scikit-learn" in message


def test_an_endpoint_comes_into_service_and_answers(hosting):
    config = hosting.config(hosting.model("a"), instances=2)
    created = hosting.create(config, Tags=[{"Key": "stage", "Value": "test"}])
    assert (created["EndpointStatus"], created["EndpointConfigName"]) == ("InService", config)
    [variant] = created["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (2, 2)
    assert hosting.invoke("lovely", "awful")[1]["label"] == ["__label__first-bad"]
    assert len(streams(hosting)) == 2
    tags = hosting.sagemaker.list_tags(ResourceArn=created["EndpointArn"])["Tags"]
    assert tags == [{"Key": "stage", "Value": "test"}]


def test_a_model_package_can_be_deployed(hosting):
    uri = hosting.put("package/model.tar.gz", hosting.archives["second"])
    containers = [
        {"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1", "ModelDataUrl": uri}
    ]
    package = hosting.sagemaker.create_model_package(
        ModelPackageGroupName=hosting.project.model_package_group,
        InferenceSpecification={
            "Containers": containers,
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        ModelApprovalStatus="Approved",
    )["ModelPackageArn"]
    hosting.sagemaker.create_model(
        ModelName=hosting.name,
        PrimaryContainer={"ModelPackageName": package},
        ExecutionRoleArn=hosting.project.pipeline_role_arn,
    )
    hosting.create(hosting.config(hosting.name))
    assert hosting.top() == "__label__second-good"


def test_the_log_stream_of_an_instance_tells_what_its_container_says(hosting, eventually):
    hosting.create(hosting.config(hosting.model("a")))
    [name] = streams(hosting)
    assert name.startswith("AllTraffic/i-")
    assert eventually(
        lambda: any("all workers finished loading model" in line for line in streams(hosting)[name])
    )


def test_an_artifact_that_is_gone_fails_the_endpoint(hosting):
    config = hosting.config(hosting.model("a"))
    hosting.client("s3").delete_object(Bucket=hosting.project.bucket, Key="a/model.tar.gz")
    failed = hosting.create(config)
    uri = f"s3://{hosting.project.bucket}/a/model.tar.gz"
    assert failed["EndpointStatus"] == "Failed"
    assert failed["FailureReason"].startswith(
        f'Failed to download model data for container "container_1" from URL: "{uri}". Please ensure'
    )


def test_an_artifact_that_is_no_archive_fails_the_endpoint(hosting):
    failed = hosting.create(hosting.config(hosting.model("a", b"no archive")))
    assert failed["EndpointStatus"] == "Failed"
    assert "Failed to extract model data archive" in failed["FailureReason"]
    assert "valid tar.gz archive" in failed["FailureReason"]


def test_an_archive_that_is_cut_off_fails_the_endpoint(hosting):
    failed = hosting.create(hosting.config(hosting.model("a", hosting.archives["first"][:-2000])))
    assert "Failed to extract model data archive" in failed["FailureReason"]


def test_an_archive_without_a_model_fails_the_endpoint_by_its_ping(hosting, archive, eventually):
    failed = hosting.create(hosting.config(hosting.model("a", archive({"model.txt": b"nothing"}))))
    assert failed["EndpointStatus"] == "Failed"
    assert failed["FailureReason"] == (
        "The primary container for production variant AllTraffic did not pass the ping health check. Please check "
        "CloudWatch logs for this endpoint."
    )
    assert eventually(
        lambda: any("Unable to load model" in line for lines in streams(hosting).values() for line in lines)
    )


def test_a_container_that_never_answers_its_ping_fails_the_endpoint(never_ready):
    failed = never_ready.settled()
    assert failed["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in failed["FailureReason"]


def test_a_failed_endpoint_takes_neither_updates_nor_invocations(hosting, refusal):
    hosting.create(hosting.config(hosting.model("a", b"no archive")))
    assert "in status Failed" in refusal(hosting.update, hosting.config(hosting.model("b")))[1]
    code, message = refusal(hosting.invoke)
    assert (code, message) == (
        "ValidationError",
        f"Endpoint {hosting.name} of account 123456789012 not found.",
    )


def test_an_endpoint_is_changed_by_one_at_a_time(hosting, refusal):
    first, second = hosting.config(hosting.model("a")), hosting.config(hosting.model("b", "second"))
    hosting.create(first)
    hosting.update(second)
    busy = f'Cannot update in-progress endpoint "{arn(hosting, "endpoint", hosting.name)}".'
    assert refusal(hosting.update, second) == ("ValidationException", busy)
    assert refusal(hosting.sagemaker.delete_endpoint, EndpointName=hosting.name) == (
        "ValidationException",
        busy,
    )
    assert hosting.settled()["EndpointConfigName"] == second


def test_a_deleted_endpoint_leaves_nothing(hosting, refusal, eventually):
    hosting.create(hosting.config(hosting.model("a")))
    hosting.sagemaker.delete_endpoint(EndpointName=hosting.name)
    eventually(lambda: not hosting.sagemaker.list_endpoints(NameContains=hosting.name)["Endpoints"])
    gone = f'Could not find endpoint "{arn(hosting, "endpoint", hosting.name)}".'
    assert refusal(hosting.describe) == ("ValidationException", gone)
    assert refusal(hosting.invoke)[0] == "ValidationError"


def test_weights_move_traffic_between_variants(hosting):
    first, second = hosting.model("a"), hosting.model("b", "second")
    variants = [
        {"VariantName": name, "ModelName": model, "InitialVariantWeight": weight, **REALTIME}
        for name, model, weight in (("old", first, 1), ("new", second, 0))
    ]
    hosting.sagemaker.create_endpoint_config(EndpointConfigName=first, ProductionVariants=variants)
    hosting.create(first)
    assert {hosting.top() for _ in range(10)} == {"__label__first-good"}
    assert hosting.top(TargetVariant="new") == "__label__second-good"
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=hosting.name,
        DesiredWeightsAndCapacities=[
            {"VariantName": "old", "DesiredWeight": 0},
            {"VariantName": "new", "DesiredWeight": 3},
        ],
    )
    weights = [variant["CurrentWeight"] for variant in hosting.settled()["ProductionVariants"]]
    assert weights == [0, 3]
    assert {hosting.top() for _ in range(10)} == {"__label__second-good"}


def test_instances_come_and_go_with_the_count(hosting, load):
    hosting.create(hosting.config(hosting.model("a")))
    counts = []
    with load:
        for count in (3, 1):
            hosting.sagemaker.update_endpoint_weights_and_capacities(
                EndpointName=hosting.name,
                DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": count}],
            )
            [variant] = hosting.settled()["ProductionVariants"]
            counts.append(variant["CurrentInstanceCount"])
    assert counts == [3, 1]
    assert load.labels
    assert load.failures == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"VariantName": "other", "DesiredWeight": 1}, "no variant other"),
        ({"VariantName": "AllTraffic", "DesiredInstanceCount": 0}, "must be at least 1"),
    ],
)
def test_a_change_that_cannot_be_is_refused(hosting, refusal, change, words):
    hosting.create(hosting.config(hosting.model("a")))
    call = hosting.sagemaker.update_endpoint_weights_and_capacities
    _, message = refusal(call, EndpointName=hosting.name, DesiredWeightsAndCapacities=[change])
    assert words in message
