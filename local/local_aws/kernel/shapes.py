"""Values held against botocore's model: what AWS checks before and after an operation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import regex
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

_JAVA_CLASSES = {r"\w": "a-zA-Z_0-9", r"\d": "0-9", r"\s": r" \t\n\x0b\f\r"}
"""What these stand for in Java's patterns: ASCII alone."""
_JAVA_ASTRAL = r"\uD800\uDC00-\uDBFF\uDFFF"
"""A Java pattern's range for all characters beyond the first 65,536."""


def problems(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """Yield what is wrong with `value`, each in AWS's own words and naming the member by its path.

    Checked are required members, unknown members, types, enums, patterns, and lengths or ranges.
    """
    match shape:
        case StructureShape():
            yield from _structure(value, shape, path)
        case ListShape():
            yield from _list(value, shape, path)
        case MapShape():
            yield from _map(value, shape, path)
        case _:
            yield from _scalar(value, shape, path)


def _structure(value: Any, shape: StructureShape, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _wrong_type(value, "a structure", path)
        return
    if shape.is_document_type:
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield _failed(None, _join(path, name), "Member must not be null")
    for name, member in value.items():
        if name not in shape.members:
            yield f"Unknown member '{_join(path, name)}'; known are {', '.join(sorted(shape.members))}"
        elif member is not None:
            yield from problems(member, shape.members[name], _join(path, name))


def _list(value: Any, shape: ListShape, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield _wrong_type(value, "a list", path)
        return
    yield from _size(value, len(value), shape, path)
    for index, item in enumerate(value, start=1):
        yield from problems(item, shape.member, f"{path}.{index}.member")


def _map(value: Any, shape: MapShape, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _wrong_type(value, "a map", path)
        return
    yield from _size(value, len(value), shape, path)
    for key, item in value.items():
        yield from problems(key, shape.key, f"{path}.key")
        yield from problems(item, shape.value, f"{path}.{key}")


_SCALARS: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (datetime,),
    "blob": (bytes,),
    "string": (str,),
}


def _scalar(value: Any, shape: Shape, path: str) -> Iterator[str]:
    allowed = _SCALARS.get(shape.type_name)
    if allowed is None:
        return
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        yield _wrong_type(value, f"of type {shape.type_name}", path)
    elif isinstance(value, str) and isinstance(shape, StringShape):
        yield from _string(value, shape, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _range(value, shape, path)


def _string(value: str, shape: StringShape, path: str) -> Iterator[str]:
    yield from _size(value, len(value), shape, path)
    if shape.enum and value not in shape.enum:
        yield _failed(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _failed(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _size(value: Any, length: int, shape: Shape, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and length < low:
        yield _failed(value, path, f"Member must have length greater than or equal to {low}")
    if high is not None and length > high:
        yield _failed(value, path, f"Member must have length less than or equal to {high}")


def _range(value: float, shape: Shape, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield _failed(value, path, f"Member must have value greater than or equal to {low}")
    if high is not None and value > high:
        yield _failed(value, path, f"Member must have value less than or equal to {high}")


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    # The patterns are Java's: the standard library's re knows no \p{L}, and what Java has as two halves is one
    # character.
    plain = pattern.replace(_JAVA_ASTRAL, "\\U00010000-\\U0010FFFF")
    return regex.compile("".join(_tokens(plain)), regex.DOTALL)


def _tokens(pattern: str) -> Iterator[str]:
    in_class = False
    for token in regex.findall(r"\\.|.", pattern, regex.DOTALL):
        in_class = token == "[" or (in_class and token != "]")
        ascii_only = _JAVA_CLASSES.get(token)
        if ascii_only is None:
            yield token
        else:
            yield ascii_only if in_class else f"[{ascii_only}]"


def _join(path: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name


def _failed(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    if len(shown) > 200:
        shown = f"{shown[:200]}...'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _wrong_type(value: Any, expected: str, path: str) -> str:
    return f"Value at '{path}' must be {expected}, not {type(value).__name__}"
