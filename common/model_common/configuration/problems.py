"""Turns pydantic's errors about a configuration file into sentences for its author.

Every problem is one line: the key, what was found there, what is allowed.
"""

from __future__ import annotations

import difflib
import types
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from model_common.configuration.part import PROBLEM

Location = tuple[int | str, ...]

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "union_tag_not_found": "keys and values",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


_OF_TEXT = "Put it in quotes, or YAML reads it as something else."


def describe(error: ValidationError, model: type[BaseModel], of_text: str = _OF_TEXT) -> list[str]:
    """One line per problem of `model`'s validation: the key, what was found there, what is allowed.

    `of_text` is the advice about a number, true or false where text is expected.
    """
    return [
        _line(problem, model) + (f" {of_text}" if _is_unquoted(problem) else "")
        for problem in error.errors(include_url=False)
        if not _is_consequence(problem)
    ]


def _is_consequence(problem: ErrorDetails) -> bool:
    """Whether a list is reported as too short only because its items are invalid."""
    found = problem["input"]
    return (
        problem["type"] == "too_short"
        and isinstance(found, tuple | list)
        and len(found) >= problem["ctx"]["min_length"]
    )


def refusal(origin: Path, lines: list[str]) -> str:
    """The message of the error that refuses the file `origin` for the problems in `lines`."""
    count = "a problem" if len(lines) == 1 else f"{len(lines)} problems"
    return "\n  ".join([f"{origin} has {count}:", *lines])


def _line(problem: ErrorDetails, model: type[BaseModel]) -> str:
    location = problem["loc"]
    stated = _stated(model, location)
    key = _dotted(stated) or "the file"
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        allowed = _fields_at(model, location[:-1])
        return f"{key}: unknown key.{_suggestion(str(location[-1]), allowed)} Allowed: {', '.join(allowed)}."
    if kind == "missing":
        return f"{key}: missing. {_expected_at(model, location)}"
    if kind == PROBLEM:
        return f"{_dotted((*stated, context['key']))}: {context['words']}."
    if kind == "union_tag_invalid":
        chooser = context["discriminator"].strip("()'")
        allowed = context["expected_tags"].replace("'", "")
        return f"{_dotted((*stated, chooser))}: found {_shown(context['tag'])}. Allowed: {allowed}."
    found = _shown(problem["input"])
    if kind == "literal_error":
        return f"{key}: found {found}. Allowed: {str(context['expected']).replace(chr(39), '')}."
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{key}: found {found}. Allowed: {words} {context[name]}."
    if kind in ("too_short", "string_too_short"):
        return f"{key}: found {found}. Allowed: a length of {context['min_length']} or more."
    if kind in _KINDS:
        return f"{key}: found {found}. Allowed: {_KINDS[kind]}."
    return f"{key}: found {found}. {problem['msg']}."


def _dotted(location: Location) -> str:
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and part != "[key]":  # pydantic's mark of a problem with the key itself
            text += f".{part}" if text else part
    return text


def _shown(value: Any) -> str:
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "keys and values"
    text = repr(_as_written(value))
    return text if len(text) <= 80 else text[:77] + "..."


def _as_written(value: Any) -> Any:
    """The same data with lists for tuples, as the file has it."""
    if isinstance(value, dict):
        return {key: _as_written(item) for key, item in value.items()}
    return [_as_written(item) for item in value] if isinstance(value, tuple | list) else value


def _suggestion(name: str, allowed: list[str]) -> str:
    close = difflib.get_close_matches(name, allowed, n=1)
    return f" Did you mean {close[0]}?" if close else ""


def _is_unquoted(problem: ErrorDetails) -> bool:
    """Whether a number, true or false stands where text is expected."""
    return problem["type"] == "string_type" and isinstance(problem["input"], bool | int | float)


def _expected_at(model: type[BaseModel], location: Location) -> str:
    """The description of the field at `location`, if the schema has one."""
    parent = _model_at(model, location[:-1])
    field = parent.model_fields.get(str(location[-1])) if parent else None
    return f"It is {field.description}." if field is not None and field.description else "It must be stated."


def _fields_at(model: type[BaseModel], location: Location) -> list[str]:
    parent = _model_at(model, location)
    return list(parent.model_fields) if parent else []


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """The pydantic model that describes the mapping at `location`, through lists, optional and tagged values."""
    current: type[BaseModel] | None = model
    tagged: dict[str, type[BaseModel]] = {}
    for part in location:
        if isinstance(part, int):
            continue
        if part in tagged:
            current, tagged = tagged[part], {}
            continue
        field = current.model_fields.get(part) if current else None
        tagged = _tagged(field.annotation) if field is not None else {}
        current = _model_within(field.annotation) if field is not None else None
    return current


def _stated(model: type[BaseModel], location: Location) -> Location:
    """The location as the file has it: pydantic also names the tag by which it chose one of several models."""
    kept: list[int | str] = []
    for index, part in enumerate(location):
        parent = _model_at(model, location[: index - 1]) if index else None
        field = parent.model_fields.get(str(location[index - 1])) if parent else None
        if field is None or part not in _tagged(field.annotation):
            kept.append(part)
    return tuple(kept)


def _tagged(annotation: Any) -> dict[str, type[BaseModel]]:
    """The models of a union by their tags; empty for anything else."""
    members = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else ()
    found = {}
    for member in members:
        kind, *marks = get_args(member) or (member,)
        found.update({mark.tag: kind for mark in marks if isinstance(mark, Tag)})
    return found


def _model_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, tuple, list):
        for argument in get_args(annotation):
            found = _model_within(argument)
            if found is not None:
                return found
    return None
