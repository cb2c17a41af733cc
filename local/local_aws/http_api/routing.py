"""Finds the route of a request.

After https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html: a full match before one
with a greedy variable before $default; literal segments before variables; a method before ANY.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from local_aws.http_api.routes import DEFAULT
from local_aws.http_api.store import Api, Members


@dataclass(frozen=True)
class Match:
    """A route and what its path's variables hold."""

    route: Members
    parameters: dict[str, str]


def stage_of(api: Api, path: str) -> tuple[Members, str] | None:
    """The stage that a path below the API's own is of, and the path below the stage's; None where there is no such."""
    first, _, rest = path.lstrip("/").partition("/")
    if first in api.stages:
        return api.stages[first], f"/{rest}"
    if DEFAULT in api.stages:
        return api.stages[DEFAULT], path or "/"
    return None


def route_of(routes: Iterable[Members], method: str, path: str) -> Match | None:
    """The best route for a request; None where there is no such."""
    matches = [
        (rank, Match(route, parameters))
        for route in routes
        for rank, parameters in _matches(route["RouteKey"], method, path)
    ]
    return min(matches, key=lambda each: each[0])[1] if matches else None


def _matches(key: str, method: str, path: str) -> Iterable[tuple[Any, dict[str, str]]]:
    """The rank of a route key for a request, the best first, and the path's variables; nothing without a match."""
    if key == DEFAULT:
        yield (2, (), 0), {}
        return
    wanted, _, pattern = key.partition(" ")
    if wanted not in (method, "ANY"):
        return
    expected, actual = _segments(pattern), _segments(path)
    greedy = bool(expected) and expected[-1].endswith("+}")
    if greedy:
        head = len(expected) - 1
        if len(actual) <= head:
            return
        actual = [*actual[:head], "/".join(actual[head:])]
    if len(expected) != len(actual):
        return
    variables = [name.startswith("{") for name in expected]
    if all(
        variable or name == value for name, value, variable in zip(expected, actual, variables, strict=True)
    ):
        named = {
            name.strip("{+}"): value
            for name, value, variable in zip(expected, actual, variables, strict=True)
            if variable
        }
        yield (int(greedy), tuple(variables), int(wanted == "ANY")), named


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/") if path.strip("/") else []
