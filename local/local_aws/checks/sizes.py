"""Requests that are larger than their service takes, by the table of `kernel.limits`.

Handlers of this server check what needs more than the request by themselves, by the same table.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.identity.actions.api_request import ApiRequest
from local_aws.kernel.limits import LIMITS
from local_aws.kernel.wire import ServiceError

Measure = Callable[[Mapping[str, Any]], int]


@dataclass(frozen=True)
class Size:
    """What is measured of an operation's parameters, by which limit, and the error for too much, or for too little."""

    limit: str
    operations: tuple[str, ...]
    measure: Measure
    code: str
    status: int = 400
    minimum: int = 0

    @property
    def service(self) -> str:
        """The service that states the limit."""
        return self.limit.partition(".")[0]

    def check(self, request: ApiRequest) -> None:
        """Raises ServiceError if the request is beyond the limit, or has members that cannot be measured."""
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
        if found < self.minimum:
            raise ServiceError(
                self.code,
                f"{request.operation}: {found:,} {limit.unit}, and {self.minimum:,} is the minimum.",
                self.status,
            )


def _bytes(member: str) -> Measure:
    return lambda given: len(str(given.get(member) or "").encode())


def _log_bytes(given: Mapping[str, Any]) -> int:
    return sum(len(str(each.get("message", "")).encode()) + 26 for each in given.get("logEvents") or ())


def _log_span(given: Mapping[str, Any]) -> int:
    """Of the events whose age CloudWatch Logs takes: it leaves out the others."""
    now = time.time()
    oldest, newest = (now - 14 * 24 * 3600) * 1000, (now + 2 * 3600) * 1000
    stated = [int(each["timestamp"]) for each in given.get("logEvents") or ()]
    moments = [moment for moment in stated if oldest <= moment <= newest]
    return max(moments, default=0) - min(moments, default=0)


def _event_bytes(given: Mapping[str, Any]) -> int:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html says what counts."""
    total = 0
    for entry in given.get("Entries") or ():
        total += 14 if entry.get("Time") else 0
        total += sum(len(str(entry.get(name) or "").encode()) for name in ("Source", "DetailType", "Detail"))
        total += sum(len(str(each).encode()) for each in entry.get("Resources") or ())
    return total


def _message_bytes(member: str) -> Measure:
    """A message with its attributes: their names, types and values count."""

    def measure(given: Mapping[str, Any]) -> int:
        total = len(str(given.get(member) or "").encode())
        for name, attribute in (given.get("MessageAttributes") or {}).items():
            stated = [name, attribute.get("DataType", ""), attribute.get("StringValue") or ""]
            binary = attribute.get("BinaryValue") or b""
            binary = binary if isinstance(binary, bytes) else base64.b64decode(binary)
            total += sum(len(each.encode()) for each in stated) + len(binary)
        return total

    return measure


def _batch_bytes(entries: str, member: str) -> Measure:
    measure = _message_bytes(member)
    return lambda given: sum(measure(each) for each in given.get(entries) or ())


def _values(given: Mapping[str, Any]) -> int:
    return max((len(each.get("Values") or ()) for each in given.get("MetricData") or ()), default=0)


def _ssm_bytes(tier: str) -> Measure:
    """A parameter's value where it is of that tier; intelligent tiering chooses the one that fits."""

    def measure(given: Mapping[str, Any]) -> int:
        stated = given.get("Tier") or "Standard"
        is_standard = stated == "Standard"
        return len(str(given.get("Value") or "")) if is_standard == (tier == "Standard") else 0

    return measure


def _count(member: str) -> Measure:
    return lambda given: len(given.get(member) or ())


def _number(member: str, otherwise: int = 0) -> Measure:
    return lambda given: int(given.get(member, otherwise))


def _attribute(name: str, otherwise: int) -> Measure:
    """An attribute of a queue, which is a number as text; `otherwise` where the request does not state it."""

    def measure(given: Mapping[str, Any]) -> int:
        text = str((given.get("Attributes") or {}).get(name, otherwise))
        return int(text) if text.isdecimal() else -1

    return measure


def _topic_attribute(name: str) -> Measure:
    """The bytes of an attribute of a topic, among those of a new one or by itself."""

    def measure(given: Mapping[str, Any]) -> int:
        alone = given.get("AttributeValue") if given.get("AttributeName") == name else ""
        return len(str((given.get("Attributes") or {}).get(name) or alone or "").encode())

    return measure


_KEYED = ("PutObject", "CopyObject", "CreateMultipartUpload", "GetObject", "HeadObject", "DeleteObject")
_WRITTEN = ("PutObject", "CopyObject", "CreateMultipartUpload")
_TAGGED = (*_WRITTEN, "PutObjectTagging")
_QUEUES = ("CreateQueue", "SetQueueAttributes")
_TOPICS = ("CreateTopic", "SetTopicAttributes")
_BATCHES = ("SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch")
_TOO_MANY = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"

