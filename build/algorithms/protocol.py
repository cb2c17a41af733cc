"""How a served model is asked and answers: the formats of BlazingText, so that all algorithms are asked alike.

- application/json: `{"instances": ["text", ...], "configuration": {"k": 2}}`, answered by
  `[{"label": ["__label__a", ...], "prob": [0.9, ...]}, ...]`
- application/jsonlines: `{"source": "text", "k": 2}` a line, answered by one such object a line

Without k there is one label a text. Source: "BlazingText", inference formats, Amazon SageMaker developer guide.
Shared by the inference scripts. Standard library, Python 3.9.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

JSON = "application/json"
JSON_LINES = "application/jsonlines"
PREFIX = "__label__"


@dataclass(frozen=True)
class Query:
    """One text, and how many labels are wanted for it."""

    text: str
    k: int


class PayloadError(ValueError):
    """The body of a request cannot be used."""


def queries(body: bytes | str, content_type: str) -> list[Query]:
    """The texts of a request. Raises PayloadError, which says what was expected."""
    text = _text_of(body)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON:
        return _instances(_decoded(text))
    if kind == JSON_LINES:
        return [_source(_decoded(line)) for line in text.split("\n") if line.strip()]
    raise PayloadError(f"content-type {kind or 'None'} not supported; expected {JSON} or {JSON_LINES}")


def answers(
    asked: Sequence[Query], labels: Sequence[str], scores: Sequence[Sequence[float]]
) -> list[dict[str, Any]]:
    """The answer to each query: its `k` best labels and their scores. `scores` is [texts, labels], each in 0..1."""
    ranked = []
    for query, row in zip(asked, scores):
        best = sorted(range(len(labels)), key=lambda column: -row[column])[: query.k]
        ranked.append(
            {
                "label": [PREFIX + labels[column] for column in best],
                "prob": [float(row[column]) for column in best],
            }
        )
    return ranked


def body(answered: Sequence[Mapping[str, Any]], accept: str) -> tuple[str, str]:
    """The response and its content type, which is the accepted one, or else JSON."""
    if accept.partition(";")[0].strip().lower() == JSON_LINES:
        return "\n".join(json.dumps(answer) for answer in answered), JSON_LINES
    return json.dumps(list(answered)), JSON


def _instances(document: Any) -> list[Query]:
    if not isinstance(document, dict) or not isinstance(document.get("instances"), list):
        raise PayloadError("expected a JSON object with a list of 'instances'")
    configuration = document.get("configuration") or {}
    if not isinstance(configuration, dict):
        raise PayloadError("'configuration' must be a JSON object")
    k = _k(configuration)
    return [Query(_text(instance, "'instances'"), k) for instance in document["instances"]]


def _source(document: Any) -> Query:
    if not isinstance(document, dict) or "source" not in document:
        raise PayloadError("expected a JSON object with 'source' on each line")
    return Query(_text(document["source"], "'source'"), _k(document))


def _text_of(body: bytes | str) -> str:
    if isinstance(body, str):
        return body
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PayloadError(f"the payload is not UTF-8: {error}") from error


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"the payload is not JSON: {error}") from error


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise PayloadError(f"{where} must be text, not {type(value).__name__}")
    return value


def _k(stated: Mapping[str, Any]) -> int:
    k = stated.get("k", 1)
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise PayloadError(f"'k' must be a positive integer, not {k!r}")
    return k
