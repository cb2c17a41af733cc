"""The label rules of a recipe: what a raw value, or the numbers of a row, must be for a rule to hold."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

# The reason of a row that a rule drops begins so: the recipe wants it, and it is no loss.
DROPPED = "rule: "

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}


def target(rule: Mapping[str, Any]) -> str:
    """The label that the rule leads to, or DROPPED and the reason why its rows are dropped."""
    return str(rule["name"]) if rule["name"] is not None else f"{DROPPED}{rule['drop']}"


def matches(rule: Mapping[str, Any], value: str) -> bool:
    """Whether a rule on one value holds: exact `values`, or a range of numbers whose ends are inside."""
    if rule["values"] is not None:
        return value in rule["values"]
    if rule["min"] is None and rule["max"] is None:
        return True
    found = number(value)
    if found is None:
        return False
    return (rule["min"] is None or found >= rule["min"]) and (rule["max"] is None or found <= rule["max"])


def holds(rule: Mapping[str, Any], numbers: Mapping[str, float]) -> bool:
    """Whether a rule on the numbers of a row holds.

    `majority` is of `[part, all]`: more than half; `minority`: less.
    """
    for key, compare in (("majority", operator.gt), ("minority", operator.lt)):
        if rule[key] is not None:
            part, everything = rule[key]
            return bool(compare(2 * numbers[part], numbers[everything]))
    if rule["compare"] is not None:
        left, sign, right = rule["compare"]
        return _COMPARE[sign](numbers[left], numbers[right] if right in numbers else float(right))
    return True


def number(value: str) -> float | None:
    """The number that a value is; None for text, for infinity and for what is not a number."""
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) and "_" not in value else None


def condition(rule: Mapping[str, Any]) -> str:
    """The rule's condition, in words."""
    if rule["values"] is not None:
        return "values " + ", ".join(rule["values"])
    for key in ("majority", "minority"):
        if rule[key] is not None:
            return f"{key} {rule[key][0]} of {rule[key][1]}"
    if rule["compare"] is not None:
        return " ".join(map(str, rule["compare"]))
    ends = [f"{end} {rule[end]:g}" for end in ("min", "max") if rule[end] is not None]
    return " and ".join(ends) or "everything else"


def known(config: Mapping[str, Any]) -> str:
    """What the label rules of a recipe know, as a message says it: the raw values, where there are rules."""
    if not config["rules"]:
        return "the recipe knows " + _listed(list(config["names"]))
    words = []
    for rule in config["rules"]:
        words += list(rule["values"]) if rule["values"] is not None else [condition(rule)]
    return "the rules know " + _listed(words)


def _listed(words: list[str]) -> str:
    return ", ".join(words[:10]) + (f" and {len(words) - 10} more" if len(words) > 10 else "")
