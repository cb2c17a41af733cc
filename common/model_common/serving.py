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
import math
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

    def ranked(self, entry: Mapping[str, Any]) -> dict[str, float]:
        """`scores_of` as shares of one, the highest first; empty if the model knows no word of the text.

        Raises ValueError for a score that is not finite, too.
        """
        scores = {label: _share(score) for label, score in self.scores_of(entry).items()}
        return dict(sorted(scores.items(), key=lambda pair: -pair[1]))


NOTE = "There is nothing in this text that the model could read."
"""What stands beside the label `null` of a text without tokens, or without any that the model knows."""


def prediction(
    text: str, scores: Mapping[str, float], labels: Sequence[str], thresholds: Mapping[str, float] | None
) -> dict[str, Any]:
    """What clients are told of a text: its label and confidence, and with `thresholds` all labels that reach theirs.

    `scores` are those of `Serving.ranked`, `labels` all that the model has.
    """
    said: dict[str, Any] = {"text": text}
    if thresholds is None:
        said["label"], said["confidence"] = next(iter(scores.items()), (None, None))
    else:
        complete = {**scores, **{name: 0.0 for name in labels if name not in scores}}
        chosen = [name for name, score in complete.items() if score >= thresholds.get(name, math.inf)]
        said["label"] = chosen[0] if chosen else None
        said["confidence"] = complete[chosen[0]] if chosen else None
        said |= {"labels": chosen, "scores": complete, **_stated(thresholds)}
    return said if scores else {**said, "note": NOTE}


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


def _stated(thresholds: Mapping[str, float]) -> dict[str, Any]:
    """`threshold` if all labels have the same one, else `thresholds`."""
    different = set(thresholds.values())
    return {"threshold": different.pop()} if len(different) == 1 else {"thresholds": dict(thresholds)}


def _share(score: float) -> float:
    if not math.isfinite(score):
        raise ValueError(f"a probability of {score}")
    # fastText adds 1e-5 to each probability, so that the largest may exceed 1.
    return round(min(max(score, 0.0), 1.0), 6)


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
