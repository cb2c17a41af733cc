"""Faults that a test injects into the embedded AWS."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from local_aws.kernel.wire import ServiceError

THROTTLED = frozenset(
    {"RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"}
)


@dataclass(frozen=True)
class ErrorAnswer:
    """An answer instead of the service's own: the API's error code, a message and an HTTP status.

    Nothing of the request has happened then.
    """

    code: str
    message: str = "Rate exceeded"
    status: int = 400

    @classmethod
    def of(cls, code: str) -> ErrorAnswer:
        """The answer that AWS gives with this code: throttled (400), or a failure of its own (500, 503)."""
        if code in THROTTLED:
            return cls(code)
        if code in {"ServiceUnavailable", "ServiceUnavailableException", "SlowDown"}:
            return cls(code, "The service is unavailable. Please try again shortly.", 503)
        return cls(code, "We encountered an internal error. Please try again.", 500)


@dataclass(frozen=True)
class _Planned:
    service: str
    operation: str
    calls: frozenset[int] | None
    answer: ErrorAnswer


class Responses:
    """Errors planned for calls, by service, operation and number.

    Calls are counted from when the first plan is made.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[_Planned] = []
        self._made: Counter[tuple[str, str]] = Counter()

    def fail(
        self,
        service: str = "*",
        operation: str = "*",
        *calls: int,
        code: str = "ThrottlingException",
        answer: ErrorAnswer | None = None,
    ) -> None:
        """Answer the `calls`-th calls (from 1; all, where none is named) of an operation with an error.

        `service` is boto3's name, `operation` the API's ("CreateStack"); "*" is any, of which all calls count together.
        """
        planned = _Planned(service, operation, frozenset(calls) or None, answer or ErrorAnswer.of(code))
        with self._lock:
            self._planned.append(planned)

    def clear(self) -> None:
        """Forget every plan, and start to count again."""
        with self._lock:
            self._planned.clear()
            self._made.clear()

    def strike(self, service: str, operation: str) -> None:
        """Count a call. Raises ServiceError where one is planned for it."""
        if not self._planned:
            return
        with self._lock:
            for key in {(service, operation), (service, "*"), ("*", operation), ("*", "*")}:
                self._made[key] += 1
            for each in self._planned:
                if each.service not in {"*", service} or each.operation not in {"*", operation}:
                    continue
                if each.calls is None or self._made[each.service, each.operation] in each.calls:
                    answer = each.answer
                    status = answer.status
                    if service == "s3" and answer.code in THROTTLED:
                        status = 503  # "Error responses", Amazon S3 API reference: SlowDown
                    raise ServiceError(answer.code, answer.message, status)


@dataclass
class Faults:
    """Changed by tests while the server runs.

    `endpoint_rollback` is what CloudFormation makes of an endpoint that SageMaker rolled back by itself: AWS is known to
    fail the update, and to report success. `responses` are errors planned for calls of any API.
    """

    endpoint_rollback: Literal["fails", "reports-success"] = "fails"
    responses: Responses = field(default_factory=Responses)

    def strike(self, service: str, operation: str) -> None:
        """Raises ServiceError where an error is planned for this call."""
        self.responses.strike(service, operation)
