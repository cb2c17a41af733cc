"""CloudFormation templates as data: their parameters, what two of them differ in, and the versions that a product has.

Pure: takes and gives text and plain data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from project_template.errors import ParameterError

PRODUCT_TYPE = "AWS::ServiceCatalog::CloudFormationProduct"

INJECTED = frozenset({"SageMakerProjectName", "SageMakerProjectId"})
"""Parameters that SageMaker fills in by itself."""


class _Loader(yaml.SafeLoader):
    """Reads the short forms of intrinsic functions (`!Ref x`) as their long ones (`{"Ref": "x"}`)."""


def _short_form(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in {"Ref", "Condition"} else f"Fn::{tag}"
    match node:
        case yaml.ScalarNode():
            return {name: loader.construct_scalar(node)}
        case yaml.SequenceNode():
            return {name: loader.construct_sequence(node, deep=True)}
        case yaml.MappingNode():
            return {name: loader.construct_mapping(node, deep=True)}
    raise yaml.YAMLError(f"unknown node {node}")


_Loader.add_multi_constructor("!", _short_form)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a template, with what it allows. Source: "Parameters", CloudFormation user guide."""

    name: str
    default: str | None = None
    pattern: str | None = None
    allowed: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int | None = None
    explanation: str = ""

    def problem(self, value: str) -> str | None:
        """Why the value cannot be taken, or None."""
        if self.allowed and value not in self.allowed:
            return (
                f"{self.name} is {value!r}; it takes {', '.join(each or '(empty)' for each in self.allowed)}"
            )
        too_long = self.maximum is not None and len(value) > self.maximum
        if too_long or len(value) < self.minimum:
            return (
                f"{self.name} has {len(value)} characters; it takes {self.minimum} to {self.maximum or 'any'}"
            )
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            return f"{self.name} is {value!r}; {self.explanation or f'it has to match {self.pattern}'}"
        return None


def parse(text: str) -> dict[str, Any]:
    """The template as plain data, from YAML or JSON. Raises yaml.YAMLError."""
    loader = _Loader(text)
    try:
        found = loader.get_single_data()
    finally:
        loader.dispose()
    return found if isinstance(found, dict) else {}


def parameters(template: Mapping[str, Any]) -> dict[str, Parameter]:
    """The template's parameters by name."""
    return {
        name: Parameter(
            name=name,
            default=_text(declaration["Default"]) if "Default" in declaration else None,
            pattern=declaration.get("AllowedPattern"),
            allowed=tuple(_text(value) for value in declaration.get("AllowedValues", ())),
            minimum=int(declaration.get("MinLength", 0)),
            maximum=int(declaration["MaxLength"]) if "MaxLength" in declaration else None,
            explanation=str(declaration.get("ConstraintDescription", "")),
        )
        for name, declaration in template.get("Parameters", {}).items()
    }


def check(template: Mapping[str, Any], given: Mapping[str, str], project: str) -> None:
    """Raises ParameterError naming every value that the template refuses, does not know, or lacks.

    `project` is the project's name, which SageMaker fills in and the template may restrict.
    """
    declared = parameters(template)
    problems = [f"{name} is not a parameter of the template" for name in given if name not in declared]
    problems += [f"{name} is filled in by SageMaker" for name in given if name in INJECTED]
    declaration = declared.get("SageMakerProjectName")
    if declaration is not None and (problem := declaration.problem(project)) is not None:
        problems.append(problem)
    for name, parameter in declared.items():
        if name in INJECTED:
            continue
        value = given.get(name, parameter.default)
        if value is None:
            problems.append(f"{name} is missing, and the template has no default for it")
        elif (problem := parameter.problem(value)) is not None:
            problems.append(problem)
    if not problems:
        chosen = {name: each.default for name, each in declared.items()} | dict(given)
        problems = [broken.rstrip(".") for broken in _broken_rules(template, chosen)]
    if problems:
        settable = sorted(declared.keys() - INJECTED)
        raise ParameterError("; ".join(problems) + f". The template's parameters are: {', '.join(settable)}.")


def _broken_rules(template: Mapping[str, Any], values: Mapping[str, str | None]) -> Iterator[str]:
    """The descriptions of the assertions of the template's rules that do not hold.

    Source: "Rules", CloudFormation user guide.
    """
    for rule in template.get("Rules", {}).values():
        try:
            if "RuleCondition" not in rule or _holds(rule["RuleCondition"], values):
                for each in rule["Assertions"]:
                    if not _holds(each["Assert"], values):
                        yield str(each.get("AssertDescription", each["Assert"]))
        except NotImplementedError:
            continue  # CloudFormation asks them all


def _holds(node: Any, values: Mapping[str, str | None]) -> bool:
    match node:
        case {"Fn::Equals": [left, right]}:
            return _value(left, values) == _value(right, values)
        case {"Fn::Not": [operand]}:
            return not _holds(operand, values)
        case {"Fn::And": list(operands)}:
            return all(_holds(each, values) for each in operands)
        case {"Fn::Or": list(operands)}:
            return any(_holds(each, values) for each in operands)
    raise NotImplementedError(node)


def _value(node: Any, values: Mapping[str, str | None]) -> str | None:
    match node:
        case {"Ref": str(name)}:
            return values.get(name)
    return _text(node)


def changes(before: str | None, after: str) -> list[str]:
    """The changes between two templates, one line per resource, by logical id."""
    old = parse(before).get("Resources", {}) if before is not None else {}
    new = parse(after).get("Resources", {})
    lines = [f"Add     {name} {new[name]['Type']}" for name in new if name not in old]
    lines += [f"Modify  {name} {new[name]['Type']}" for name in new if name in old and new[name] != old[name]]
    return lines + [f"Remove  {name} {old[name]['Type']}" for name in old if name not in new]


def same(one: str | None, other: str | None) -> bool:
    """Whether two templates say the same, however they are written; None is no template."""
    if one is None or other is None or one == other:
        return one == other
    return parse(one) == parse(other)


def resource_types(template: Mapping[str, Any]) -> list[str]:
    """The types of the template's resources, sorted, each once."""
    return sorted({resource["Type"] for resource in template.get("Resources", {}).values()})


def product_versions(text: str | None) -> list[tuple[str, str]]:
    """Name and template URL of each version that the template's product has, the oldest first."""
    if text is None:
        return []
    return [
        (str(version.get("Name", "")), str(version["Info"]["LoadTemplateFromURL"]))
        for resource in parse(text).get("Resources", {}).values()
        if resource.get("Type") == PRODUCT_TYPE
        for version in resource["Properties"]["ProvisioningArtifactParameters"]
    ]


def _text(value: Any) -> str:
    """A parameter's value as CloudFormation reads it: YAML's `true` is the string `true`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
