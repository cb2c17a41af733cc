"""The rule of a composite alarm: ALARM, OK and INSUFFICIENT_DATA of other alarms, with AND, OR, NOT and parentheses.

Rule.parse('ALARM("errors") AND NOT ALARM(maintenance)').holds({"errors": "ALARM", "maintenance": "OK"})   # True
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

States = Mapping[str, str]
Test = Callable[[States], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<word>AND|OR|NOT|TRUE|FALSE)\b
         |(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s()"]+))\s*\)
         |(?P<paren>[()]))\s*""",
    re.VERBOSE,
)


class RuleError(ValueError):
    """The rule cannot be parsed. The message quotes it."""


@dataclass(frozen=True)
class Rule:
    """A parsed rule. `names` are the alarms (names or ARNs) that it looks at."""

    names: frozenset[str]
    _test: Test

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Raises RuleError."""
        return _Parser(text).rule()

    def holds(self, states: States) -> bool:
        """Whether the composite alarm is in ALARM, given the states of others by name."""
        return self._test(states)


class _Parser:
    """Recursive descent: OR binds less than AND, AND less than NOT."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._names: set[str] = set()

    def rule(self) -> Rule:
        test = self._either()
        if self._at != len(self._text):
            raise self._error()
        return Rule(frozenset(self._names), test)

    def _either(self) -> Test:
        test = self._both()
        while self._take("OR"):
            test = _or(test, self._both())
        return test

    def _both(self) -> Test:
        test = self._one()
        while self._take("AND"):
            test = _and(test, self._one())
        return test

    def _one(self) -> Test:
        if self._take("NOT"):
            negated = self._one()
            return lambda states: not negated(states)
        if self._take("("):
            test = self._either()
            if not self._take(")"):
                raise self._error()
            return test
        if self._take("TRUE"):
            return lambda states: True
        if self._take("FALSE"):
            return lambda states: False
        return self._state()

    def _state(self) -> Test:
        found = _TOKEN.match(self._text, self._at)
        if not found or not found["state"]:
            raise self._error()
        self._at = found.end()
        wanted, name = found["state"], found["quoted"] or found["plain"]
        self._names.add(name)
        return lambda states: states.get(name.rpartition(":alarm:")[2]) == wanted

    def _take(self, token: str) -> bool:
        found = _TOKEN.match(self._text, self._at)
        if not found or token not in (found["word"], found["paren"]):
            return False
        self._at = found.end()
        return True

    def _error(self) -> RuleError:
        return RuleError(f"AlarmRule '{self._text}' cannot be parsed at position {self._at}.")


def _and(first: Test, second: Test) -> Test:
    return lambda states: first(states) and second(states)


def _or(first: Test, second: Test) -> Test:
    return lambda states: first(states) or second(states)
