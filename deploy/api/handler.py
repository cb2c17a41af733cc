"""The classification API's Lambda: `POST /classify {"texts": [...]}`, behind an HTTP API or a function URL.

The answer has one entry for each text, in order:

    {"predictions": [{"text": "Lovely dress", "label": "positive", "confidence": 0.98}, ...]}

and, for multi-label models, also

    "labels": [...]      those whose score reaches the threshold; `label` is the first of them, or null
    "scores": {...}      every label with its score, the highest first
    "threshold": 0.5     or, where they differ, "thresholds": {"insult": 0.4, ...}

Where the stage has a policy, a request may name its `audience`, and each entry has a decision:

    "decision": {"action": "block", "audience": "everyone", "because": [{"label": "threat", "score": 0.93}]}

A text without tokens, such as "" or " ", has null for label and confidence, and the reason in `note`. An error is
`{"error": {"code", "message"}, "request_id"}`, with status 400 to 413 for an invalid request, and 500 to 504 for a
failure of the API. One line per request is logged, without the texts.

The archive also holds the serving contract of the model package and model_common.serving. The scripts use the
standard library and boto3 only, which the Lambda runtime ships.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from classifier import Classifier
from policy import Policy
from request import Problem, parse
from serving_contract import Contract

LARGEST_ANSWER = 5_500_000
"""The largest answer in bytes; Lambda's limit is 6 MB."""

_CONTRACT = Contract.load(Path(__file__).parent)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request, an event of payload format 2.0. Never raises."""
    started = time.perf_counter()
    request_id = event.get("requestContext", {}).get("requestId") or getattr(context, "aws_request_id", "")
    line: dict[str, Any] = {"request_id": request_id}
    try:
        answer = _answer(event, line)
    except Problem as problem:
        line |= {"error": problem.code} | problem.details
        answer = _failure(problem, request_id)
    except Exception as error:
        # The place only: error messages may quote the texts.
        frames = traceback.extract_tb(error.__traceback__)
        line |= {
            "error": type(error).__name__,
            "at": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
        }
        unexpected = Problem(
            500, "internal_error", "Something unexpected failed; it is in the log of the API."
        )
        answer = _failure(unexpected, request_id)
    _log(line | {"status": answer["statusCode"], "ms": _milliseconds_since(started)})
    return answer


def _answer(event: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    policy = _policy()
    request = parse(event, policy.audiences if policy else ())
    line["texts"] = len(request.texts)
    started = time.perf_counter()
    predictions = _classifier().classify(request.texts, request.audience)
    line |= {
        "classify_ms": _milliseconds_since(started),
        "unread": sum(prediction["label"] is None for prediction in predictions),
    }
    answer = _response(200, {"predictions": predictions})
    if len(answer["body"]) > LARGEST_ANSWER:
        raise Problem(
            413, "answer_too_large", "The answer would be larger than 5.5 MB. Send fewer texts at once."
        )
    return answer


@cache
def _policy() -> Policy | None:
    return Policy.parse(os.environ.get("POLICY", ""))


@cache
def _classifier() -> Classifier:
    # Created with the first request, not at import: a client takes longer to create than everything else here.
    client = boto3.client(
        "sagemaker-runtime",
        # Two attempts fit into the function's 29 seconds; the second is for connections that ended while it slept.
        config=Config(
            connect_timeout=1, read_timeout=12, retries={"mode": "standard", "total_max_attempts": 2}
        ),
    )
    return Classifier(_CONTRACT, client, os.environ["ENDPOINT_NAME"], _policy())


def _failure(problem: Problem, request_id: str) -> dict[str, Any]:
    document = {"error": {"code": problem.code, "message": problem.message}, "request_id": request_id}
    return _response(problem.status, document, problem.headers)


def _response(status: int, document: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **(headers or {})},
        "body": json.dumps(document),  # in ASCII, so that every character of a text can be sent back
        "isBase64Encoded": False,
    }


def _milliseconds_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)


def _log(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
