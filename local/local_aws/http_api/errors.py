"""The errors of API Gateway, with the API's messages.

ServiceError (wire)      a request of the control plane is refused: the functions below make them
Refused                  a request to an API is refused: it carries the response
├── Unauthorized         by what the route asks of callers
└── IntegrationFailed    because the function cannot be called, fails, or answers what is no response
"""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.wrappers import Response

from local_aws.kernel.wire import ServiceError
from local_aws.lambda_.http_events import refusal


def not_found(message: str) -> ServiceError:
    """The error for a missing resource."""
    return ServiceError("NotFoundException", message, 404)


def bad_request(message: str) -> ServiceError:
    """The error for an invalid request."""
    return ServiceError("BadRequestException", message, 400)


def conflict(message: str) -> ServiceError:
    """The error for a resource that exists or is in use."""
    return ServiceError("ConflictException", message, 409)


class Refused(Exception):
    """An API answers a request by itself, with `status` and `message`. `why` is for the access log only."""

    def __init__(
        self, status: int, message: str, why: str = "-", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.why = why
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The HTTP response of the refusal."""
        made = refusal(self.status, self.message)
        made.headers.update(self.headers)
        return made


class Unauthorized(Refused):
    """The caller may not send the request."""


class IntegrationFailed(Refused):
    """The function gave no answer. The caller is not told why."""

    def __init__(self, why: str, status: int = 500, message: str = "Internal Server Error") -> None:
        super().__init__(status, message, why)
