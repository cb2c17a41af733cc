"""Tags that no service takes: too many, two with one key, and keys that are AWS's own.

https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html and each service's own page on tags.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import regex

from local_aws.identity.actions.api_request import ApiRequest
from local_aws.kernel.limits import maximum
from local_aws.kernel.wire import ServiceError

CODES = {
    "apigatewayv2": "BadRequestException",
    "application-autoscaling": "ValidationException",
    "cloudformation": "ValidationError",
    "cloudwatch": "InvalidParameterValue",
    "events": "ValidationException",
    "iam": "InvalidInput",
    "kms": "TagException",
    "lambda": "InvalidParameterValueException",
    "logs": "InvalidParameterException",
    "s3": "InvalidTag",
    "sagemaker": "ValidationException",
    "scheduler": "ValidationException",
    "secretsmanager": "InvalidParameterException",
    "sns": "InvalidParameter",
    "sqs": "InvalidParameterValue",
    "ssm": "ValidationException",
}
"""The services whose requests have tags, with their error for tags that they do not take."""

_TOO_MANY = {"sns": "TagLimitExceeded", "ssm": "TooManyTagsError"}
"""Where too many tags have an error of their own."""
_COUNTED_ELSEWHERE = frozenset({"iam", "s3"})
"""Whose models and limits state the number."""
_KEY, _VALUE = 128, 256
_CHARACTERS = regex.compile(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")
"""The longest key and value of S3, and what they consist of: its model does not state it."""


def check(request: ApiRequest) -> None:
    """Raises ServiceError for a request whose tags AWS would not take."""
    code = CODES.get(request.service)
    if code is None or request.by_service:
        return
    pairs = list(_pairs(request.parameters))
    keys = [key for key, _ in pairs]
    for key in keys:
        if key.lower().startswith("aws:"):
            raise ServiceError(code, f"The tag key {key} is refused: aws: is a prefix for use by AWS alone.")
        same = [other for other in keys if _same(request.service, key, other)]
        if len(same) > 1:
            raise ServiceError(code, f"Duplicate tag keys found: {', '.join(same)}.")
    most = maximum("tags.of_resource")
    if len(keys) > most and request.service not in _COUNTED_ELSEWHERE:
        too_many = _TOO_MANY.get(request.service, code)
        raise ServiceError(too_many, f"{len(keys)} tags are stated, and {most} is the maximum of a resource.")
    if request.service == "s3":
        for key, value in pairs:
            if not 1 <= len(key) <= _KEY or not _CHARACTERS.fullmatch(key):
                raise ServiceError(code, "The TagKey you have provided is invalid")
            if len(value) > _VALUE or not _CHARACTERS.fullmatch(value):
                raise ServiceError(code, "The TagValue you have provided is invalid")


def _same(service: str, one: str, other: str) -> bool:
    """IAM's keys are one where nothing but the case differs."""
    return one.lower() == other.lower() if service == "iam" else one == other


def _pairs(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The tags of a request in whichever form its API has, each as it stands there."""
    stated = parameters.get("TagPairs") or parameters.get("Tags") or parameters.get("tags") or ()
    if isinstance(stated, Mapping):
        yield from ((str(key), str(value)) for key, value in stated.items())
        return
    for tag in stated if isinstance(stated, list | tuple) else ():
        if isinstance(tag, tuple):
            yield tag
        elif isinstance(tag, Mapping):
            key = tag.get("Key") or tag.get("key") or tag.get("TagKey")
            value = tag.get("Value") or tag.get("value") or tag.get("TagValue")
            yield str(key or ""), str(value or "")
