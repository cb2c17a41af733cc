"""Pipeline parameters: as a definition declares them, and the values an execution starts with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.kernel.wire import invalid
from local_aws.sagemaker.workflow.errors import unparsable

_TYPES: dict[str, type] = {"String": str, "Integer": int, "Float": float, "Boolean": bool}
_MEMBERS = frozenset({"Name", "Type", "DefaultValue", "EnumValues"})
_NAME = re.compile(r"[A-Za-z0-9\-_]{1,256}")
_NUMBER = {"Integer": re.compile(r"[+-]?\d+"), "Float": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")}


@dataclass(frozen=True)
class Parameter:
    """A declared parameter. `default` is None where a value must be given; `allowed` is empty where any will do."""

    name: str
    type: str
    default: Any = None
    allowed: tuple[Any, ...] = ()

    def value(self, text: str) -> Any:
        """The value that a start request gives as a string. Raises ServiceError where it does not fit."""
        value: Any = text
        match self.type:
            case "Boolean" if text.lower() in ("true", "false"):
                value = text.lower() == "true"
            case "Integer" | "Float" if _NUMBER[self.type].fullmatch(text):
                value = _TYPES[self.type](text)
            case "String":
                pass
            case _:
                raise invalid(
                    f"Unexpected type for parameter '{self.name}'. Expected {self.type} but found '{text}'."
                )
        if self.allowed and value not in self.allowed:
            raise invalid(f"Parameter '{self.name}' must be one of {_listed(self.allowed)}; found '{text}'.")
        return value


def parse(items: Any) -> dict[str, Parameter]:
    """The Parameters of a definition, by name. Raises ServiceError."""
    if not isinstance(items, list):
        raise unparsable("Parameters must be a list.")
    parameters: dict[str, Parameter] = {}
    for item in items:
        parameter = _parse(item)
        if parameter.name in parameters:
            raise unparsable(f"Duplicate parameter name '{parameter.name}'.")
        parameters[parameter.name] = parameter
    return parameters


def bind(parameters: Mapping[str, Parameter], given: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Every parameter's value for an execution, from a start request's `[{"Name": ..., "Value": ...}]`.

    Raises ServiceError for an unknown name, a name given twice, a value that does not fit, and a missing value.
    """
    values: dict[str, Any] = {}
    for item in given:
        name = item["Name"]
        if name not in parameters:
            raise invalid(f"Unknown parameter '{name}'; the pipeline has {_listed(parameters) or 'none'}.")
        if name in values:
            raise invalid(f"Parameter '{name}' is given twice.")
        values[name] = parameters[name].value(item["Value"])
    for name, parameter in parameters.items():
        if name not in values:
            if parameter.default is None:
                raise invalid(
                    f"Parameter '{name}' is undefined: it has no default value, so it must be given."
                )
            values[name] = parameter.default
    return values


def _parse(item: Any) -> Parameter:
    if not isinstance(item, dict) or not isinstance(item.get("Name"), str):
        raise unparsable("Every parameter must be an object with a Name.")
    for member in item:
        if member not in _MEMBERS:
            raise unparsable(f"Cannot parse object, unknown property '{member}'.")
    name, type = item["Name"], item.get("Type")
    if not _NAME.fullmatch(name):
        raise unparsable(f"Parameter name '{name}' must match {_NAME.pattern}.")
    if type not in _TYPES:
        raise unparsable(f"Parameter '{name}' has unknown type '{type}'; known are {', '.join(_TYPES)}.")
    allowed = tuple(item.get("EnumValues") or ())
    parameter = Parameter(name, type, item.get("DefaultValue"), allowed)
    for value in (*allowed, *([] if parameter.default is None else [parameter.default])):
        if not _fits(value, type):
            raise unparsable(f"Parameter '{name}' is of type {type}, which {value!r} is not.")
    if allowed and parameter.default is not None and parameter.default not in allowed:
        raise unparsable(f"Default value of parameter '{name}' must be one of {_listed(allowed)}.")
    return parameter


def _fits(value: Any, type: str) -> bool:
    if type == "Float":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, _TYPES[type]) and (type == "Boolean" or not isinstance(value, bool))


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values)
