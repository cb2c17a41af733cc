"""The label names of a recipe, and how raw values become them."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from model_common.configuration import Part, matching, problem

# Whitespace ends a label in a `__label__x` line, and lists of names are joined by commas.
LabelName = Annotated[
    str,
    matching(
        r"(?!__label__)[^\s,]{1,100}",
        "1 to 100 characters, no space, no comma, no __label__ in front. Where the data has such a value, give the label "
        "a name that fits and map it by labels.rules, such as {name: very_bad, values: [very bad]}",
    ),
]


_SIGNS = (">=", "<=", "!=", "=", ">", "<")
_SIGN = re.compile(rf"\s*(?P<left>.+?)\s*(?P<sign>{'|'.join(_SIGNS)})\s*(?P<right>.+?)\s*")
DropReason = Annotated[str, matching(r"[a-z][a-z0-9_]{0,39}", "a reason of small letters, digits and _")]
Pair = tuple[str, str]


class LabelRule(Part):
    """How raw values become one label name, or, with `drop`, why such rows are left out.

    A rule has one condition: exact `values`; a range of numbers, `min` and `max`, whose ends are inside; `majority` (or
    `minority`) of [part, all], of more (or less) than half; `compare`, such as "up > down" or "all >= 5". The last two
    are about the columns of `data.label`, or the items that `data.label_items` names. A rule without a condition takes
    what the rules before it leave.
    """

    name: str | None = None
    drop: DropReason | None = None
    values: tuple[str, ...] | None = None
    min: float | None = None
    max: float | None = None
    majority: Pair | None = None
    minority: Pair | None = None
    compare: tuple[str, str, str] | None = None

    @field_validator("values", mode="before")
    @classmethod
    def _numbers_are_text(cls, value: Any) -> Any:
        # Cells are text, so `values: [1, 2]` can only mean "1" and "2"; a YAML boolean may have been `yes` or `true`.
        def text(item: Any) -> Any:
            return str(item) if isinstance(item, int | float) and not isinstance(item, bool) else item

        return tuple(map(text, value)) if isinstance(value, tuple) else value

    @field_validator("compare", mode="before")
    @classmethod
    def _is_a_comparison(cls, value: Any) -> Any:
        found = _SIGN.fullmatch(value) if isinstance(value, str) else None
        in_parts = isinstance(value, tuple) and len(value) == 3 and value[1] in _SIGNS
        if value is not None and found is None and not in_parts:
            shown = list(value) if isinstance(value, tuple) else value
            raise problem("", f'found {shown!r}. Allowed: a comparison, such as "up > down" or "all >= 5"')
        return found.group("left", "sign", "right") if found else value

    @model_validator(mode="after")
    def _exactly_one_condition(self) -> Self:
        if (self.name is None) == (self.drop is None):
            raise problem("", "a rule has either the name of a label, or drop with a reason")
        ranged = self.min is not None or self.max is not None
        conditions = [self.values, True if ranged else None, self.majority, self.minority, self.compare]
        count = sum(condition is not None for condition in conditions)
        if count > 1 or (count == 0 and self.name is not None):
            raise problem(
                "",
                "a rule has either values, or min and max (one of them may be left out), or majority, minority or compare",
            )
        if self.values == ():
            raise problem("values", "the list is empty, so the rule matches nothing")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise problem("min", f"{self.min:g} is above max, {self.max:g}, so the rule matches nothing")
        return self

    @property
    def compares(self) -> bool:
        """Whether the rule is about the numbers of a row."""
        return any(part is not None for part in (self.majority, self.minority, self.compare))

    @property
    def takes_the_rest(self) -> bool:
        """Whether the rule has no condition."""
        return not self.compares and self.values is None and self.min is None and self.max is None

    @property
    def compared(self) -> tuple[str, ...]:
        """The names that the rule compares; a number on the right side of a comparison is none."""
        if self.compare is not None:
            left, _, right = self.compare
            return (left,) if _is_number(right) else (left, right)
        return self.majority or self.minority or ()

    def matches(self, raw: str) -> bool:
        """Whether a raw value falls under this rule (`steps/preparation/rules.py` decides it the same way)."""
        if self.compares or self.takes_the_rest:
            return self.takes_the_rest
        if self.values is not None:
            return raw in self.values
        low, high = self._range
        return _is_number(raw) and low <= float(raw) <= high

    def hidden_by(self, earlier: tuple[LabelRule, ...]) -> bool:
        """Whether the rules before this one take everything that it could match, since the first match wins."""
        if any(rule.takes_the_rest for rule in earlier):
            return True
        if self.compares or self.takes_the_rest:
            same = {"name", "drop"}
            return any(rule.model_dump(exclude=same) == self.model_dump(exclude=same) for rule in earlier)
        if self.values is not None:
            return all(any(rule.matches(value) for rule in earlier) for value in self.values)
        low, high = self._range
        ranges = [rule._range for rule in earlier if rule.min is not None or rule.max is not None]
        return any(lower <= low and high <= upper for lower, upper in ranges)

    @property
    def _range(self) -> tuple[float, float]:
        return (
            float("-inf") if self.min is None else self.min,
            float("inf") if self.max is None else self.max,
        )


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False


class Labels(Part):
    """The label names, which are the serving contract, and how raw values become them.

    Without rules a raw value is a name. With `multi`, a row may have several labels, and `none` is the name that rows
    without any are given; when it is left out, such rows are dropped.
    """

    multi: bool = False
    names: Annotated[tuple[LabelName, ...], Field(min_length=2)] = Field(
        description="the list of label names"
    )
    names_file: str | None = Field(default=None, exclude=True)
    none: str | None = None
    rules: tuple[LabelRule, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _names_from_file(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("names_file"), str):
            return value
        if "names" in value:
            raise problem("names_file", "names is stated, too. Allowed: one of the two")
        path = (info.context or {}).get("folder", Path()) / value["names_file"]
        try:
            names = tuple(path.read_text(encoding="utf-8-sig").split())
        except (OSError, UnicodeDecodeError) as error:
            raise problem("names_file", f"{path} cannot be read ({error})") from error
        return {**value, "names": names}

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise problem("names", f"{', '.join(twice)} is listed twice")
        if self.none is not None and not self.multi:
            raise problem("none", "only labels with multi: true can be absent; leave the key out")
        if self.none is not None and self.none not in self.names:
            raise problem("none", f"found {self.none!r}. Allowed: {self._allowed}")
        return self

    @model_validator(mode="after")
    def _rules_reach_every_name(self) -> Self:
        for index, rule in enumerate(self.rules):
            if rule.name is not None and rule.name not in self.names:
                raise problem(f"rules[{index}].name", f"found {rule.name!r}. Allowed: {self._allowed}")
            if rule.hidden_by(self.rules[:index]):
                what = rule.name if rule.name is not None else f"drop: {rule.drop}"
                words = f"the rule for {what} matches nothing, because earlier rules take all of its values"
                raise problem(f"rules[{index}]", words)
        reached = {rule.name for rule in self.rules if rule.name is not None} | {self.none}
        unreached = [name for name in self.names if name not in reached]
        if self.rules and unreached:
            raise problem("rules", f"no rule leads to {', '.join(unreached)}. Add a rule, or drop the name")
        return self

    @model_validator(mode="after")
    def _rules_are_of_one_kind(self) -> Self:
        if not self.compares:
            return self
        for index, rule in enumerate(self.rules):
            if not rule.compares and not rule.takes_the_rest:
                raise problem(
                    f"rules[{index}]",
                    "values, min and max are about one value, and other rules compare the numbers of a row. Say it with "
                    'compare, such as "all >= 5"',
                )
        if self.multi:
            raise problem("multi", "rules that compare numbers lead to one label a row; leave the key out")
        return self

    @property
    def compares(self) -> bool:
        """Whether the rules are about several numbers of a row, and not about single values."""
        return any(rule.compares for rule in self.rules)

    @property
    def _allowed(self) -> str:
        return f"{', '.join(self.names)} (labels.names)"
