"""Requests that are larger than their service takes, by the table of `kernel.limits`.

Handlers of this server check what needs more than the request by themselves, by the same table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from local_aws.identity.actions.api_request import ApiRequest
from local_aws.kernel.limits import LIMITS
from local_aws.kernel.wire import ServiceError

Measure = Callable[[Mapping[str, Any]], int]


@dataclass(frozen=True)
class Size:
    """A measure of an operation's parameters, its limit, and the error of a request that exceeds the limit."""

    limit: str
    operations: tuple[str, ...]
    measure: Measure
    code: str
    status: int = 400

    @property
    def service(self) -> str:
        """The service that states the limit."""
        return self.limit.partition(".")[0]

    def check(self, request: ApiRequest) -> None:
        """Raises ServiceError if the request is larger than the limit, or has members that cannot be measured."""
        limit = LIMITS[self.limit]
        try:
            found = self.measure(request.parameters)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise ServiceError(
                "SerializationException", f"The request does not fit {request.operation}: {error}"
            ) from error
        if found > limit.maximum:
            raise ServiceError(
                self.code,
                f"{request.operation}: {found:,} {limit.unit}, and {limit.maximum:,} is the maximum.",
                self.status,
            )


def _bytes(member: str) -> Measure:
    return lambda given: len(str(given.get(member) or "").encode())


def _log_bytes(given: Mapping[str, Any]) -> int:
    return sum(len(str(each.get("message", "")).encode()) + 26 for each in given.get("logEvents") or ())


def _event_bytes(given: Mapping[str, Any]) -> int:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html says what counts."""
    total = 0
    for entry in given.get("Entries") or ():
        total += 14 if entry.get("Time") else 0
        total += sum(len(str(entry.get(name) or "").encode()) for name in ("Source", "DetailType", "Detail"))
        total += sum(len(str(each).encode()) for each in entry.get("Resources") or ())
    return total


def _values(given: Mapping[str, Any]) -> int:
    return max((len(each.get("Values") or ()) for each in given.get("MetricData") or ()), default=0)


def _ssm_bytes(tier: str) -> Measure:
    """A parameter's value where it is of that tier; intelligent tiering chooses the one that fits."""

    def measure(given: Mapping[str, Any]) -> int:
        stated = given.get("Tier") or "Standard"
        is_standard = stated == "Standard"
        return len(str(given.get("Value") or "")) if is_standard == (tier == "Standard") else 0

    return measure


def _tags(given: Mapping[str, Any]) -> int:
    return len(parse_qs(str(given.get("Tagging") or ""), keep_blank_values=True))


def _count(member: str) -> Measure:
    return lambda given: len(given.get(member) or ())


SIZES = (
    Size("events.entries", ("PutEvents",), _event_bytes, "ValidationException"),
    Size("s3.policy", ("PutBucketPolicy",), _bytes("Policy"), "PolicyTooLarge"),
    Size("s3.key", ("PutObject", "CopyObject", "CreateMultipartUpload"), _bytes("Key"), "KeyTooLongError"),
    Size("s3.metadata", ("PutObject", "CreateMultipartUpload"), lambda given: int(given.get("MetadataBytes") or 0), "MetadataTooLarge"),
    Size("s3.object_tags", ("PutObject", "CopyObject", "CreateMultipartUpload"), _tags, "BadRequest"),
    Size("sns.message", ("Publish",), _bytes("Message"), "InvalidParameter"),
    Size("sqs.message", ("SendMessage",), _bytes("MessageBody"), "InvalidParameterValue"),
    Size("kms.policy", ("CreateKey", "PutKeyPolicy"), _bytes("Policy"), "LimitExceededException"),
    Size("secretsmanager.policy", ("PutResourcePolicy",), _bytes("ResourcePolicy"), "InvalidParameterException"),
    Size("ssm.standard", ("PutParameter",), _ssm_bytes("Standard"), "ValidationException"),
    Size("ssm.advanced", ("PutParameter",), _ssm_bytes("Advanced"), "ValidationException"),
    Size("logs.batch", ("PutLogEvents",), _log_bytes, "InvalidParameterException"),
    Size("cloudwatch.metrics", ("PutMetricData",), _count("MetricData"), "ValidationError"),
    Size("cloudwatch.values", ("PutMetricData",), _values, "ValidationError"),
    Size("cloudwatch.queries", ("GetMetricData",), _count("MetricDataQueries"), "ValidationError"),
    Size("iam.tags", ("CreateRole", "CreatePolicy"), _count("Tags"), "LimitExceeded", 409),
)  # fmt: skip


def check(request: ApiRequest) -> None:
    """Raises ServiceError for a request that is larger than AWS takes."""
    for size in SIZES:
        if size.service == request.service and request.operation in size.operations:
            size.check(request)
