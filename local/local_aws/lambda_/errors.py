"""The errors of Lambda, with the API's messages.

ServiceError (wire)               a request is refused: the functions below make them
ExecutionError                    an execution environment gives no answer; `payload` says so as Lambda does
├── TimedOutError                 the function's Timeout is over
├── ExitedError                   the process ended by itself
└── OutOfMemoryError              the process took more than the function's MemorySize
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_aws.kernel.wire import ServiceError


def not_found(what: str) -> ServiceError:
    """`what` names the resource: `Function not found: ARN`."""
    return ServiceError("ResourceNotFoundException", what, 404)


def conflict(message: str) -> ServiceError:
    """The error for a resource that exists or is being changed."""
    return ServiceError("ResourceConflictException", message, 409)


def invalid(message: str) -> ServiceError:
    """The error for an invalid parameter."""
    return ServiceError("InvalidParameterValueException", message, 400)


def require_active(pending: bool) -> None:
    """Raises ServiceError (ResourceConflictException) for a function that is still being created.

    Source: "Lambda function states", AWS Lambda developer guide.
    """
    if pending:
        raise conflict(
            "The operation cannot be performed at this time. The function is currently in the following state: Pending"
        )


def require_revision(request: Mapping[str, Any], current: str) -> None:
    """Raises ServiceError (PreconditionFailedException) where a request states another RevisionId than the current."""
    if request.get("RevisionId") not in (None, current):
        raise ServiceError(
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
            "retrieve the latest Revision Id",
            412,
        )


def throttled() -> ServiceError:
    """The error for a function at its concurrency limit."""
    return ServiceError("TooManyRequestsException", "Rate Exceeded.", 429)


def too_large(limit: int) -> ServiceError:
    """`limit` in bytes."""
    message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
    return ServiceError("RequestTooLargeException", message, 413)


class ExecutionError(Exception):
    """Base: the message is what the caller gets, after the request's id; `kind` the errorType."""

    kind = "Runtime.Unknown"

    def payload(self, request_id: str) -> bytes:
        """The payload for the caller of the function."""
        message = f"RequestId: {request_id} Error: {self}"
        return json.dumps({"errorType": self.kind, "errorMessage": message}).encode()


class TimedOutError(ExecutionError):
    """The function ran longer than its timeout."""

    kind = "Sandbox.Timedout"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Task timed out after {seconds:.2f} seconds")


class ExitedError(ExecutionError):
    """`code` as subprocess has it: negative for a signal."""

    kind = "Runtime.ExitError"

    def __init__(self, code: int) -> None:
        match code:
            case 0:
                why = "Runtime exited without providing a reason"
            case -9:
                why = "Runtime exited with error: signal: killed"
            case _ if code < 0:
                why = f"Runtime exited with error: signal: {-code}"
            case _:
                why = f"Runtime exited with error: exit status {code}"
        super().__init__(why)


class OutOfMemoryError(ExecutionError):
    """The function used more than its memory."""

    kind = "Runtime.OutOfMemory"

    def __init__(self) -> None:
        super().__init__("Runtime exited with error: signal: killed")
