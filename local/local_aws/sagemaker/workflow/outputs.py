"""OutputParameters of Lambda and Callback steps: declared by a definition, given by whoever carries the step out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_aws.sagemaker.workflow.errors import StepFailedError, unparsable

MEMBER = "OutputParameters"
MAXIMUM = 50
_TYPES: dict[str, type] = {"String": str, "Integer": int, "Float": float, "Boolean": bool}
_BOOLEANS = {"true": True, "false": False}

Outputs = Mapping[str, str]
"""The type of each declared output, by its name."""


def parse(items: Any, step_name: str) -> dict[str, str]:
    """A step's OutputParameters. Raises ServiceError."""
    found: dict[str, str] = {}
    if not isinstance(items, list) or len(items) > MAXIMUM:
        raise unparsable(f"{MEMBER} of step '{step_name}' must be a list of {MAXIMUM} at most.")
    for item in items:
        match item:
            case {"OutputName": str(name), "OutputType": str(kind), **rest} if kind in _TYPES and not rest:
                if name in found:
                    raise unparsable(f"Step '{step_name}' has two output parameters named '{name}'.")
                found[name] = kind
            case _:
                raise unparsable(
                    f"An output parameter of step '{step_name}' must have OutputName and OutputType, one of "
                    f"{', '.join(_TYPES)}; found {json.dumps(item)}."
                )
    return found


def typed(outputs: Outputs, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the declared outputs, each of its type; what else was given is left out.

    Raises StepFailedError for an output that is missing or not of its type.
    """
    values = {}
    for name, kind in outputs.items():
        if name not in given:
            raise StepFailedError(f"ClientError: The output parameter '{name}' is missing in the response.")
        values[name] = _typed(name, kind, given[name])
    return values


def described(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """The values as the API's OutputParameters, which are strings."""
    return [{"Name": name, "Value": _text(value)} for name, value in values.items()]


def _typed(name: str, kind: str, value: Any) -> Any:
    if kind == "String":
        return _text(value)
    try:
        if kind == "Boolean":
            return value if isinstance(value, bool) else _BOOLEANS[str(value).lower()]
        return _TYPES[kind](value)
    except (KeyError, TypeError, ValueError) as error:
        raise StepFailedError(
            f"ClientError: The output parameter '{name}' must be of type {kind}; found {json.dumps(value)}."
        ) from error


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
