"""AWS's errors become messages that say what, to what, and what next."""

from typing import Any

import boto3
import pytest
from boto3.exceptions import S3UploadFailedError
from botocore import exceptions as botocore
from botocore.config import Config
from botocore.exceptions import ClientError

from model_common.aws.errors import error_text, explain, is_denied, is_missing, names_nothing, unless_missing
from model_common.cli.advice import Advice

ADVICE = Advice(work="A pipeline that was started")


def refused(code, message="It said so.", operation="CreatePipeline", bucket=""):
    response: Any = {"Error": {"Code": code, "Message": message}}
    if bucket:
        response["Error"]["BucketName"] = bucket
    return ClientError(response, operation)


@pytest.mark.parametrize(
    ("error", "phrases"),
    [
        (
            refused(
                "AccessDeniedException", "User x is not authorized to perform: sagemaker:CreatePipeline on y."
            ),
            ["AWS denied CreatePipeline", "sagemaker:CreatePipeline on y", "permission"],
        ),
        (refused("ExpiredTokenException"), ["does not accept these credentials", "Sign in again"]),
        (refused("ThrottlingException"), ["throttled CreatePipeline", "run the same command again"]),
        (
            refused("NoSuchBucket", operation="PutObject", bucket="shop-artifacts"),
            ["The bucket shop-artifacts does not exist (PutObject)", "ARTIFACT_BUCKET", "AWS_REGION"],
        ),
        (refused("ResourceLimitExceeded"), ["quota", "Service Quotas"]),
        (refused("LimitExceededException"), ["quota", "Service Quotas"]),
        (refused("ValidationException", "no"), ["AWS refused CreatePipeline with ValidationException: no."]),
        (botocore.NoCredentialsError(), ["no AWS credentials", "local-aws exec"]),
        (
            botocore.EndpointConnectionError(endpoint_url="http://127.0.0.1:9"),
            ["http://127.0.0.1:9", "A pipeline that was started goes on by itself", "re-attaches"],
        ),
        (
            botocore.ConnectionClosedError(endpoint_url="http://127.0.0.1:9"),
            ["http://127.0.0.1:9", "re-attaches"],
        ),
        (botocore.ReadTimeoutError(endpoint_url="http://127.0.0.1:9"), ["http://127.0.0.1:9", "network"]),
        (botocore.ParamValidationError(report="Missing x"), ["The AWS client gave up", "Missing x"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_kind_of_error_is_explained(error, phrases):
    explained = explain(error, ADVICE)
    assert explained is not None
    assert all(phrase in explained.message for phrase in phrases), explained.message
    assert explained.exit_code == 1


def test_the_services_code_stays_known():
    explained = explain(refused("NoSuchBucket"), ADVICE)
    assert explained is not None
    assert explained.code == "NoSuchBucket"


def test_what_is_not_of_aws_is_not_explained():
    assert explain(ValueError("x"), ADVICE) is None


def test_the_cause_of_a_failed_upload_is_explained(aws, tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"x")
    with pytest.raises(S3UploadFailedError) as caught:
        aws.client("s3").upload_file(str(path), "no-such-bucket-here", "x")
    explained = explain(caught.value, ADVICE)
    assert explained is not None
    assert explained.message.startswith("The bucket no-such-bucket-here does not exist")


def test_a_server_that_is_gone_is_explained_with_its_address():
    client = boto3.client(
        "sagemaker",
        region_name="eu-west-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(botocore.EndpointConnectionError) as caught:
        client.list_pipelines()
    explained = explain(caught.value, ADVICE)
    assert explained is not None
    assert "http://127.0.0.1:9/ cannot be reached" in explained.message


def test_advice_is_the_commands_own():
    advice = Advice(denied="Ask Ada.", bucket="Look under the sofa.", bucket_name="of yours")
    denied, missing = explain(refused("AccessDenied"), advice), explain(refused("NoSuchBucket"), advice)
    assert denied is not None and denied.message.endswith("It said so. Ask Ada.")
    assert missing is not None
    assert missing.message == "The bucket of yours does not exist (CreatePipeline). Look under the sofa."


@pytest.mark.parametrize(
    ("code", "message", "missing"),
    [
        ("ResourceNotFound", "", True),
        ("NoSuchEntity", "", True),
        ("404", "Not Found", True),
        ("ValidationError", "Stack with id shop does not exist", True),
        ("ValidationException", "Could not find model package 7.", True),
        ("ValidationException", "1 validation error detected", False),
        ("AccessDenied", "User x is not authorized", False),
    ],
)
def test_what_does_not_exist_is_told_by_code_or_by_words(code, message, missing):
    assert is_missing(refused(code, message)) is missing


@pytest.mark.parametrize(
    ("code", "nothing"),
    [
        ("ValidationException", True),
        ("ResourceNotFound", True),
        ("AccessDenied", False),
        ("ValidationError", False),
    ],
)
def test_an_arn_of_something_else_names_nothing_either(code, nothing):
    assert names_nothing(refused(code, "1 validation error detected")) is nothing


def test_what_is_denied_is_told_by_its_code():
    assert is_denied(refused("AccessDeniedException"))
    assert not is_denied(refused("ValidationException"))


def test_the_services_words_are_one_line_without_a_full_stop():
    assert error_text(refused("X", "Two\n  lines.")) == "Two lines"
    assert error_text(refused("X", "")) == "no reason was given"


def test_what_is_deleted_already_is_no_error():
    def delete(**request):
        raise refused("ValidationException", f"Could not find model {request['ModelName']!r}.")

    unless_missing(delete, ModelName="old")


def test_a_deletion_that_is_denied_is_an_error():
    def delete(**_):
        raise refused("AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDeniedException"):
        unless_missing(delete, ModelName="old")
