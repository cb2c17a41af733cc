"""Messages and attributes that SQS and SNS do not take.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html and
https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html. One entry that is wrong refuses its whole batch here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from local_aws.identity.actions.api_request import ApiRequest
from local_aws.kernel.limits import maximum
from local_aws.kernel.wire import ServiceError

_ALLOWED = re.compile("[\\t\\n\\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
_ATTRIBUTE_NAME = re.compile(r"(?!(?i:aws\.|amazon\.))(?!\.)(?!.*\.\.)[a-zA-Z0-9_.-]{1,256}(?<!\.)")
_TYPES = ("Binary", "Number", "String")
_BATCH_ID = re.compile(r"[a-zA-Z0-9_-]{1,80}")
_SUBJECT = re.compile(r"[\x21-\x7e][\x20-\x7e]*")
_SQS = "AWS.SimpleQueueService."

_DELIVERY = [
    f"{kind}{suffix}"
    for kind in ("Application", "Firehose", "HTTP", "Lambda", "SQS")
    for suffix in ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
]
_TOPIC = """
    ArchivePolicy ContentBasedDeduplication DataProtectionPolicy DeliveryPolicy DisplayName FifoThroughputScope FifoTopic
    KmsMasterKeyId Policy SignatureVersion TracingConfig
"""
_QUEUE = """
    ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit KmsDataKeyReusePeriodSeconds
    KmsMasterKeyId MaximumMessageSize MessageRetentionPeriod Policy ReceiveMessageWaitTimeSeconds RedriveAllowPolicy
    RedrivePolicy SqsManagedSseEnabled VisibilityTimeout
"""
TOPIC_ATTRIBUTES = frozenset([*_TOPIC.split(), *_DELIVERY])
QUEUE_ATTRIBUTES = frozenset(_QUEUE.split())
"""What CreateTopic and CreateQueue take."""


def check(request: ApiRequest) -> None:
    """Raises ServiceError."""
    given = request.parameters
    match request.service, request.operation:
        case "sqs", "CreateQueue" | "SetQueueAttributes":
            _check_queue(given.get("Attributes") or {})
        case "sqs", "SendMessage":
            _check_sqs_message(given)
        case "sqs", "SendMessageBatch":
            entries = given.get("Entries") or ()
            _check_batch(entries, _SQS)
            for entry in entries:
                _check_sqs_message(entry)
        case "sns", "CreateTopic":
            _check_topic(given.get("Attributes") or {})
        case "sns", "SetTopicAttributes":
            _check_topic([str(given.get("AttributeName"))])
        case "sns", "Publish":
            _check_sns_message(given)
        case "sns", "PublishBatch":
            entries = given.get("PublishBatchRequestEntries") or ()
            _check_batch(entries, "")
            for entry in entries:
                _check_sns_message(entry)


def _check_queue(attributes: Mapping[str, Any]) -> None:
    for name, value in attributes.items():
        if name not in QUEUE_ATTRIBUTES:
            raise ServiceError("InvalidAttributeName", f"Unknown Attribute {name}.")
        if name in ("RedrivePolicy", "RedriveAllowPolicy") and value:
            try:
                is_object = isinstance(json.loads(value), dict)
            except ValueError:
                is_object = False
            if not is_object:
                raise ServiceError(
                    "InvalidAttributeValue",
                    f"Value {value} for parameter {name} is invalid. Reason: {name} is not a valid JSON map.",
                )


def _check_topic(names: Iterable[str]) -> None:
    for name in names:
        if name == "MaximumMessageSize":
            raise ServiceError(
                "InvalidParameter", f"Invalid parameter: the embedded SNS does not have {name}: leave it out."
            )
        if name not in TOPIC_ATTRIBUTES:
            raise ServiceError("InvalidParameter", f"Invalid parameter: AttributeName {name}")


def _check_batch(entries: Iterable[Mapping[str, Any]], prefix: str) -> None:
    ids = [str(entry.get("Id", "")) for entry in entries]
    if not ids:
        raise ServiceError(f"{prefix}EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if wrong := [each for each in ids if not _BATCH_ID.fullmatch(each)]:
        raise ServiceError(
            f"{prefix}InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 "
            f"letters long: {wrong[0]}",
        )
    if twice := [each for each, count in Counter(ids).items() if count > 1]:
        raise ServiceError(f"{prefix}BatchEntryIdsNotDistinct", f"Id {twice[0]} repeated.")


def _check_sqs_message(message: Mapping[str, Any]) -> None:
    body = str(message.get("MessageBody") or "")
    if not body:
        raise ServiceError("MissingParameter", "The request must contain the parameter MessageBody.")
    attributes = message.get("MessageAttributes") or {}
    texts = [body, *(str(each.get("StringValue") or "") for each in attributes.values())]
    if not all(_ALLOWED.fullmatch(text) for text in texts):
        raise ServiceError(
            "InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
            "#x10000 to #x10FFFF",
        )
    most, delay = maximum("sqs.attributes"), int(message.get("DelaySeconds") or 0)
    if len(attributes) > most:
        raise ServiceError(
            "InvalidParameterValue",
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{most}].",
        )
    if not 0 <= delay <= maximum("sqs.delay"):
        raise ServiceError("InvalidParameterValue", f"Value {delay} for parameter DelaySeconds is invalid.")
    _check_attributes(attributes, "InvalidParameterValue")


def _check_sns_message(message: Mapping[str, Any]) -> None:
    if not message.get("Message"):
        raise ServiceError("InvalidParameter", "Invalid parameter: Empty message")
    subject = message.get("Subject")
    if subject is not None and not _SUBJECT.fullmatch(str(subject)):
        raise ServiceError("InvalidParameter", "Invalid parameter: Subject")
    _check_attributes(message.get("MessageAttributes") or {}, "ParameterValueInvalid")


def _check_attributes(attributes: Mapping[str, Mapping[str, Any]], code: str) -> None:
    for name, attribute in attributes.items():
        kind = str(attribute.get("DataType") or "")
        if not _ATTRIBUTE_NAME.fullmatch(name):
            raise ServiceError(code, f"The message attribute name '{name}' is invalid.")
        if kind.partition(".")[0] not in _TYPES or len(kind) > 256:
            raise ServiceError(
                code,
                f"The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is "
                f"{', '.join(_TYPES)}.",
            )
        value = attribute.get("BinaryValue" if kind.startswith("Binary") else "StringValue")
        if not value:
            raise ServiceError(
                code, f"The message attribute '{name}' must contain non-empty message attribute value."
            )
