"""JSON from somebody else: read within limits, with one kind of error."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

DEEPEST = 100
"""Levels that a text may be nested: no shape of an API comes near it."""


def loads(text: str | bytes, object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """The value of a JSON text.

    Raises ValueError where it is not JSON, NaN and Infinity included, or nested more than DEEPEST levels.
    """
    try:
        found = json.loads(text, parse_constant=_refuse_number, object_pairs_hook=object_pairs_hook)
    except RecursionError as error:
        raise _too_deep() from error
    if deeper_than(found, DEEPEST):
        raise _too_deep()
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


def _refuse_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEEPEST} levels")
