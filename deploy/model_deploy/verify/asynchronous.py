"""Asking a model behind an asynchronous endpoint: the request goes inline, the answer is fetched from S3.

Source: InvokeEndpointAsync, Amazon SageMaker API reference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from botocore.exceptions import ClientError

from model_common.aws.errors import error_code
from model_common.serving import JSON
from model_deploy.aws.clients import Aws
from model_deploy.aws.objects import read_uri
from model_deploy.core.model_package.contract import Contract
from model_deploy.verify import inference
from model_deploy.verify.inference import NoAnswerError, Prediction

ANSWER_SECONDS = 15 * 60
"""How long an answer is waited for: an endpoint that was scaled to zero takes minutes to start an instance."""

LOOK_SECONDS = 1.0


class AsynchronousModel:
    """A model behind an asynchronous endpoint, asked under its contract. Both places in S3 are looked at until one is there."""

    def __init__(
        self,
        aws: Aws,
        endpoint: str,
        contract: Contract,
        seconds: float = ANSWER_SECONDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._aws, self._endpoint, self._contract = aws, endpoint, contract
        self._seconds, self._pause = seconds, pause

    def __call__(self, texts: Sequence[str]) -> list[Prediction]:
        """The predictions for texts. Raises NoAnswerError for a failure, and where no answer comes in time."""
        return inference.by_contract(self._contract, texts, self._ask)

    def _ask(self, body: bytes) -> bytes:
        try:
            answer = self._aws.runtime.invoke_endpoint_async(
                EndpointName=self._endpoint, ContentType=JSON, Accept=JSON, Body=body
            )
        except ClientError as error:
            if error_code(error) in {"InternalFailure", "ServiceUnavailable"}:
                raise NoAnswerError(str(error)) from error
            raise
        return self._wait(answer["OutputLocation"], answer.get("FailureLocation"))

    def _wait(self, output: str, failure: str | None) -> bytes:
        """The answer. Raises NoAnswerError with what lies at the place of failures, or when nothing comes in time."""
        end = time.monotonic() + self._seconds
        while True:
            found = read_uri(self._aws, output)
            if found is not None:
                return found
            reason = read_uri(self._aws, failure) if failure else None
            if reason is not None:
                raise NoAnswerError(f"{failure} says: {inference.start(reason)}")
            if time.monotonic() >= end:
                raise NoAnswerError(
                    f"nothing lies at {output} after {self._seconds:g} s. Look at the endpoint's instances and its log."
                )
            self._pause(LOOK_SECONDS)
