"""Checks of a bucket's notification destinations: each has to exist, and its policy has to allow S3.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from local_aws.identity.actions.api_request import ApiRequest
from local_aws.kernel.wire import ServiceError

_KINDS = {"CloudFunction": "lambda", "Queue": "sqs", "Topic": "sns"}
"""The element with a destination's ARN, and the service of that ARN."""

Reaches = Callable[[str, str, str], str | None]
"""Why S3 cannot use a destination: (service, ARN, the bucket's ARN) -> a reason, or None where it can."""


class Destinations:
    """Checks PutBucketNotificationConfiguration. `reaches` tells whether a destination can be used."""

    def __init__(self, reaches: Reaches) -> None:
        self._reaches = reaches

    def __call__(self, request: ApiRequest) -> None:
        """Raises ServiceError (InvalidArgument, MalformedXML)."""
        if (request.service, request.operation) != ("s3", "PutBucketNotificationConfiguration"):
            return
        skip = str(request.parameters.get("SkipDestinationValidation", "")).lower() == "true"
        bucket = f"arn:aws:s3:::{request.parameters['Bucket']}"
        for name, arn in _destinations(request.parameters):
            service = arn.split(":")[2] if arn.count(":") >= 5 else ""
            if service != _KINDS[name]:
                raise ServiceError("InvalidArgument", f"The ARN is not well formed: {arn}")
            reason = None if skip else self._reaches(service, arn, bucket)
            if reason is not None:
                raise ServiceError(
                    "InvalidArgument",
                    f"Unable to validate the following destination configurations. {reason}",
                )


def _destinations(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    body: bytes = parameters["Notifications"]
    try:
        if b"<!DOCTYPE" in body:
            raise ElementTree.ParseError("a document type is not allowed")
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise ServiceError(
            "MalformedXML", "The XML you provided was not well-formed or did not validate."
        ) from error
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        if name in _KINDS:
            yield name, (element.text or "").strip()
