"""A template's text as plain data: JSON, or YAML with the short forms of the intrinsic functions."""

from __future__ import annotations

import json
from typing import Any

import yaml

from local_aws.cloudformation.errors import invalid


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: a date is text, and `!Name` is the intrinsic function `Fn::Name`."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    argument: Any
    match node:
        case yaml.ScalarNode():
            argument = loader.construct_scalar(node)
        case yaml.SequenceNode():
            argument = loader.construct_sequence(node, deep=True)
        case _:
            assert isinstance(node, yaml.MappingNode)
            argument = loader.construct_mapping(node, deep=True)
    if suffix in {"Ref", "Condition"}:
        return {suffix: argument}
    return {f"Fn::{suffix}": argument}


_Loader.add_multi_constructor("!", _short_form)


def read(body: str) -> dict[str, Any]:
    """The template in `body`. Raises ServiceError (ValidationError) for text that is neither JSON nor YAML."""
    data = _json(body) if body.lstrip().startswith("{") else _yaml(body)
    if not isinstance(data, dict):
        raise invalid("Template format error: unsupported structure.")
    return data


def _json(body: str) -> Any:
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        where = f"(line {error.lineno}, column {error.colno})"
        raise invalid(f"Template format error: JSON not well-formed. {where}") from error


def _yaml(body: str) -> Any:
    try:
        return yaml.load(body, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise invalid(f"Template format error: YAML not well-formed.{where}") from error
