"""The clients that the commands work with, and the one place where AWS's errors become this package's."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from boto3.exceptions import Boto3Error
from botocore import exceptions as botocore
from botocore.exceptions import BotoCoreError, ClientError

from project_template.errors import AwsError, UsageError

if TYPE_CHECKING:
    from types_boto3_cloudformation.client import CloudFormationClient
    from types_boto3_iam.client import IAMClient
    from types_boto3_s3.client import S3Client
    from types_boto3_sagemaker.client import SageMakerClient
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
_MISSING = {
    "404",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchEntity",
    "NotFound",
    "NotFoundException",
    "ResourceNotFound",
    "ResourceNotFoundException",
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
    def account(self) -> str:
        """The account's number."""
        return self.sts.get_caller_identity()["Account"]

    @cached_property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov`: the second part of every ARN of this account."""
        return self.sts.get_caller_identity()["Arn"].split(":")[1]

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        return self.session.client("cloudformation")

    @cached_property
    def iam(self) -> IAMClient:
        return self.session.client("iam")

    @cached_property
    def kms(self) -> Any:
        return self.session.client("kms")

    @cached_property
    def s3(self) -> S3Client:
        return self.session.client("s3")

    @cached_property
    def sagemaker(self) -> SageMakerClient:
        return self.session.client("sagemaker")

    @cached_property
    def secrets(self) -> Any:
        return self.session.client("secretsmanager")

    @cached_property
    def catalog(self) -> Any:
        return self.session.client("servicecatalog")

    @cached_property
    def quotas(self) -> Any:
        return self.session.client("service-quotas")

    @cached_property
    def tagging(self) -> Any:
        return self.session.client("resourcegroupstaggingapi")

    @cached_property
    def sts(self) -> STSClient:
        return self.session.client("sts")


def connect(region: str | None = None) -> Aws:
    """Clients for `region`, or for the one that botocore's own configuration names.

    Raises UsageError where there is none. Keys, endpoint and retries are botocore's own configuration.
    """
    session = boto3.Session(region_name=region)
    if not session.region_name:
        raise UsageError("There is no region: set AWS_REGION, or give --region.")
    return Aws(session)


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def error_text(error: ClientError) -> str:
    """What the service said, as one line without a full stop."""
    return _sentence(str(error.response.get("Error", {}).get("Message", "")))


def is_missing(error: ClientError) -> bool:
    """Whether the service says that what was asked for is not there."""
    said = error_text(error).lower()
    return error_code(error) in _MISSING or any(
        words in said for words in ("does not exist", "could not find", "not found")
    )


def is_denied(error: ClientError) -> bool:
    """Whether the caller may not ask that."""
    return error_code(error) in _DENIED


def bucket_exists(aws: Aws, bucket: str) -> bool:
    try:
        aws.s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if not is_missing(error):
            raise
        return False
    return True


def sagemaker_tags(aws: Aws, arn: str) -> dict[str, str]:
    """The tags of a resource of SageMaker's."""
    pages = aws.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def explain(error: BaseException) -> AwsError | None:
    """What `error` means to the person at the command line, or None when it is not an error of AWS or of its client."""
    if isinstance(error, ClientError):
        return _refusal(error)
    if isinstance(error, _CREDENTIALS):
        return AwsError(
            f"There are no AWS credentials that work ({_sentence(str(error))}). Sign in (aws sso login), or run inside "
            "`local-aws exec -- CMD`.",
        )
    if isinstance(error, botocore.HTTPClientError | botocore.ConnectionError):
        endpoint = error.kwargs.get("endpoint_url") or error.kwargs.get("proxy_url") or "AWS"
        return AwsError(
            f"The way to {endpoint} is closed: {_sentence(str(error))}. Check the network, and AWS_ENDPOINT_URL if it is "
            "set. What was started goes on by itself; the same command re-attaches to it.",
        )
    if isinstance(error, BotoCoreError):
        return AwsError(f"The AWS client gave up: {_sentence(str(error))}.")
    if isinstance(error, Boto3Error):
        # An upload's error carries its cause as text only; the cause itself is what can be explained.
        inner = error.__cause__ or error.__context__
        explained = explain(inner) if inner else None
        return explained or AwsError(f"The transfer failed: {_sentence(str(error))}.")
    return None


def _refusal(error: ClientError) -> AwsError:
    code, operation, said = error_code(error), error.operation_name, error_text(error)
    if code in _DENIED:
        message = (
            f"AWS denied {operation}: {said}. Whoever runs this command needs that permission; what was done so far "
            "stays, and the same command goes on from there."
        )
    elif code in _BAD_KEYS:
        message = f"AWS does not accept these credentials ({operation}: {said}). Sign in again."
    elif code == "NoSuchBucket":
        bucket = error.response.get("Error", {}).get("BucketName", "of the publication")
        message = (
            f"The bucket {bucket} does not exist ({operation}). `project-template doctor` says what else is missing; "
            "check the region, too."
        )
    elif code in {"ResourceLimitExceeded", "LimitExceeded", "LimitExceededException"}:
        message = f"A quota of the account is used up ({operation}): {said}. Ask for more in Service Quotas."
    else:
        message = f"AWS refused {operation} with {code}: {said}."
    return AwsError(message)


def _sentence(text: str) -> str:
    return " ".join(text.split()).rstrip(".") or "no reason was given"
