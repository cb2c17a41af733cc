"""Classifies texts with a SageMaker endpoint; the model's contract says how requests and answers look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from model_common.serving import JSON, prediction
from policy import Policy
from request import Problem
from serving_contract import Contract

LARGEST_PAYLOAD = 4_000_000
"""The largest request in bytes; a serverless endpoint accepts 4 MB, a real-time one 6."""

_BUSY = {
    "ModelNotReadyException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
# The runtime's answers for an endpoint that does not exist or is not in service.
_ABSENT = {"ValidationError", "ValidationException"}


class Classifier:
    """Invokes `endpoint` through `client` (sagemaker-runtime), by the contract, and decides by the policy if there is one."""

    def __init__(self, contract: Contract, client: Any, endpoint: str, policy: Policy | None = None) -> None:
        self._contract, self._client, self._endpoint = contract, client, endpoint
        self._policy = policy
        self._k = 1 if contract.thresholds is None else len(contract.labels)

    def classify(self, texts: Sequence[str], audience: str | None = None) -> list[dict[str, Any]]:
        """One prediction for each text, as the handler's docstring shows them. Raises Problem.

        fastText answers an empty line with a confident label, so texts without tokens are not sent.
        """
        lines = [self._contract.tokens(text) for text in texts]
        answers = iter(self._ask([line for line in lines if line]))
        scores = [next(answers) if line else {} for line in lines]
        labels, thresholds = self._contract.labels, self._contract.thresholds
        return [
            self._decided(prediction(text, found, labels, thresholds), audience)
            for text, found in zip(texts, scores, strict=True)
        ]

    def _decided(self, made: dict[str, Any], audience: str | None) -> dict[str, Any]:
        if self._policy is None:
            return made
        label, confidence = made["label"], made["confidence"]
        alone = [] if label is None else [label]
        scores = made.get("scores", {label: confidence})
        decision = self._policy.decision(audience or self._policy.default, scores, made.get("labels", alone))
        return {**made, "decision": decision}

    def _ask(self, lines: list[str]) -> list[dict[str, float]]:
        """The labels of each line with their scores, the highest first; empty if the model knows no word of it."""
        if not lines:
            return []
        payload = self._contract.serving.request(lines, self._k)
        if len(payload) > LARGEST_PAYLOAD:
            raise Problem(
                413, "body_too_large", "The texts are too much for one request. Send fewer at once."
            )
        answer = self._invoke(payload)
        try:
            scores = [self._contract.serving.ranked(entry) for entry in json.loads(answer)]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _model_error(reason="answer not understood") from error
        if len(scores) != len(lines):
            raise _model_error(reason="answer incomplete")
        return scores

    def _invoke(self, payload: bytes) -> bytes:
        try:
            response = self._client.invoke_endpoint(
                EndpointName=self._endpoint,
                ContentType=JSON,
                Accept=JSON,
                Body=payload,
            )
            content: bytes = response["Body"].read()
        except ReadTimeoutError as error:
            raise Problem(504, "timeout", "The model took too long to answer.") from error
        except ClientError as error:
            raise _aws_problem(error) from error
        except BotoCoreError as error:
            raise _unavailable(type(error).__name__) from error
        return content


def _aws_problem(error: ClientError) -> Problem:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "ModelError":
        return _model_error(model_status=error.response.get("OriginalStatusCode"))
    if code in _BUSY or code in _ABSENT or status in (429, 503):
        return _unavailable(code)
    return Problem(
        500, "internal_error", "The API could not ask the model; its log says why.", details={"aws": code}
    )


def _model_error(**details: Any) -> Problem:
    return Problem(502, "model_error", "The model failed to answer.", details=details)


def _unavailable(reason: str) -> Problem:
    return Problem(
        503,
        "unavailable",
        "The model is busy or not there at the moment. Try again in a second.",
        headers={"retry-after": "1"},
        details={"aws": reason},
    )
