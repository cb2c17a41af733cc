"""Requests that do not fit botocore's model of their operation, to services that moto answers: it checks none of that.

Handlers of this server are asked for nothing that does not fit: see `kernel.wire`.
"""

from __future__ import annotations

import json
import re

from local_aws.identity.actions.asked import Asked
from local_aws.kernel.shapes import problems
from local_aws.kernel.wire import ServiceError, service_model

_CODES = {
    "iam": "ValidationError",
    "kms": "ValidationException",
    "logs": "InvalidParameterException",
    "secretsmanager": "ValidationException",
    "sns": "InvalidParameter",
    "sqs": "InvalidParameterValueException",
    "ssm": "ValidationException",
}
"""The services, with their error for a request that does not fit."""

_TYPES = re.compile(r"Member must not be null|must be (?!of type (blob|timestamp),)")
"""Blobs and times have other types in JSON than in the model."""
_LENGTHS = re.compile(r"Member must have length")


def check(asked: Asked) -> None:
    """Raises ServiceError for a request whose members are missing or of another type."""
    _check(asked, _TYPES)


def check_lengths(asked: Asked) -> None:
    """Raises ServiceError for a request whose members are too long or too short."""
    if asked.service not in ("sns", "sqs"):  # their lengths are in `kernel.limits`
        _check(asked, _LENGTHS)


def _check(asked: Asked, wanted: re.Pattern[str]) -> None:
    code = _CODES.get(asked.service)
    shape = service_model(asked.service).operation_model(asked.operation).input_shape if code else None
    if code is None or shape is None:
        return
    data = json.loads(json.dumps(dict(asked.parameters), default=str))
    found = [each for each in problems(data, shape) if wanted.search(each)]
    if found:
        plural = "error" if len(found) == 1 else "errors"
        raise ServiceError(code, f"{len(found)} validation {plural} detected: {'; '.join(found)}")
