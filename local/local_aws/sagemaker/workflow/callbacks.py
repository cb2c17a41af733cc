"""Callback steps: a message with a token goes to a queue, and the step waits until somebody answers with the token.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html#step-type-callback
"""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.kernel.wire import ServiceError, invalid

_LETTERS = string.ascii_letters + string.digits
_TOKEN_LENGTH = 10


@dataclass
class Callback:
    """A step that waits. `given` are the OutputParameters of a success, `reason` is a failure's; None before."""

    token: str
    execution_arn: str
    given: Mapping[str, str] | None = None
    reason: str | None = None
    answered: threading.Event = field(default_factory=threading.Event)


class Callbacks:
    """SendPipelineExecutionStepSuccess and SendPipelineExecutionStepFailure, and the steps that wait for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, Callback] = {}
        self._answers: dict[str, tuple[Mapping[str, Any], str]] = {}
        """By client request token: the request, and the execution that it was for."""

    def open(self, execution_arn: str) -> Callback:
        """Begin to wait, under a new token."""
        token = "".join(secrets.choice(_LETTERS) for _ in range(_TOKEN_LENGTH))
        callback = Callback(token, execution_arn)
        with self._lock:
            self._waiting[token] = callback
        return callback

    def discard(self, callback: Callback) -> None:
        """No longer wait for an answer."""
        with self._lock:
            self._waiting.pop(callback.token, None)

    def send_pipeline_execution_step_success(self, request: dict[str, Any]) -> dict[str, Any]:
        """End the callback step of this token as succeeded, with its output parameters.

        Raises ConflictException, ValidationException. Source: Amazon SageMaker API reference, SendPipelineExecutionStepSuccess.
        """
        given = {each["Name"]: each["Value"] for each in request.get("OutputParameters", ())}
        return self._answer(request, given=given)

    def send_pipeline_execution_step_failure(self, request: dict[str, Any]) -> dict[str, Any]:
        """End the callback step of this token as failed, with a reason.

        Raises ConflictException, ValidationException. Source: Amazon SageMaker API reference, SendPipelineExecutionStepFailure.
        """
        return self._answer(request, reason=request.get("FailureReason", ""))

    def _answer(
        self, request: dict[str, Any], given: Mapping[str, str] | None = None, reason: str | None = None
    ) -> dict[str, Any]:
        client_token = request.get("ClientRequestToken")
        with self._lock:
            if client_token in self._answers:
                before, arn = self._answers[client_token]
                if before != request:
                    raise ServiceError(
                        "ConflictException",
                        f"ClientRequestToken {client_token} was used before, with other parameters.",
                    )
                return {"PipelineExecutionArn": arn}
            callback = self._waiting.pop(request["CallbackToken"], None)
            if callback is None:
                raise invalid(f"No step waits for the callback token '{request['CallbackToken']}'.")
            if client_token:
                self._answers[client_token] = request, callback.execution_arn
        callback.given, callback.reason = given, reason
        callback.answered.set()
        return {"PipelineExecutionArn": callback.execution_arn}
