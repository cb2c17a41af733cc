"""Requests that do not fit botocore's model of their operation, to services that moto answers: it checks none of that.

Handlers of this server are request for nothing that does not fit: see `kernel.wire`.
"""

from __future__ import annotations

import json
import re

from local_aws.identity.actions.api_request import ApiRequest
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
_CONSTRAINTS = re.compile(r"Member must (have|satisfy)")


def check(request: ApiRequest) -> None:
    """Raises ServiceError for a request whose members are missing or of another type."""
    _check(request, _TYPES)


def check_constraints(request: ApiRequest) -> None:
    """Raises ServiceError for a request whose members do not have the lengths, ranges, patterns and values of the model."""
    _check(request, _CONSTRAINTS)


def _check(request: ApiRequest, wanted: re.Pattern[str]) -> None:
    code = _CODES.get(request.service)
    shape = service_model(request.service).operation_model(request.operation).input_shape if code else None
    if code is None or shape is None:
        return
    data = json.loads(json.dumps(dict(request.parameters), default=str))
    found = [each for each in problems(data, shape) if wanted.search(each)]
    if found:
        plural = "error" if len(found) == 1 else "errors"
        raise ServiceError(code, f"{len(found)} validation {plural} detected: {'; '.join(found)}")
