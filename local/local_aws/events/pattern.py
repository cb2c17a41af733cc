"""Event patterns: which events a rule wants.

After https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html. An array in an event
matches where one of its elements does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.kernel import json_text

Matcher = Callable[[Any], bool]
"""Whether a value of an event is wanted."""

Node = Callable[[list[Any]], bool]
"""Whether a member of an event is as wanted, by its values: none where the event does not have it."""

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda actual, limit: actual < limit,
    "<=": lambda actual, limit: actual <= limit,
    "=": lambda actual, limit: actual == limit,
    ">=": lambda actual, limit: actual >= limit,
    ">": lambda actual, limit: actual > limit,
}


class PatternError(Exception):
    """An event pattern that is none, or uses what is not embedded."""


@dataclass(frozen=True)
class Pattern:
    """An event pattern; `text` as it was stated."""

    text: str
    _root: Node

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Raises PatternError."""
        try:
            stated = json_text.loads(text)
        except ValueError as error:
            raise PatternError(f"Event pattern is not valid. Reason: {error}") from error
        if not isinstance(stated, dict):
            raise PatternError("Event pattern is not valid. Reason: Filter is not an object")
        return cls(text, _object(stated))

    def __reduce__(self) -> tuple[Any, ...]:
        return Pattern.parse, (self.text,)

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether an event matches the pattern."""
        return self._root([event])


def _object(stated: Mapping[str, Any]) -> Node:
    if not stated:
        raise _invalid("Empty objects are not allowed")
    members = {name: _member(name, value) for name, value in stated.items() if name != "$or"}
    branches = [_object(branch) for branch in _branches(stated["$or"])] if "$or" in stated else None

    def holds(values: list[Any]) -> bool:
        objects = [value for value in values if isinstance(value, Mapping)]
        found = {name: [each for value in objects for each in _values(value, name)] for name in members}
        if not all(node(found[name]) for name, node in members.items()):
            return False
        return branches is None or any(branch(values) for branch in branches)

    return holds


def _member(name: str, stated: Any) -> Node:
    if isinstance(stated, Mapping):
        return _object(stated)
    if not isinstance(stated, list):
        raise _invalid(f'"{name}" must be an object or an array')
    if not stated:
        raise _invalid("Empty arrays are not allowed")
    exists = [each["exists"] for each in stated if isinstance(each, Mapping) and "exists" in each]
    matchers = [_matcher(each) for each in stated if not (isinstance(each, Mapping) and "exists" in each)]

    def holds(values: list[Any]) -> bool:
        leaves = [value for value in values if not isinstance(value, Mapping)]
        return bool(leaves) in exists or any(matches(leaf) for matches in matchers for leaf in leaves)

    return holds


def _matcher(stated: Any) -> Matcher:
    match stated:
        case {"anything-but": dict(unwanted)}:
            return _negated(_operator(unwanted))
        case {"anything-but": unwanted}:
            return _negated(_any_of([_exactly(each) for each in _as_list(unwanted)]))
        case dict():
            return _operator(stated)
        case list():
            raise _invalid("arrays cannot be nested")
    return _exactly(stated)


def _operator(stated: Mapping[str, Any]) -> Matcher:
    if len(stated) != 1:
        raise _invalid(f"a match type has one key; found {', '.join(stated) or 'none'}")
    [(name, value)] = stated.items()
    match name, value:
        case "numeric", list():
            return _numeric(value)
        case ("prefix" | "suffix"), {"equals-ignore-case": wanted}:
            return _texts(name, wanted, fold=True)
        case "equals-ignore-case", _:
            return _texts("equals", value, fold=True)
        case ("prefix" | "suffix" | "wildcard"), _:
            return _texts(name, value, fold=False)
    raise _invalid(
        f"Unrecognized match type {name} (the embedded EventBridge has anything-but, equals-ignore-case, exists, numeric,"
        " prefix, suffix, wildcard)"
    )


_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "equals": str.__eq__,
    "prefix": str.startswith,
    "suffix": str.endswith,
    "wildcard": lambda actual, wanted: re.fullmatch(_wildcard(wanted), actual, re.DOTALL) is not None,
}


def _texts(name: str, wanted: Any, *, fold: bool) -> Matcher:
    texts = _as_list(wanted)
    if not texts or not all(isinstance(text, str) for text in texts):
        raise _invalid(f"{name} match pattern must be a string")
    test = _TESTS[name]
    cases = [text.lower() for text in texts] if fold else texts

    def matches(actual: Any) -> bool:
        if not isinstance(actual, str):
            return False
        return any(test(actual.lower() if fold else actual, text) for text in cases)

    return matches


def _wildcard(text: str) -> str:
    """A regular expression: `*` is anything, `\\*` and `\\\\` are themselves."""
    parts = re.findall(r"\\[*\\]|.", text, re.DOTALL)
    return "".join(".*" if part == "*" else re.escape(part[-1]) for part in parts)


def _numeric(stated: list[Any]) -> Matcher:
    pairs = list(zip(stated[::2], stated[1::2], strict=False))
    if (
        not stated
        or len(stated) % 2
        or not all(name in _COMPARISONS and _is_number(limit) for name, limit in pairs)
    ):
        raise _invalid(f"numeric must be a list of comparisons and numbers; found {json.dumps(stated)}")

    def matches(actual: Any) -> bool:
        return _is_number(actual) and all(_COMPARISONS[name](actual, limit) for name, limit in pairs)

    return matches


def _exactly(wanted: Any) -> Matcher:
    # In Python True equals 1; in JSON they are different things.
    return lambda actual: isinstance(actual, bool) == isinstance(wanted, bool) and actual == wanted


def _negated(matcher: Matcher) -> Matcher:
    return lambda actual: not matcher(actual)


def _any_of(matchers: list[Matcher]) -> Matcher:
    return lambda actual: any(matcher(actual) for matcher in matchers)


def _values(event: Mapping[str, Any], name: str) -> Iterator[Any]:
    if name in event:
        value = event[name]
        yield from value if isinstance(value, list) else [value]


def _branches(stated: Any) -> list[Mapping[str, Any]]:
    if not isinstance(stated, list) or not all(isinstance(branch, Mapping) for branch in stated):
        raise _invalid('"$or" must be an array of objects')
    return stated


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _invalid(reason: str) -> PatternError:
    return PatternError(f"Event pattern is not valid. Reason: {reason}")
