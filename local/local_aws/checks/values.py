"""Names and numbers that a service does not take, where botocore's model of it does not say so.

Names that are AWS's own are taken from AWS's own services.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from local_aws.identity.actions.api_request import ApiRequest
from local_aws.kernel.wire import ServiceError

Problem = Callable[[str], str | None]
"""What is wrong with a value, as text; None for nothing."""


@dataclass(frozen=True)
class Value:
    """A member of requests, what can be wrong with it, and the error for that."""

    service: str
    operations: tuple[str, ...]
    member: str
    problem: Problem
    code: str


_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_BUCKET_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_BUCKET_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def _bucket(name: str) -> str | None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
    fits = _BUCKET.fullmatch(name) and ".." not in name and not _IP_ADDRESS.fullmatch(name)
    if fits and not name.startswith(_BUCKET_PREFIXES) and not name.endswith(_BUCKET_SUFFIXES):
        return None
    return "The specified bucket is not valid."


def _parameter(name: str) -> str | None:
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html"""
    if not re.fullmatch(r"[a-zA-Z0-9_.\-/]+", name):
        return "Parameter name: only a mix of letters, numbers and the following 3 symbols .-_ are allowed"
    if "/" in name and not name.startswith("/"):
        return "Parameter name must be a fully qualified name: in a hierarchy it begins with /."
    return None


def _secret(name: str) -> str | None:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html"""
    if re.fullmatch(r"[a-zA-Z0-9/_+=.@!-]+", name):
        return None
    return "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"


def _alias(name: str) -> str | None:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html"""
    return "The prefix alias/aws/ is reserved." if name.startswith("alias/aws/") else None


def _log_group(name: str) -> str | None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"""
    return "Log groups starting with aws/ are reserved." if name.startswith("aws/") else None


def _namespace(name: str) -> str | None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"""
    return f"The value {name} for parameter Namespace is invalid." if name.startswith("AWS/") else None


_RETENTION = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)


def _retention(days: str) -> str | None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""
    if int(days or 0) in _RETENTION:
        return None
    return f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: {sorted(_RETENTION)}"


def _window(days: str) -> str | None:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"""
    return None if not days or 7 <= int(days) <= 30 else "PendingWindowInDays must be between 7 and 30."


def _provider(url: str) -> str | None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html"""
    return None if url.startswith("https://") else "The URL has to begin with https://."


VALUES = (
    Value("s3", ("CreateBucket",), "Bucket", _bucket, "InvalidBucketName"),
    Value("ssm", ("PutParameter",), "Name", _parameter, "ValidationException"),
    Value("secretsmanager", ("CreateSecret",), "Name", _secret, "ValidationException"),
    Value("kms", ("CreateAlias", "UpdateAlias"), "AliasName", _alias, "NotAuthorizedException"),
    Value("logs", ("CreateLogGroup",), "logGroupName", _log_group, "InvalidParameterException"),
    Value("cloudwatch", ("PutMetricData",), "Namespace", _namespace, "InvalidParameterValue"),
    Value("logs", ("PutRetentionPolicy",), "retentionInDays", _retention, "InvalidParameterException"),
    Value("kms", ("ScheduleKeyDeletion",), "PendingWindowInDays", _window, "ValidationException"),
    Value("iam", ("CreateOpenIDConnectProvider",), "Url", _provider, "InvalidInput"),
)


def check(request: ApiRequest) -> None:
    """Raises ServiceError for a value that AWS does not take."""
    if request.by_service:
        return
    for value in VALUES:
        if value.service != request.service or request.operation not in value.operations:
            continue
        if said := value.problem(str(request.parameters.get(value.member, ""))):
            raise ServiceError(value.code, said)
