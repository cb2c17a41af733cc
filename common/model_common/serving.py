"""The format of requests to a served model and of its answers: the part `serving` of a contract of version 2.

    {"request": {"texts": "instances", "count": "configuration.k"},
     "line": {"text": "source", "count": "k"},
     "answer": {"labels": "label", "scores": "prob", "prefix": "__label__"}}

`request` is a JSON document with many texts, `line` a JSON line with one. Values are names of keys; dots separate the
keys of nested objects. `count` is the key for the number of labels in the answer, null for a model that always
answers with all labels. A contract of version 1 has no such part; its models have BlazingText's format, as above.

Standard library only: the API's archive holds this file. Source of the keys: "BlazingText", inference formats, Amazon
SageMaker developer guide.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

JSON, JSON_LINES = "application/json", "application/jsonlines"


@dataclass(frozen=True)
class Serving:
    """The keys of requests and answers; by default those of BlazingText."""

    texts: str = "instances"
    count: str | None = "configuration.k"
    line_text: str = "source"
    line_count: str | None = "k"
    # `steps/prediction/serving.py` reads the same contract inside a job, which has neither this package nor Python 3.11.
    # jscpd:ignore-start
    labels: str = "label"
    scores: str = "prob"
    prefix: str = "__label__"

    @classmethod
    def parse(cls, contract: Mapping[str, Any]) -> Serving:
        """The format in a contract of any version. Raises KeyError or TypeError if a key is missing."""
        if contract["version"] == 1:
            return cls()
        # jscpd:ignore-end
        stated = contract["serving"]
        request, line, answer = stated["request"], stated["line"], stated["answer"]
        return cls(
            texts=_text(request["texts"]),
            count=None if request["count"] is None else _text(request["count"]),
            line_text=_text(line["text"]),
            line_count=None if line["count"] is None else _text(line["count"]),
            labels=_text(answer["labels"]),
            scores=_text(answer["scores"]),
            prefix=_text(answer["prefix"]),
        )

    def request(self, lines: Sequence[str], count: int) -> bytes:
        """The body (type JSON) of a request for the best `count` labels of each line."""
        return _document({self.texts: list(lines), self.count: count})

    def line(self, line: str, count: int) -> bytes:
        """The same for one line, of type JSON_LINES, with its newline."""
        return _document({self.line_text: line, self.line_count: count}) + b"\n"

    def scores_of(self, entry: Mapping[str, Any]) -> dict[str, float]:
        """The labels in the answer to one text, with their scores, in its order.

        Raises KeyError, TypeError or ValueError for an answer of another shape.
        """
        pairs = zip(_at(entry, self.labels), _at(entry, self.scores), strict=True)
        return {str(label).removeprefix(self.prefix): float(score) for label, score in pairs}


def thresholds(contract: Mapping[str, Any]) -> dict[str, float] | None:
    """The least score of each label in an answer; None for a single-label model.

    Raises KeyError, TypeError or ValueError if a key is missing or malformed.
    """
    if not contract["multi_label"]:
        return None
    labels = list(contract["labels"])
    if contract["version"] == 1:
        return dict.fromkeys(labels, float(contract["threshold"]))
    return {label: float(contract["thresholds"][label]) for label in labels}


def _document(values: Mapping[str | None, Any]) -> bytes:
    document: dict[str, Any] = {}
    for path, value in values.items():
        if path is None:
            continue
        *parents, last = path.split(".")
        place = document
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return json.dumps(document).encode("ascii")


def _at(entry: Mapping[str, Any], path: str) -> Any:
    value: Any = entry
    for key in path.split("."):
        value = value[key]
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"serving has {value!r} where a text was expected")
    return value
