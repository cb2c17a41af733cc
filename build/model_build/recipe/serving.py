"""How the served model is asked: what a contract of version 2 says of it.

BlazingText and the scripts of `algorithms/` are asked alike, by the defaults. A team's own script may have other keys.
Dots stand between the keys of objects inside each other.
"""

from __future__ import annotations

from typing import Annotated

from model_common.configuration import Part, matching

Key = Annotated[
    str,
    matching(
        r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*){0,3}", "a key, or keys with dots between them"
    ),
]


class Request(Part):
    """A JSON document with a list of texts. `count` takes the number of labels that are wanted."""

    texts: Key = "instances"
    count: Key | None = "configuration.k"


class Line(Part):
    """A JSON line with one text, as a batch transform job sends it."""

    text: Key = "source"
    count: Key | None = "k"


class Answer(Part):
    """An entry of the list of answers: two lists, and what stands before each label."""

    labels: Key = "label"
    scores: Key = "prob"
    prefix: Annotated[str, matching(r"\S{0,100}", "up to 100 characters, no space")] = "__label__"


class Serving(Part):
    """The keys of requests and answers."""

    request: Request = Request()
    line: Line = Line()
    answer: Answer = Answer()
