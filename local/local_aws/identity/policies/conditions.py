"""The Condition element of a policy: operators, their modifiers, and policy variables.

After https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and
reference_policies_condition-single-vs-multi-valued-context-keys.html.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

Context = Mapping[str, tuple[str, ...]]
"""A request's context: the values of each key, more than one for multivalued keys. Keys are looked up in lower case."""

_QUANTIFIERS = ("", "ForAllValues", "ForAnyValue")
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_ARN_PARTS = 6


class UnknownOperatorError(ValueError):
    """A condition operator that IAM has and this module has not, or that nobody has."""


def lowered(context: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """A context as `holds` wants it: condition keys are not case-sensitive."""
    return {key.lower(): tuple(values) for key, values in context.items()}


def holds(operator: str, key: str, wanted: Iterable[str], context: Context) -> bool:
    """Whether one line of a Condition is met: `operator` with its prefix and suffix, `key`, and the policy's values.

    `context` is `lowered`. Raises UnknownOperatorError.
    """
    quantifier, _, name = operator.rpartition(":")
    optional = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if quantifier not in _QUANTIFIERS or (name == "Null" and optional):
        raise UnknownOperatorError(f"the condition operator {operator!r} is unknown")
    found = context.get(key.lower())
    if name == "Null":
        return any((str(value).lower() == "true") == (found is None) for value in wanted)
    test, negated = _operator(name)
    wanted = [value for text in wanted if (value := substituted(str(text), context)) is not None]
    if found is None:
        return optional or quantifier == "ForAllValues" or (negated and quantifier != "ForAnyValue")
    matched = [any(test(value, pattern) for pattern in wanted) != negated for value in found]
    return all(matched) if quantifier == "ForAllValues" or (negated and not quantifier) else any(matched)


def without_variables(text: str) -> str:
    """`text` in a policy of the version 2008-10-17, in which `${...}` stands for itself."""
    return text.replace("${", "${$}{")


def substituted(text: str, context: Context) -> str | None:
    """`text` with its policy variables; None where one of them has no value, or more than one: it matches nothing.

    What a variable brings matches literally, as do `${*}`, `${?}` and `${$}`.
    """
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = found[1].partition(",")
        name = name.strip()
        if name in "*?$":
            return _escaped(name)
        values = context.get(name.lower(), ())
        if len(values) == 1:
            return _escaped(values[0])
        if default:
            return _escaped(default.strip().strip("'"))
        missing = True
        return ""

    text = _VARIABLE.sub(value, text)
    return None if missing else text


def like(value: str, pattern: str, *, ignore_case: bool = False) -> bool:
    """Whether `value` matches `pattern`, in which `*` stands for any characters and `?` for one."""
    return _compiled(pattern, ignore_case).fullmatch(value) is not None


_MARK = "\x00"
"""Before a character that was put in by a policy variable, and so is no wildcard."""


def _escaped(text: str) -> str:
    return "".join(_MARK + character if character in "*?" else character for character in text)


def _unescaped(pattern: str) -> str:
    return pattern.replace(_MARK, "")


@lru_cache(maxsize=1000)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    parts = re.split(rf"({_MARK}.|\*|\?)", pattern)
    wild = {"*": ".*", "?": "."}
    source = "".join(wild.get(part) or re.escape(part.removeprefix(_MARK)) for part in parts)
    return re.compile(source, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _arn_like(value: str, pattern: str) -> bool:
    """Each of an ARN's six parts is matched by itself."""
    values, patterns = value.split(":", _ARN_PARTS - 1), pattern.split(":", _ARN_PARTS - 1)
    if len(values) != _ARN_PARTS or len(patterns) != _ARN_PARTS:
        return False
    return all(like(each, wanted) for each, wanted in zip(values, patterns, strict=True))


def _numbers(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def test(value: str, wanted: str) -> bool:
        try:
            return compare(float(value), float(_unescaped(wanted)))
        except ValueError:
            return False

    return test


def _dates(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def test(value: str, wanted: str) -> bool:
        try:
            return compare(_moment(value), _moment(_unescaped(wanted)))
        except ValueError:
            return False

    return test


def _moment(text: str) -> float:
    """Seconds since 1970, of either form that IAM takes: that, or ISO 8601."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _in_network(value: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(_unescaped(wanted), strict=False)
    except ValueError:
        return False


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == _unescaped(wanted),
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == _unescaped(wanted).lower(),
    "StringLike": like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda value, wanted: value.lower() == _unescaped(wanted).lower(),
    "BinaryEquals": lambda value, wanted: value == _unescaped(wanted),
    "IpAddress": _in_network,
    "NumericEquals": _numbers(lambda value, wanted: value == wanted),
    "NumericLessThan": _numbers(lambda value, wanted: value < wanted),
    "NumericLessThanEquals": _numbers(lambda value, wanted: value <= wanted),
    "NumericGreaterThan": _numbers(lambda value, wanted: value > wanted),
    "NumericGreaterThanEquals": _numbers(lambda value, wanted: value >= wanted),
    "DateEquals": _dates(lambda value, wanted: value == wanted),
    "DateLessThan": _dates(lambda value, wanted: value < wanted),
    "DateLessThanEquals": _dates(lambda value, wanted: value <= wanted),
    "DateGreaterThan": _dates(lambda value, wanted: value > wanted),
    "DateGreaterThanEquals": _dates(lambda value, wanted: value >= wanted),
}

_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def _operator(name: str) -> tuple[Callable[[str, str], bool], bool]:
    """The test behind an operator, and whether it is negated."""
    negated = name in _NEGATED
    test = _TESTS.get(_NEGATED.get(name, name))
    if test is None:
        known = ", ".join(sorted([*_TESTS, *_NEGATED, "Null"]))
        raise UnknownOperatorError(f"the condition operator {name!r} is unknown; known are {known}")
    return test, negated
