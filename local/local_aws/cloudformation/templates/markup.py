"""A template's text as plain data: JSON, or YAML with the short forms of the intrinsic functions."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from typing import Any

import yaml

from local_aws.cloudformation.errors import invalid
from local_aws.kernel.json_text import DEEPEST, deeper_than
from local_aws.kernel.wire import ServiceError

_TAGS = re.compile(r"!!|tag:yaml\.org")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


_TWICE = "the key {} stands twice in one object"
"""What CloudFormation makes of that is undefined: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html."""


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: a date is text, and `!Name` is the intrinsic function `Fn::Name`.

    Aliases are refused, as CloudFormation does; so are the tags of YAML itself, and keys that are not text.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _syntax_error("YAML aliases are not allowed in CloudFormation templates", event)
        self._depth += 1
        if self._depth > DEEPEST:
            raise _syntax_error(f"the template is nested more than {DEEPEST} levels", event)
        tag = getattr(event, "tag", None)
        if tag and _TAGS.search(tag):
            raise _syntax_error(f"the tag {tag} is not one of an intrinsic function", event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _syntax_error("a key must be text", key)
            if key.value in seen:
                raise _syntax_error(_TWICE.format(key.value), key)
            seen.add(key.value)
        made = super().construct_mapping(node, deep=deep)
        return {str(key): value for key, value in made.items()}


def _syntax_error(why: str, place: yaml.Event | yaml.Node) -> ServiceError:
    mark = place.start_mark
    where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return invalid(f"Template format error: {why}.{where}")


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
        found = json.loads(body, parse_constant=_refuse_number, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        where = f"(line {error.lineno}, column {error.colno})"
        raise invalid(f"Template format error: JSON not well-formed. {where}") from error
    except RecursionError as error:
        raise invalid(f"Template format error: the template is nested more than {DEEPEST} levels.") from error
    except ValueError as error:
        raise invalid(f"Template format error: JSON not well-formed: {error}.") from error
    if deeper_than(found, DEEPEST):
        raise invalid(f"Template format error: the template is nested more than {DEEPEST} levels.")
    return found


def _yaml(body: str) -> Any:
    if control := _CONTROL.search(body):
        line = body.count("\n", 0, control.start()) + 1
        raise invalid(f"Template format error: line {line} has the control character {control[0]!r}.")
    try:
        return yaml.load(body, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise invalid(f"Template format error: YAML not well-formed.{where}") from error
    except yaml.reader.ReaderError as error:
        raise invalid(f"Template format error: the character {error.character!r} is not allowed.") from error
    except (ValueError, RecursionError, OverflowError) as error:
        raise invalid(f"Template format error: YAML not well-formed: {error}.") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise invalid(f"Template format error: {_TWICE.format(name)}.")
        found[name] = value
    return found


def _refuse_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
