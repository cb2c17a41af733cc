"""Asking a model for the labels of texts: the endpoint as BlazingText wants it, the API as people do.

Endpoint: `{"instances": [...], "configuration": {"k": 3}}`, answered by `[{"label": ["__label__x", ...], "prob": [...]}, ...]`.
API: `{"texts": [...]}`, answered by `{"predictions": [{"text", "label", "confidence", ...}, ...]}`.
Source: "BlazingText", inference formats, Amazon SageMaker developer guide; deploy/api/handler.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError, HTTPClientError, NoCredentialsError
from botocore.httpsession import URLLib3Session

from model_deploy.aws import Aws, error_code
from model_deploy.contract import Contract

_PREFIX = "__label__"
_TIMEOUT_SECONDS = 30

Ask = Callable[[Sequence[str]], "list[Prediction]"]
"""Texts in, one prediction for each, in order. Raises NoAnswerError."""


class NoAnswerError(Exception):
    """The model did not answer, or with something else than predictions. Its text says what came instead."""


@dataclass(frozen=True)
class Prediction:
    """The labels given to a text (one, unless the model gives several), and the scores that were told with them."""

    labels: tuple[str, ...]
    scores: Mapping[str, float]


class EndpointModel:
    """A model behind a SageMaker endpoint, asked under its contract."""

    def __init__(self, aws: Aws, endpoint: str, contract: Contract) -> None:
        self._aws, self._endpoint, self._contract = aws, endpoint, contract

    def __call__(self, texts: Sequence[str]) -> list[Prediction]:
        instances = [self._contract.tokens(text) for text in texts]
        request = {"instances": instances, "configuration": {"k": len(self._contract.labels)}}
        try:
            response = self._aws.runtime.invoke_endpoint(
                EndpointName=self._endpoint,
                ContentType="application/json",
                Accept="application/json",
                Body=json.dumps(request).encode(),
            )
            body = response["Body"].read()
        except ClientError as error:
            # Whatever it was that the model did is the model's; what keeps us from asking is not.
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
        except HTTPClientError as error:
            raise NoAnswerError(str(error)) from error
        return _parsed(body, len(texts), self._prediction)

    def _prediction(self, entry: Mapping[str, Any]) -> Prediction:
        pairs = zip(entry["label"], entry["prob"], strict=True)
        scores = {str(label).removeprefix(_PREFIX): float(score) for label, score in pairs}
        if self._contract.threshold is not None:
            return Prediction(
                tuple(name for name, score in scores.items() if score >= self._contract.threshold), scores
            )
        best = max(scores, key=scores.__getitem__)
        return Prediction((best,), scores)


class ApiModel:
    """The same model behind the classification API at `url`. Signs with the caller's credentials, or sends `token`."""

    def __init__(self, aws: Aws, url: str, token: str | None = None) -> None:
        self._aws, self._url, self._token = aws, url, token
        self._http = URLLib3Session(timeout=_TIMEOUT_SECONDS)

    def __call__(self, texts: Sequence[str]) -> list[Prediction]:
        headers = {"content-type": "application/json"}
        if self._token is not None:
            headers["authorization"] = f"Bearer {self._token}"
        body = json.dumps({"texts": list(texts)}).encode()
        request = AWSRequest(method="POST", url=self._url, headers=headers, data=body)
        if self._token is None:
            service = "lambda" if ".lambda-url." in self._url else "execute-api"
            credentials = self._aws.session.get_credentials()
            if credentials is None:
                raise NoCredentialsError()
            SigV4Auth(credentials, service, self._aws.region).add_auth(request)
        try:
            response = self._http.send(request.prepare())
        except HTTPClientError as error:
            raise NoAnswerError(f"{self._url}: {error}") from error
        if response.status_code != 200:
            raise NoAnswerError(f"{self._url} answered {response.status_code}: {_start(response.content)}")
        return _parsed(response.content, len(texts), _api_prediction, key="predictions")


def _api_prediction(entry: Mapping[str, Any]) -> Prediction:
    label = entry["label"]
    scores = entry.get("scores") or ({} if label is None else {label: entry["confidence"]})
    labels = entry.get("labels", [] if label is None else [label])
    return Prediction(tuple(labels), {str(name): float(score) for name, score in scores.items()})


def _parsed(
    body: bytes, count: int, parse: Callable[[Mapping[str, Any]], Prediction], key: str | None = None
) -> list[Prediction]:
    try:
        answer = json.loads(body)
        predictions = [parse(entry) for entry in (answer if key is None else answer[key])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoAnswerError(
            f"the answer cannot be read ({type(error).__name__}: {error}): {_start(body)}"
        ) from error
    if len(predictions) != count:
        raise NoAnswerError(f"{count} texts were sent and {len(predictions)} answers came back")
    return predictions


def _start(body: bytes) -> str:
    text = " ".join(body[:200].decode("utf-8", "replace").split())
    return text or "nothing"


def status_without_credentials(url: str) -> int:
    """The HTTP status that the API at `url` answers a stranger with. Raises NoAnswerError."""
    body = json.dumps({"texts": ["hello"]}).encode()
    request = AWSRequest(method="POST", url=url, headers={"content-type": "application/json"}, data=body)
    try:
        return int(URLLib3Session(timeout=_TIMEOUT_SECONDS).send(request.prepare()).status_code)
    except HTTPClientError as error:
        raise NoAnswerError(f"{url}: {error}") from error
