"""JSON in requests: an object, not nested without end, with numbers that are numbers."""

from __future__ import annotations

import json
from typing import Any

from local_aws.kernel.wire import ServiceError

DEEPEST = 100
"""Levels that a request may be nested: no shape of an API comes near it."""


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, {} where it is empty. Raises ServiceError (SerializationException)."""
    try:
        found = json.loads(body or b"{}", parse_constant=_no_number)
    except RecursionError as error:
        raise _refused(f"the body is nested more than {DEEPEST} levels") from error
    except ValueError as error:
        raise _refused(f"the body is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise _refused(f"the body is a JSON {type(found).__name__}, and has to be an object")
    if deeper_than(found, DEEPEST):
        raise _refused(f"the body is nested more than {DEEPEST} levels")
    return found


def deeper_than(value: Any, levels: int) -> bool:
    """Whether lists and objects in `value` are nested more than so many levels."""
    layer = [value]
    for _ in range(levels):
        layer = [
            inner
            for each in layer
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not layer:
            return False
    return True


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _refused(why: str) -> ServiceError:
    return ServiceError("SerializationException", f"The request cannot be read: {why}.")
