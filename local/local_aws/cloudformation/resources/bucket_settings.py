"""The properties of AWS::S3::Bucket: the operation of each, and how CloudFormation's form differs from S3's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.cloudformation.errors import ResourceError
from local_aws.cloudformation.resources.context import Context


@dataclass(frozen=True)
class Setting:
    """A property that one operation puts.

    `reset` is the operation that takes it away, or the value that it then has.
    """

    put: str
    request: Callable[[Any], dict[str, Any]]
    reset: str | dict[str, Any]

    def clear(self, bucket: str, context: Context) -> None:
        """Reset the setting of a bucket."""
        if isinstance(self.reset, str):
            context.drop("s3", self.reset, {"Bucket": bucket})
        else:
            context.call("s3", self.put, {"Bucket": bucket, **self.reset})


def _renamed(stated: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in stated.items()}


def _encryption(stated: Any) -> dict[str, Any]:
    names = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    rules = [_renamed(rule, names) for rule in stated["ServerSideEncryptionConfiguration"]]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _cors(stated: Any) -> dict[str, Any]:
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    rules = [_renamed(rule, names) for rule in stated["CorsRules"]]
    return {"CORSConfiguration": {"CORSRules": rules}}


def _logging(stated: Any) -> dict[str, Any]:
    names = {"DestinationBucketName": "TargetBucket", "LogFilePrefix": "TargetPrefix"}
    return {"BucketLoggingStatus": {"LoggingEnabled": {"TargetPrefix": "", **_renamed(stated, names)}}}


def _notification(stated: Any) -> dict[str, Any]:
    others = sorted(set(stated) - {"EventBridgeConfiguration"})
    if others:
        raise ResourceError(
            f"The embedded AWS has no bucket notification but EventBridgeConfiguration; found {', '.join(others)}."
        )
    enabled = (
        str(stated.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled", True)).lower() == "true"
    )
    return {"NotificationConfiguration": {"EventBridgeConfiguration": {}} if enabled else {}}


def _lifecycle(stated: Any) -> dict[str, Any]:
    return {"LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in stated["Rules"]]}}


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(rule) - {"Status", "Prefix", *_LIFECYCLE})
    if unknown:
        raise ResourceError(
            f"The embedded AWS does not have {', '.join(unknown)} in a bucket's lifecycle rule; it has Status, Prefix,"
            f" {', '.join(_LIFECYCLE)}."
        )
    stated = {member: form(rule[name]) for name, (member, form) in _LIFECYCLE.items() if name in rule}
    return {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}, **stated}


def _unchanged(value: Any) -> Any:
    return value


_LIFECYCLE: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "Id": ("ID", _unchanged),
    "AbortIncompleteMultipartUpload": ("AbortIncompleteMultipartUpload", _unchanged),
    "ExpirationInDays": ("Expiration", lambda days: {"Days": days}),
    "NoncurrentVersionExpiration": ("NoncurrentVersionExpiration", _unchanged),
    "NoncurrentVersionExpirationInDays": (
        "NoncurrentVersionExpiration",
        lambda days: {"NoncurrentDays": days},
    ),
    "Transitions": (
        "Transitions",
        lambda each: [_renamed(transition, {"TransitionInDays": "Days"}) for transition in each],
    ),
}
"""The properties of a lifecycle rule, and how the API has them."""

SETTINGS: Mapping[str, Setting] = {
    "BucketEncryption": Setting("PutBucketEncryption", _encryption, "DeleteBucketEncryption"),
    "CorsConfiguration": Setting("PutBucketCors", _cors, "DeleteBucketCors"),
    "LifecycleConfiguration": Setting("PutBucketLifecycleConfiguration", _lifecycle, "DeleteBucketLifecycle"),
    "LoggingConfiguration": Setting("PutBucketLogging", _logging, {"BucketLoggingStatus": {}}),
    "NotificationConfiguration": Setting(
        "PutBucketNotificationConfiguration", _notification, {"NotificationConfiguration": {}}
    ),
    "OwnershipControls": Setting(
        "PutBucketOwnershipControls",
        lambda stated: {"OwnershipControls": stated},
        "DeleteBucketOwnershipControls",
    ),
    "PublicAccessBlockConfiguration": Setting(
        "PutPublicAccessBlock",
        lambda stated: {"PublicAccessBlockConfiguration": stated},
        "DeletePublicAccessBlock",
    ),
    "VersioningConfiguration": Setting(
        "PutBucketVersioning",
        lambda stated: {"VersioningConfiguration": stated},
        {"VersioningConfiguration": {"Status": "Suspended"}},
    ),
}
