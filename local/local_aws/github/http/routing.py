"""Finds the operation of a request to the REST API."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from local_aws.github.http.call import Answer, Call

Operation = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """An operation with its method and path."""

    method: str
    template: str
    pattern: re.Pattern[str]
    operation: Operation


class Routes:
    """Operations by method and path template: `{name}` is one segment, `{name+}` the rest up to what follows."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def on(self, method: str, template: str) -> Callable[[Operation], Operation]:
        """A decorator that adds an operation."""

        def add(operation: Operation) -> Operation:
            self.routes.append(Route(method, template, _pattern(template), operation))
            return operation

        return add

    def match(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route of an undecoded path, and its parameters, decoded."""
        for route in self.routes:
            if route.method == method and (found := route.pattern.fullmatch(path)):
                return route, {name: unquote(value) for name, value in found.groupdict().items()}
        return None


def _pattern(template: str) -> re.Pattern[str]:
    text = re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", template)
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", text))
