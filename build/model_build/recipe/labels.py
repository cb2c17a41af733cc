"""The label names of a recipe, and how raw values become them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from model_common.configuration import Part, matching, problem

# Whitespace ends a label in a `__label__x` line, and lists of names are joined by commas.
LabelName = Annotated[
    str,
    matching(r"(?!__label__)[^\s,]{1,100}", "1 to 100 characters, no space, no comma, no __label__ in front"),
]


class LabelRule(Part):
    """How raw values become one label name: exact `values`, or a range of numbers whose ends are inside."""

    name: str
    values: tuple[str, ...] | None = None
    min: float | None = None
    max: float | None = None

    @field_validator("values", mode="before")
    @classmethod
    def _numbers_are_text(cls, value: Any) -> Any:
        # Cells are text, so `values: [1, 2]` can only mean "1" and "2"; a YAML boolean may have been `yes` or `true`.
        def text(item: Any) -> Any:
            return str(item) if isinstance(item, int | float) and not isinstance(item, bool) else item

        return tuple(map(text, value)) if isinstance(value, tuple) else value

    @model_validator(mode="after")
    def _exactly_one_condition(self) -> Self:
        ranged = self.min is not None or self.max is not None
        if (self.values is not None) == ranged:
            raise problem("", "a rule has either values, or min and max (one of them may be left out)")
        if self.values == ():
            raise problem("values", "the list is empty, so the rule matches nothing")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise problem("min", f"{self.min:g} is above max, {self.max:g}, so the rule matches nothing")
        return self

    def matches(self, raw: str) -> bool:
        """Whether a raw value falls under this rule (`steps/labels.py` decides it the same way)."""
        if self.values is not None:
            return raw in self.values
        try:
            number = float(raw)
        except ValueError:
            return False
        low, high = self._range
        return low <= number <= high

    def hidden_by(self, earlier: tuple[LabelRule, ...]) -> bool:
        """Whether the rules before this one take everything that it could match, since the first match wins."""
        if self.values is not None:
            return all(any(rule.matches(value) for rule in earlier) for value in self.values)
        low, high = self._range
        ranges = [rule._range for rule in earlier if rule.values is None]
        return any(lower <= low and high <= upper for lower, upper in ranges)

    @property
    def _range(self) -> tuple[float, float]:
        return (
            float("-inf") if self.min is None else self.min,
            float("inf") if self.max is None else self.max,
        )


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
            names = tuple(path.read_text(encoding="utf-8").split())
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
            if rule.name not in self.names:
                raise problem(f"rules[{index}].name", f"found {rule.name!r}. Allowed: {self._allowed}")
            if rule.hidden_by(self.rules[:index]):
                words = (
                    f"the rule for {rule.name} matches nothing, because earlier rules take all of its values"
                )
                raise problem(f"rules[{index}]", words)
        reached = {rule.name for rule in self.rules} | {self.none}
        unreached = [name for name in self.names if name not in reached]
        if self.rules and unreached:
            raise problem("rules", f"no rule leads to {', '.join(unreached)}. Add a rule, or drop the name")
        return self

    @property
    def _allowed(self) -> str:
        return f"{', '.join(self.names)} (labels.names)"
