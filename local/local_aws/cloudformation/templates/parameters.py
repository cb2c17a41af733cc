"""A template's parameters: what is declared, and which values a request gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.cloudformation.errors import absent, invalid
from local_aws.kernel.limits import maximum

_LISTS = ("CommaDelimitedList", "List<")
_TYPE = re.compile(r"String|Number|CommaDelimitedList|List<Number>|(List<)?AWS::EC2::[A-Za-z]+::Id>?")
_MEMBERS = frozenset(
    {
        "AllowedPattern",
        "AllowedValues",
        "ConstraintDescription",
        "Default",
        "Description",
        "MaxLength",
        "MaxValue",
        "MinLength",
        "MinValue",
        "NoEcho",
        "Type",
    }
)


@dataclass(frozen=True)
class Parameter:
    """One declared parameter; `stated` is its declaration, with the template's own member names."""

    name: str
    stated: Mapping[str, Any]

    @classmethod
    def declared(cls, name: str, stated: Any) -> Parameter:
        """Raises ServiceError for a declaration that CloudFormation, or the embedded one, refuses."""
        if not isinstance(stated, dict) or "Type" not in stated:
            raise invalid(
                f"Template format error: Every Parameters object must contain a Type member. ({name})"
            )
        for member in stated:
            if member not in _MEMBERS:
                raise invalid(f"Invalid template parameter property '{member}'")
        if not _TYPE.fullmatch(str(stated["Type"])):
            raise absent(
                f"the type {stated['Type']} of the parameter {name}",
                "String, Number, CommaDelimitedList, List<Number> and the AWS::EC2 ids",
            )
        return cls(name, stated)

    @property
    def default(self) -> str | None:
        """The default value as text, None without one."""
        default = self.stated.get("Default")
        return None if default is None else _text(default)

    @property
    def no_echo(self) -> bool:
        """Whether the value is hidden in descriptions."""
        return _text(self.stated.get("NoEcho", False)) == "true"

    def value(self, text: str) -> str | list[str]:
        """The value of `Ref` for the parameter's value `text`: a list for the list types."""
        if not str(self.stated["Type"]).startswith(_LISTS):
            return text
        return [item.strip() for item in text.split(",")] if text else []

    def check(self, text: str) -> None:
        """Raises ServiceError (ValidationError) where `text` breaks a constraint."""
        for problem in self._problems(text):
            stated = self.stated.get("ConstraintDescription")
            if stated:
                problem = f"Parameter {self.name} failed to satisfy constraint: {stated}"
            raise invalid(problem)

    def _problems(self, text: str) -> Iterable[str]:
        name, stated = self.name, self.stated
        value = self.value(text)
        values = value if isinstance(value, list) else [value]
        allowed = stated.get("AllowedValues")
        if allowed is not None and not set(values) <= {_text(each) for each in allowed}:
            yield f"Parameter '{name}' must be one of AllowedValues"
        longest = maximum("cloudformation.parameter_value")
        if len(text.encode()) > longest:
            yield f"Parameter '{name}' must contain at most {longest} bytes"
        pattern = stated.get("AllowedPattern")
        if pattern is not None and not re.fullmatch(pattern, text):
            yield f"Parameter {name} failed to satisfy constraint: must match pattern {pattern}"
        if len(text) < int(stated.get("MinLength", 0)):
            yield f"Parameter '{name}' must contain at least {stated['MinLength']} characters"
        if "MaxLength" in stated and len(text) > int(stated["MaxLength"]):
            yield f"Parameter '{name}' must contain at most {stated['MaxLength']} characters"
        if "Number" in stated["Type"]:
            yield from self._number_problems(values)

    def _number_problems(self, values: Iterable[str]) -> Iterable[str]:
        for value in values:
            try:
                number = float(value)
            except ValueError:
                yield f"Parameter '{self.name}' must be a number"
                continue
            if "MinValue" in self.stated and number < float(self.stated["MinValue"]):
                yield f"Parameter '{self.name}' must be a number not less than {self.stated['MinValue']}"
            if "MaxValue" in self.stated and number > float(self.stated["MaxValue"]):
                yield f"Parameter '{self.name}' must be a number not greater than {self.stated['MaxValue']}"


def chosen(
    declared: Mapping[str, Parameter], given: Iterable[Mapping[str, Any]], previous: Mapping[str, str]
) -> dict[str, str]:
    """The value of every declared parameter: given, previous where asked for, or its default.

    `given` is the API's `[{"ParameterKey", "ParameterValue" | "UsePreviousValue"}]`. Raises ServiceError
    (ValidationError) for unknown and missing ones, and for values that break a constraint.
    """
    stated = {parameter["ParameterKey"]: parameter for parameter in given}
    unknown = [name for name in stated if name not in declared]
    if unknown:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values = {}
    for name, parameter in declared.items():
        value = _stated_value(name, stated[name], previous) if name in stated else parameter.default
        if value is not None:
            values[name] = value
    missing = [name for name in declared if name not in values]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in values.items():
        declared[name].check(value)
    return values


def _stated_value(name: str, stated: Mapping[str, Any], previous: Mapping[str, str]) -> str | None:
    value: str | None = stated.get("ParameterValue")
    if not stated.get("UsePreviousValue"):
        return value
    if value:
        raise invalid(
            f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true and non empty value for a"
            " parameter"
        )
    if name not in previous:
        raise invalid(
            f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter"
            " key not in the previous template"
        )
    return previous[name]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
