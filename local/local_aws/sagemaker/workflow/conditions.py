"""The conditions of a Condition step. All of a step's conditions must hold for its IfSteps to run."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker.workflow import expressions
from local_aws.sagemaker.workflow.errors import StepFailedError, unparsable

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
TYPES = (*_COMPARISONS, "In", "Not", "Or")


@dataclass(frozen=True)
class Comparison:
    """Compares two values: equal, greater, less, or the like."""

    type: str
    left: Any
    right: Any


@dataclass(frozen=True)
class In:
    """Whether a value is one of several."""

    query: Any
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Not:
    """Whether a condition does not hold."""

    condition: Condition


@dataclass(frozen=True)
class Or:
    """Whether at least one condition holds."""

    conditions: tuple[Condition, ...]


Condition = Comparison | In | Not | Or


def parse(value: Any) -> Condition:
    """A condition of a definition. Raises ServiceError for an unknown type and for members it does not have."""
    match value:
        case {"Type": str(type), "LeftValue": left, "RightValue": right, **rest} if type in _COMPARISONS:
            condition: Condition = Comparison(type, expressions.parse(left), expressions.parse(right))
        case {"Type": "In", "QueryValue": query, "Values": list(values), **rest}:
            condition = In(expressions.parse(query), tuple(expressions.parse(item) for item in values))
        case {"Type": "Not", "Condition": inner, **rest}:
            condition = Not(parse(inner))
        case {"Type": "Or", "Conditions": list(inner), **rest}:
            condition = Or(tuple(parse(item) for item in inner))
        case {"Type": type} if type not in TYPES:
            raise unparsable(f"Unknown condition type '{type}'; known are {', '.join(TYPES)}.")
        case _:
            raise unparsable(f"Malformed condition {json.dumps(value)}.")
    if rest:
        raise unparsable(f"Cannot parse object, unknown property '{next(iter(rest))}'.")
    return condition


def values(condition: Condition) -> list[Any]:
    """Every value that a condition looks at, in the form of a step's arguments."""
    match condition:
        case Comparison(left=left, right=right):
            return [left, right]
        case In(query=query, values=items):
            return [query, *items]
        case Not(condition=inner):
            return values(inner)
        case Or(conditions=inner_conditions):
            return [value for inner in inner_conditions for value in values(inner)]


def holds(condition: Condition, resolve: Callable[[Any], Any]) -> bool:
    """Whether a condition is true. `resolve` gives an expression its value.

    Numbers compare with numbers, strings with strings, booleans with booleans. Raises StepFailedError for a
    comparison of different types: it would silently take the other branch.
    """
    match condition:
        case Comparison(type=type, left=left, right=right):
            return _compare(type, resolve(left), resolve(right))
        case In(query=query, values=items):
            wanted = resolve(query)
            return any(_kind(wanted) == _kind(item) and wanted == item for item in map(resolve, items))
        case Not(condition=inner):
            return not holds(inner, resolve)
        case Or(conditions=inner_conditions):
            return any(holds(inner, resolve) for inner in inner_conditions)


def _compare(type: str, left: Any, right: Any) -> bool:
    kinds = {_kind(left), _kind(right)}
    if len(kinds) != 1 or not kinds <= _COMPARABLE[type]:
        raise StepFailedError(
            f"Unable to evaluate condition {type}: cannot compare {_with_kind(left)} with {_with_kind(right)}."
        )
    return _COMPARISONS[type](left, right)


_ORDERED = frozenset({"number", "string"})
_COMPARABLE: Mapping[str, frozenset[str]] = dict.fromkeys(_COMPARISONS, _ORDERED) | {
    "Equals": _ORDERED | {"boolean", "null"}
}


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
    return type(value).__name__


def _with_kind(value: Any) -> str:
    return f"{json.dumps(value, default=str)} ({_kind(value)})"
