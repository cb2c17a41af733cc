"""Intrinsic functions, evaluated as far as what is known allows.

What a resource will be called is unknown before it exists. So a template is evaluated twice by the same evaluator: once
when it comes, where a reference to a resource stays as it is, with everything else around it resolved; and once
when the resource's turn comes and all it refers to exists. `{"Fn::Sub": "${Name}-${Topic}"}` becomes
`{"Fn::Join": ["", ["demo-", {"Ref": "Topic"}]]}` and then a string. Between the two, equal forms mean equal values
unless something referred to changes: that is what change sets compare.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.cloudformation.errors import absent, invalid

UNKNOWN = object()
"""The value of `Evaluator.reference` and `.attribute` for a resource that does not exist yet."""

NO_VALUE = object()
"""AWS::NoValue: the property or item that has it is left out."""

FUNCTIONS = (
    "Fn::Base64",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Ref",
)
IMPORT = "Fn::ImportValue"
CONDITION_FUNCTIONS = ("Condition", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or")
_FUNCTIONS_OF_AWS = frozenset({"Fn::Cidr", "Fn::ForEach", "Fn::Length", "Fn::ToJsonString", "Fn::Transform"})
_PLACE = re.compile(r"\$\{(!?)\s*([^}]*?)\s*\}")
_VARIABLE = re.compile(r"[A-Za-z0-9_.:]+")


def function_of(node: Any) -> str | None:
    """The name of the intrinsic function that `node` is a call of, or None. Raises ServiceError for an unknown one."""
    if not isinstance(node, dict) or len(node) != 1:
        return None
    (name,) = node
    if name in FUNCTIONS or name in CONDITION_FUNCTIONS[1:]:
        return str(name)
    if str(name).startswith("Fn::"):
        known = ", ".join((*FUNCTIONS, *CONDITION_FUNCTIONS))
        if name in _FUNCTIONS_OF_AWS:
            raise absent(f"the intrinsic function {name}", known)
        raise invalid(
            f"Template format error: Encountered unsupported function: {name} Supported functions are: [{known}]"
        )
    return None


def references(node: Any) -> Iterator[tuple[str, str | None]]:
    """Every (name, attribute) that `node` refers to: by Ref (attribute None), Fn::GetAtt and Fn::Sub."""
    match function_of(node), node:
        case "Ref", {"Ref": name}:
            yield str(name), None
        case "Fn::GetAtt", {"Fn::GetAtt": argument}:
            yield split_attribute(argument)
        case "Fn::Sub", {"Fn::Sub": argument}:
            text, given = _sub_arguments(argument)
            for literal, place in (found.groups() for found in _places(text)):
                if not literal and place not in given:
                    name, _, attribute = place.partition(".")
                    yield name, attribute or None
            yield from references(given)
        case _, dict():
            for value in node.values():
                yield from references(value)
        case _, list():
            for value in node:
                yield from references(value)


def calls(node: Any, function: str) -> Iterator[Any]:
    """The argument of every call of `function` within `node`."""
    if isinstance(node, dict):
        if len(node) == 1 and function in node:
            yield node[function]
        for value in node.values():
            yield from calls(value, function)
    elif isinstance(node, list):
        for value in node:
            yield from calls(value, function)


def is_unresolved(node: Any) -> bool:
    """Whether `node`, evaluated once, still waits for a resource, or for another stack's export."""
    return next(references(node), None) is not None or next(calls(node, IMPORT), None) is not None


def split_attribute(argument: Any) -> tuple[str, str]:
    """The resource and the attribute of Fn::GetAtt, whose argument is `[name, attribute]` or `"name.attribute"`.

    Raises ServiceError (ValidationError) for another argument.
    """
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) for part in parts):
        raise invalid(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the"
            " resource attribute"
        )
    return parts[0], parts[1]