SIZES = (
    Size("events.entries", ("PutEvents",), _event_bytes, "ValidationException"),
    Size("s3.policy", ("PutBucketPolicy",), _bytes("Policy"), "PolicyTooLarge"),
    Size("s3.key", _KEYED, _bytes("Key"), "KeyTooLongError"),
    Size("s3.metadata", _WRITTEN, _number("MetadataBytes"), "MetadataTooLarge"),
    Size("s3.object_tags", _TAGGED, _count("TagPairs"), "BadRequest"),
    Size("s3.bucket_tags", ("PutBucketTagging",), _count("TagPairs"), "BadRequest"),
    Size("s3.lifecycle_rules", ("PutBucketLifecycleConfiguration",), _number("Rules"), "MalformedXML"),
    Size("sns.message", ("Publish",), _message_bytes("Message"), "InvalidParameter"),
    Size("sns.batch", ("PublishBatch",), _batch_bytes("PublishBatchRequestEntries", "Message"), "BatchRequestTooLong"),
    Size("sns.batch_entries", ("PublishBatch",), _count("PublishBatchRequestEntries"), "TooManyEntriesInBatchRequest"),
    Size("sns.subject", ("Publish",), _count("Subject"), "InvalidParameter"),
    Size("sns.display_name", _TOPICS, _topic_attribute("DisplayName"), "InvalidParameter"),
    Size("sns.policy", _TOPICS, _topic_attribute("Policy"), "InvalidParameter"),
    Size("sqs.message", ("SendMessage",), _message_bytes("MessageBody"), "InvalidParameterValue"),
    Size("sqs.batch", ("SendMessageBatch",), _batch_bytes("Entries", "MessageBody"), "AWS.SimpleQueueService.BatchRequestTooLong"),
    Size("sqs.batch_entries", _BATCHES, _count("Entries"), _TOO_MANY),
    Size("sqs.visibility", ("ReceiveMessage", "ChangeMessageVisibility"), _number("VisibilityTimeout"), "InvalidParameterValue"),
    Size("sqs.wait", ("ReceiveMessage",), _number("WaitTimeSeconds"), "InvalidParameterValue"),
    Size("sqs.delay", _QUEUES, _attribute("DelaySeconds", 0), "InvalidAttributeValue"),
    Size("sqs.retention", _QUEUES, _attribute("MessageRetentionPeriod", 60), "InvalidAttributeValue", minimum=60),
    Size("sqs.visibility", _QUEUES, _attribute("VisibilityTimeout", 0), "InvalidAttributeValue"),
    Size("sqs.wait", _QUEUES, _attribute("ReceiveMessageWaitTimeSeconds", 0), "InvalidAttributeValue"),
    Size("sqs.maximum_size", _QUEUES, _attribute("MaximumMessageSize", 1_024), "InvalidAttributeValue", minimum=1_024),
    Size("sqs.data_key", _QUEUES, _attribute("KmsDataKeyReusePeriodSeconds", 60), "InvalidAttributeValue", minimum=60),
    Size("kms.policy", ("CreateKey", "PutKeyPolicy"), _bytes("Policy"), "LimitExceededException"),
    Size("secretsmanager.policy", ("PutResourcePolicy",), _bytes("ResourcePolicy"), "InvalidParameterException"),
    Size("ssm.standard", ("PutParameter",), _ssm_bytes("Standard"), "ValidationException"),
    Size("ssm.advanced", ("PutParameter",), _ssm_bytes("Advanced"), "ValidationException"),
    Size("ssm.levels", ("PutParameter",), lambda given: len(str(given.get("Name")).strip("/").split("/")), "HierarchyLevelLimitExceededException"),
    Size("logs.batch", ("PutLogEvents",), _log_bytes, "InvalidParameterException"),
    Size("logs.span", ("PutLogEvents",), _log_span, "InvalidParameterException"),
    Size("cloudwatch.metrics", ("PutMetricData",), _count("MetricData"), "ValidationError"),
    Size("cloudwatch.values", ("PutMetricData",), _values, "ValidationError"),
    Size("cloudwatch.queries", ("GetMetricData",), _count("MetricDataQueries"), "ValidationError"),
)  # fmt: skip


def check(request: ApiRequest) -> None:
    """Raises ServiceError for a request that is larger than AWS takes."""
    for size in _of(request):
        size.check(request)
    limit = LIMITS["cloudwatch.request"]
    # What counts is the body as it was sent, which clients compress.
    if (request.service, request.operation) == (
        "cloudwatch",
        "PutMetricData",
    ) and request.length > limit.maximum:
        raise ServiceError("RequestEntityTooLargeException", f"{request.length:,} {limit.unit}.", 413)


def _of(request: ApiRequest) -> Iterable[Size]:
    return (
        each for each in SIZES if each.service == request.service and request.operation in each.operations
    )
