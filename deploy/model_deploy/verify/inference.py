"""Requests the labels of texts: from the endpoint by the model's contract, or from the API like any client.

Endpoint: a JSON document with the texts, answered by a list with one entry for each (`model_common.serving`).
API: `{"texts": [...]}`, answered by `{"predictions": [{"text", "label", "confidence", ...}, ...]}`.
Source: deploy/api/handler.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, NoCredentialsError
from botocore.httpsession import URLLib3Session

from model_common.aws.errors import error_code
from model_common.serving import JSON
from model_deploy.aws.clients import Aws
from model_deploy.core.model_package.contract import Contract

if TYPE_CHECKING:
    from types_boto3_sagemaker_runtime.client import SageMakerRuntimeClient

_TIMEOUT_SECONDS = 30

Ask = Callable[[Sequence[str]], "list[Prediction]"]
"""Texts in, one prediction for each, in order. Raises NoAnswerError."""


class NoAnswerError(Exception):
    """The model did not answer, or its answer has no predictions. The message shows the answer."""


@dataclass(frozen=True)
class Prediction:
    """The labels of a text (one, or several from a multi-label model), and the scores in the same answer."""

    labels: tuple[str, ...]
    scores: Mapping[str, float]


class EndpointModel:
    """A model behind a SageMaker endpoint. Its contract says how requests and answers look."""

    def __init__(self, runtime: SageMakerRuntimeClient, endpoint: str, contract: Contract) -> None:
        self._runtime, self._endpoint, self._contract = runtime, endpoint, contract

    def __call__(self, texts: Sequence[str]) -> list[Prediction]:
        """The predictions for these texts.

        Raises NoAnswerError if the model does not answer, ClientError if the call is refused.
        """
        return by_contract(self._contract, texts, self._ask)

    def _ask(self, body: bytes) -> bytes:
        try:
            response = self._runtime.invoke_endpoint(
                EndpointName=self._endpoint, ContentType=JSON, Accept=JSON, Body=body
            )
            return response["Body"].read()
        except ClientError as error:
            # These errors are the model's. Others, such as a missing permission, are not.
            if error_code(error) in {
                "ModelError",
                "ModelNotReadyException",
                "InternalFailure",
                "ServiceUnavailable",
            }:
                raise NoAnswerError(
                    str(error.response["Error"].get("Message") or error_code(error))
                ) from error
            raise
        except (HTTPClientError, ConnectionError) as error:
            raise NoAnswerError(str(error)) from error


def by_contract(contract: Contract, texts: Sequence[str], ask: Callable[[bytes], bytes]) -> list[Prediction]:
    """The predictions for the texts by a model that `ask` sends a request. Texts without tokens are not sent, as in the API.

    Raises NoAnswerError for an answer that is none.
    """
    lines = contract.tokens_of_cases(texts)
    asked = [line for line in lines if line]
    answers = []
    if asked:
        body = ask(contract.serving.request(asked, len(contract.labels)))
        answers = parsed(body, len(asked), lambda entry: contract_prediction(contract, entry))
    each = iter(answers)
    return [next(each) if line else Prediction((), {}) for line in lines]


def contract_prediction(contract: Contract, entry: Mapping[str, Any]) -> Prediction:
    """The prediction in a model's entry for one text, under its contract. Raises as `Serving.scores_of` does."""
    scores = contract.serving.scores_of(entry)
    if contract.thresholds is not None:
        given = (name for name, least in contract.thresholds.items() if scores.get(name, -1.0) >= least)
        return Prediction(tuple(given), scores)
    # A text in which the model knows no word has no label at all.
    best = sorted(scores, key=scores.__getitem__, reverse=True)[:1]
    return Prediction(tuple(best), scores)


class SignedApi:
    """The same model behind the classification API at `url`, called with the caller's credentials.

    `service` is the service in the signature: execute-api (an HTTP API) or lambda (a function URL).
    """

    def __init__(self, aws: Aws, url: str, service: str) -> None:
        self._aws, self._url, self._service = aws, url, service

    def __call__(self, texts: Sequence[str]) -> list[Prediction]:
        """The predictions for these texts. Raises NoAnswerError if the API does not answer."""
        request = _request(self._url, texts)
        credentials = self._aws.session.get_credentials()
        if credentials is None:
            raise NoCredentialsError()
        SigV4Auth(credentials, self._service, self._aws.region).add_auth(request)
        return _predictions(request, len(texts))


class TokenApi:
    """The same model behind the classification API at `url`, called with a JSON web token."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    def __call__(self, texts: Sequence[str]) -> list[Prediction]:
        """The predictions for these texts. Raises NoAnswerError if the API does not answer."""
        request = _request(self._url, texts)
        request.headers["authorization"] = f"Bearer {self._token}"
        return _predictions(request, len(texts))


class PublicApi:
    """The same model behind the classification API at `url`, called without credentials."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __call__(self, texts: Sequence[str]) -> list[Prediction]:
        """The predictions for these texts. Raises NoAnswerError if the API does not answer."""
        return _predictions(_request(self._url, texts), len(texts))


def status_without_credentials(url: str) -> int:
    """The HTTP status of a request without credentials to the API at `url`. Raises NoAnswerError."""
    return _send(_request(url, ["hello"]))[0]


def _request(url: str, texts: Sequence[str]) -> AWSRequest:
    body = json.dumps({"texts": list(texts)}).encode()
    return AWSRequest(method="POST", url=url, headers={"content-type": "application/json"}, data=body)


def _predictions(request: AWSRequest, count: int) -> list[Prediction]:
    status, body = _send(request)
    if status != 200:
        raise NoAnswerError(f"{request.url} answered {status}: {start(body)}")
    return parsed(body, count, _api_prediction, key="predictions")


def _send(request: AWSRequest) -> tuple[int, bytes]:
    try:
        response = URLLib3Session(timeout=_TIMEOUT_SECONDS).send(request.prepare())
    except (HTTPClientError, ConnectionError) as error:
        raise NoAnswerError(f"{request.url}: {error}") from error
    return int(response.status_code), response.content


def _api_prediction(entry: Mapping[str, Any]) -> Prediction:
    label = entry["label"]
    scores = entry.get("scores") or ({} if label is None else {label: entry["confidence"]})
    labels = entry.get("labels", [] if label is None else [label])
    return Prediction(tuple(labels), {str(name): float(score) for name, score in scores.items()})


def parsed(
    body: bytes, count: int, parse: Callable[[Mapping[str, Any]], Prediction], key: str | None = None
) -> list[Prediction]:
    """The predictions of an answer for `count` texts. Raises NoAnswerError for anything else."""
    try:
        answer = json.loads(body)
        predictions = [parse(entry) for entry in (answer if key is None else answer[key])]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NoAnswerError(
            f"the answer cannot be read ({type(error).__name__}: {error}): {start(body)}"
        ) from error
    if len(predictions) != count:
        raise NoAnswerError(f"{count} texts were sent and {len(predictions)} answers came back")
    return predictions


def start(body: bytes) -> str:
    """The beginning of a text, on one line."""
    text = " ".join(body[:200].decode("utf-8", "replace").split())
    return text or "nothing"
