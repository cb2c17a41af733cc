import base64
import json
import re

import pytest
from botocore.exceptions import ClientError

JSON_TYPES = {"JsonContentTypes": ["application/json", "application/jsonlines"]}


@pytest.fixture
def capturing(hosting):
    """Create an endpoint with data capture below s3://BUCKET/capture/."""

    def capturing(percentage=100, modes=("Input", "Output"), types=JSON_TYPES, **others):
        config = {
            "InitialSamplingPercentage": percentage,
            "DestinationS3Uri": f"s3://{hosting.project.bucket}/capture/",
            "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
            **({"CaptureContentTypeHeader": types} if types else {}),
            **others,
        }
        return hosting.create(hosting.config(hosting.model("a"), DataCaptureConfig=config))

    return capturing


@pytest.fixture
def files(hosting):
    """The captured files by key, each as its parsed lines."""

    def files():
        s3, bucket = hosting.client("s3"), hosting.project.bucket
        found = s3.list_objects_v2(Bucket=bucket, Prefix="capture/").get("Contents", ())
        bodies = {each["Key"]: s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in found}
        return {key: [json.loads(line) for line in body.splitlines()] for key, body in bodies.items()}

    return files


def test_an_invocation_is_captured_in_sagemakers_format(hosting, capturing, files, eventually):
    capturing()
    hosting.invoke("lovely", InferenceId="case-1")
    [(key, [line])] = eventually(files).items()
    assert re.fullmatch(
        rf"capture/{hosting.name}/AllTraffic/\d{{4}}/\d\d/\d\d/\d\d/[0-9a-f-]{{36}}\.jsonl", key
    )
    assert line["eventVersion"] == "0"
    assert line["eventMetadata"]["inferenceId"] == "case-1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["eventMetadata"]["inferenceTime"])
    asked, answered = line["captureData"]["endpointInput"], line["captureData"]["endpointOutput"]
    assert (asked["mode"], asked["encoding"], asked["observedContentType"]) == (
        "INPUT",
        "JSON",
        "application/json",
    )
    assert json.loads(asked["data"])["instances"] == ["lovely"]
    assert (answered["mode"], answered["encoding"]) == ("OUTPUT", "JSON")
    assert json.loads(answered["data"])[0]["label"] == ["__label__first-good"]


def test_invocations_are_written_together(hosting, capturing, files, eventually):
    capturing()
    for _ in range(20):
        hosting.invoke()
    eventually(lambda: sum(map(len, files().values())) == 20)
    assert len(files()) < 20


def test_content_types_that_are_not_listed_are_captured_as_base64(hosting, capturing, files, eventually):
    capturing(types=None)
    hosting.invoke("lovely")
    [[line]] = eventually(files).values()
    asked = line["captureData"]["endpointInput"]
    assert asked["encoding"] == "BASE64"
    assert json.loads(base64.b64decode(asked["data"]))["instances"] == ["lovely"]


@pytest.mark.parametrize(
    ("modes", "members"),
    [
        (["Input"], ["endpointInput"]),
        (["Output"], ["endpointOutput"]),
        (["InputAndOutput"], ["endpointInput", "endpointOutput"]),
    ],
)
def test_only_what_is_asked_for_is_captured(hosting, capturing, files, eventually, modes, members):
    capturing(modes=modes)
    hosting.invoke()
    [[line]] = eventually(files).values()
    assert list(line["captureData"]) == members


def test_a_share_of_the_invocations_is_sampled(hosting, capturing, files, eventually):
    described = capturing(percentage=50)["DataCaptureConfig"]
    assert (described["CaptureStatus"], described["CurrentSamplingPercentage"]) == ("Started", 50)
    for _ in range(100):
        hosting.invoke()
    hosting.sagemaker.delete_endpoint(EndpointName=hosting.name)
    eventually(lambda: 20 <= sum(map(len, files().values())) <= 80)


def test_nothing_is_captured_of_failures(hosting, capturing, files, eventually):
    capturing()
    with pytest.raises(ClientError):
        hosting.invoke(Body=b"{")
    hosting.invoke("lovely")
    [[line]] = eventually(files).values()
    assert "lovely" in line["captureData"]["endpointInput"]["data"]


def test_files_are_encrypted_with_the_stated_key(hosting, capturing, files, eventually):
    key = hosting.project.kms_key_arn
    capturing(KmsKeyId=key)
    hosting.invoke()
    [name] = eventually(files)
    stored = hosting.client("s3").head_object(Bucket=hosting.project.bucket, Key=name)
    assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", key)
