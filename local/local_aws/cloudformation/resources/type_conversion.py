"""Converts the values of a template to the types that an API takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


def converted(value: Any, shape: Shape) -> Any:
    """`value`, from a template, in the types of the API's `shape`; what does not fit stays for the API to refuse."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            name: converted(each, shape.members[name]) if name in shape.members else each
            for name, each in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [converted(each, shape.member) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: converted(each, shape.value) for key, each in value.items()}
    return _scalar(value, shape.type_name)


def _scalar(value: Any, type_name: str) -> Any:
    try:
        match type_name, value:
            case "boolean", "true" | "false":
                return value == "true"
            case "integer" | "long", str():
                return int(value)
            case "float" | "double", str():
                return float(value)
            case "string", bool():
                return str(value).lower()
            case "string", int() | float():
                return str(value)
            case "string", dict() | list():
                return json.dumps(value)
    except ValueError:
        return value
    return value
