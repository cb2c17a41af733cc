"""The format of requests to a served model and of its answers: the part `serving` of a contract of version 2.

    {"request": {"texts": "instances", "count": "configuration.k"},
     "line": {"text": "source", "count": "k"},
     "answer": {"labels": "label", "scores": "prob", "prefix": "__label__"}}

A step uses `request`, like an endpoint; dots separate the keys of nested objects. `count` is the key for the number
of labels in the answer, null for a model that always answers with all labels. A contract of version 1 has no such
part; its models have BlazingText's format, as above.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

JSON = "application/json"


@dataclass(frozen=True)
class Serving:
    """The keys of a request and of the answer to one text; by default those of BlazingText."""

    texts: str = "instances"
    count: str | None = "configuration.k"
    labels: str = "label"
    scores: str = "prob"
    prefix: str = "__label__"

    @classmethod
    def parse(cls, contract: Mapping[str, Any]) -> Serving:
        """The format in a contract of any version. Raises KeyError or TypeError if a key is missing."""
        if contract["version"] == 1:
            return cls()
        request, answer = contract["serving"]["request"], contract["serving"]["answer"]
        return cls(request["texts"], request["count"], answer["labels"], answer["scores"], answer["prefix"])

    def request(self, lines: Sequence[str], count: int) -> str:
        """The body (type JSON) of a request for the best `count` labels of each line."""
        document: dict[str, Any] = {}
        for path, value in ((self.texts, list(lines)), (self.count, count)):
            if path is not None:
                *parents, last = path.split(".")
                place = document
                for parent in parents:
                    place = place.setdefault(parent, {})
                place[last] = value
        return json.dumps(document)

    def answer(self, entry: Any) -> tuple[list[str], list[float]]:
        """The labels in the answer to one text, and their scores.

        Raises KeyError, TypeError or ValueError for an answer of another shape.
        """
        labels, scores = _at(entry, self.labels), _at(entry, self.scores)
        if len(labels) != len(scores):
            raise ValueError(f"{len(labels)} labels with {len(scores)} scores")
        names = [str(label) for label in labels]
        bare = [name[len(self.prefix) :] if name.startswith(self.prefix) else name for name in names]
        return bare, [float(score) for score in scores]


LIKE_BLAZINGTEXT = Serving()


def _at(entry: Any, path: str) -> Any:
    for key in path.split("."):
        entry = entry[key]
    return entry