@dataclass(frozen=True)
class Evaluator:
    """Evaluates intrinsic functions by what `reference`, `attribute` and `condition` know.

    `reference(name)`, `attribute(name, attribute)` and `imported(name)` give a value or UNKNOWN; `condition(name)` a truth
    value.
    All evaluation raises ServiceError (ValidationError), in CloudFormation's words where it has some.
    """

    reference: Callable[[str], Any]
    attribute: Callable[[str, str], Any]
    condition: Callable[[str], bool]
    mappings: Mapping[str, Any]
    region: str
    imported: Callable[[str], Any] = lambda name: UNKNOWN

    def evaluate(self, node: Any) -> Any:
        """The value of a template's node, with all intrinsic functions evaluated.

        Raises ServiceError (ValidationError) for a function that is unknown or not embedded.
        """
        function = function_of(node)
        if function is not None:
            return self._call(function, node[function], node)
        if isinstance(node, dict):
            values = {name: self.evaluate(value) for name, value in node.items()}
            return {name: value for name, value in values.items() if value is not NO_VALUE}
        if isinstance(node, list):
            return [value for value in map(self.evaluate, node) if value is not NO_VALUE]
        if isinstance(node, str) and "{{resolve:" in node:
            raise absent(f"dynamic references: {node}")
        return node

    def _call(self, function: str, argument: Any, node: Any) -> Any:
        match function:
            case "Ref":
                if not isinstance(argument, str):
                    raise invalid("Template error: every Ref object must have a single String value.")
                return _or_unresolved(self.reference(argument), node)
            case "Fn::GetAtt":
                name, attribute = split_attribute(argument)
                return _or_unresolved(self.attribute(name, attribute), {"Fn::GetAtt": [name, attribute]})
            case "Fn::If":
                return self._if(_arguments(3, function, argument))
            case "Fn::Sub":
                return self._sub(argument)
            case "Fn::ImportValue":
                return self._import(argument)
            case "Fn::FindInMap":
                return self._find_in_map(argument)
            case "Fn::GetAZs":
                region = self.evaluate(argument) or self.region
                return [f"{region}{zone}" for zone in "abc"]
            case "Fn::Join" | "Fn::Select" | "Fn::Split" | "Fn::Base64":
                value = self.evaluate(argument)
                return {function: value} if is_unresolved(value) else _PURE[function](value)
        raise invalid(f"Template error: {function} can be used in the Conditions block only")

    def _if(self, arguments: list[Any]) -> Any:
        condition, then, otherwise = arguments
        if not isinstance(condition, str):
            raise invalid(
                "Template error: Fn::If requires a list argument with the first element being a condition"
            )
        return self.evaluate(then if self.condition(condition) else otherwise)

    def _sub(self, argument: Any) -> Any:
        text, given = _sub_arguments(argument)
        parts: list[Any] = []
        end = 0
        for place in _places(text):
            parts.append(text[end : place.start()])
            end = place.end()
            parts.append(self._substituted(place, given))
        parts.append(text[end:])
        return self._call("Fn::Join", ["", _merge_strings(parts)], None)

    def _substituted(self, place: re.Match[str], given: Mapping[str, Any]) -> Any:
        literal, name = place.groups()
        if literal:
            return f"${{{name}}}"
        if name in given:
            return self.evaluate(given[name])
        resource, _, attribute = name.partition(".")
        return self.evaluate({"Fn::GetAtt": [resource, attribute]} if attribute else {"Ref": name})

    def _import(self, argument: Any) -> Any:
        name = self.evaluate(argument)
        if is_unresolved(name) or not isinstance(name, str):
            raise invalid(
                "Template error: the attribute in Fn::ImportValue must not depend on any resources, imported values, or"
                " Fn::GetAZs"
            )
        return _or_unresolved(self.imported(name), {IMPORT: name})

    def _find_in_map(self, argument: Any) -> Any:
        keys = [self.evaluate(key) for key in _arguments(3, "Fn::FindInMap", argument)]
        found: Any = self.mappings
        for key in keys:
            if not isinstance(key, str) or not isinstance(found, Mapping) or key not in found:
                raise invalid(f"Template error: Unable to get mapping for {'::'.join(map(str, keys))}")
            found = found[key]
        return found


def text_of(value: Any) -> str:
    """A scalar as CloudFormation writes it into a string."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _or_unresolved(value: Any, node: Any) -> Any:
    return node if value is UNKNOWN else value


def _merge_strings(parts: list[Any]) -> list[Any]:
    """Neighbouring strings made one, so that equal texts have equal forms."""
    merged: list[Any] = []
    for part in parts:
        if merged and isinstance(part, str) and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    return merged


def _places(text: str) -> Iterator[re.Match[str]]:
    """The places of a text for Fn::Sub. Raises ServiceError (ValidationError) for one without a name, or with a wrong one."""
    for place in _PLACE.finditer(text):
        literal, name = place.groups()
        if not literal and not _VARIABLE.fullmatch(name):
            raise invalid(
                "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores,"
                f" periods, and colons: {place[0]}"
            )
        yield place


def _sub_arguments(argument: Any) -> tuple[str, Mapping[str, Any]]:
    match argument:
        case str():
            return argument, {}
        case [str(text), dict(given)]:
            return text, given
    raise invalid(
        "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string"
        " as first argument, and an optional second argument to specify a mapping of values to replace in the string"
    )


def _arguments(count: int, function: str, argument: Any) -> list[Any]:
    if not isinstance(argument, list) or len(argument) != count:
        raise invalid(f"Template error: {function} requires a list of {count} parameters")
    return argument


def _join(argument: Any) -> str:
    match argument:
        case [str(delimiter), list(values)] if not any(isinstance(value, dict | list) for value in values):
            return delimiter.join(map(text_of, values))
    raise invalid(
        "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of"
        " strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
    )


def _select(argument: Any) -> Any:
    match argument:
        case [index, list(values)] if text_of(index).isdigit():
            if int(index) < len(values):
                return values[int(index)]
            raise invalid(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    raise invalid(
        "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
    )


def _split(argument: Any) -> list[str]:
    match argument:
        case [str(delimiter), str(text)] if delimiter:
            return text.split(delimiter)
    raise invalid(
        "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to"
        " be split or a function that returns a string to be split."
    )


def _base64(argument: Any) -> str:
    if not isinstance(argument, str):
        raise invalid(
            "Template error: every Fn::Base64 object must have a String-typed value, or a function that returns a"
            " string value"
        )
    return base64.b64encode(argument.encode()).decode()


_PURE: Mapping[str, Callable[[Any], Any]] = {
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Base64": _base64,
}
