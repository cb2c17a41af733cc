"""The clients that the commands work with, and the one place where AWS's errors become this package's."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from boto3.exceptions import Boto3Error
from botocore import exceptions as botocore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from model_common.aws.errors import error_code
from model_deploy.errors import AwsError

if TYPE_CHECKING:
    from types_boto3_cloudformation.client import CloudFormationClient
    from types_boto3_cloudwatch.client import CloudWatchClient
    from types_boto3_s3.client import S3Client
    from types_boto3_sagemaker.client import SageMakerClient
    from types_boto3_sagemaker_runtime.client import SageMakerRuntimeClient
    from types_boto3_sts.client import STSClient

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
_BAD_KEYS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_THROTTLED = {
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_CREDENTIALS = (
    botocore.NoCredentialsError,
    botocore.PartialCredentialsError,
    botocore.CredentialRetrievalError,
    botocore.TokenRetrievalError,
    botocore.SSOError,
)


class Aws:
    """The clients of one region, each made when it is first used: a command pays only for those that it needs."""

    def __init__(self, session: boto3.Session) -> None:
        self.session = session

    @property
    def region(self) -> str:
        return self.session.region_name or ""

    @cached_property
    def sagemaker(self) -> SageMakerClient:
        return self.session.client("sagemaker")

    @cached_property
    def runtime(self) -> SageMakerRuntimeClient:
        return self.session.client("sagemaker-runtime")

    def hasty_runtime(self, seconds: float) -> SageMakerRuntimeClient:
        """A client of the runtime that waits no longer than `seconds` for an answer, and asks only once."""
        config = Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1})
        return self.session.client("sagemaker-runtime", config=config)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        return self.session.client("cloudformation")

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        return self.session.client("cloudwatch")

    @cached_property
    def s3(self) -> S3Client:
        return self.session.client("s3")

    @cached_property
    def sts(self) -> STSClient:
        return self.session.client("sts")


def connect(region: str) -> Aws:
    """Clients for `region`; everything else (keys, endpoint, retries) is botocore's own configuration."""
    return Aws(boto3.Session(region_name=region))


def explain(error: BaseException) -> AwsError | None:
    """What `error` means to the person at the command line, or None when it is not an error of AWS or of its client."""
    if isinstance(error, ClientError):
        return _refusal(error)
    if isinstance(error, _CREDENTIALS):
        return _explained(
            error,
            f"There are no AWS credentials that work ({_sentence(str(error))}). Sign in (aws sso login, or the "
            "credentials step of the workflow), or run inside `local-aws exec -- CMD`.",
        )
    if isinstance(error, botocore.HTTPClientError | botocore.ConnectionError):
        return _unreachable(error)
    if isinstance(error, BotoCoreError):
        return _explained(error, f"The AWS client gave up: {_sentence(str(error))}.")
    if isinstance(error, Boto3Error):
        # An upload's error carries its cause as text only; the cause itself is what can be explained.
        inner = error.__cause__ or error.__context__
        explained = explain(inner) if inner else None
        return explained or _explained(error, f"The transfer failed: {_sentence(str(error))}.")
    return None


def _explained(error: BaseException, message: str) -> AwsError:
    return AwsError(message, type(error).__name__)


def _unreachable(error: BotoCoreError) -> AwsError:
    endpoint = error.kwargs.get("endpoint_url") or error.kwargs.get("proxy_url") or "AWS"
    return _explained(
        error,
        f"The way to {endpoint} is closed: {_sentence(str(error))}. Check the network, and AWS_ENDPOINT_URL if it is set: "
        "is the server behind it still running? A rollout that was started goes on by itself; the same command "
        "re-attaches to it.",
    )


def _refusal(error: ClientError) -> AwsError:
    code, details = error_code(error), error.response.get("Error", {})
    operation, said = error.operation_name, _sentence(details.get("Message", ""))
    if code in _DENIED:
        message = (
            f"AWS denied {operation}: {said}. The role or user that runs this command needs that permission on that "
            "resource; in a project it comes from the project's own role."
        )
    elif code in _BAD_KEYS:
        message = f"AWS does not accept these credentials ({operation}: {said}). Sign in again."
    elif code in _THROTTLED:
        message = f"AWS throttled {operation} beyond all retries: {said}. Wait a minute and run the same command again."
    elif code == "NoSuchBucket":
        bucket = details.get("BucketName", "that the command was given")
        message = (
            f"The bucket {bucket} does not exist ({operation}). ARTIFACT_BUCKET names the project's bucket; check it, "
            "and the region AWS_REGION."
        )
    elif code == "ResourceLimitExceeded":
        message = (
            f"The account's quota is used up ({operation}): {said}. Ask for more in Service Quotas, or wait."
        )
    else:
        message = f"AWS refused {operation} with {code}: {said}."
    return AwsError(message, code)


def _sentence(text: str) -> str:
    return " ".join(text.split()).rstrip(".") or "no reason was given"
