"""A template: its sections as frozen declarations, nothing in it resolved yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.cloudformation.errors import absent, invalid
from local_aws.cloudformation.templates import markup
from local_aws.cloudformation.templates.parameters import Parameter
from local_aws.cloudformation.templates.rules import Rule
from local_aws.kernel.limits import maximum

SECTIONS = (
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
)
_SECTIONS_OF_AWS = frozenset({"Transform", "Hooks"})
_ATTRIBUTES = frozenset(
    {
        "Condition",
        "DeletionPolicy",
        "DependsOn",
        "Metadata",
        "Properties",
        "Type",
        "UpdateReplacePolicy",
    }
)
_ATTRIBUTES_OF_AWS = frozenset({"CreationPolicy", "UpdatePolicy"})
_DELETION_POLICIES = frozenset({"Delete", "Retain", "RetainExceptOnCreate"})
_REPLACE_POLICIES = frozenset({"Delete", "Retain"})
MAXIMUM_BODY_BYTES = maximum("cloudformation.template_body")
MAXIMUM_OBJECT_BYTES = maximum("cloudformation.template_object")


@dataclass(frozen=True)
class Declaration:
    """A resource as the template has it."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    depends_on: tuple[str, ...]
    condition: str | None
    metadata: Any
    deletion_policy: str
    update_replace_policy: str


EXPORT_NAME = (
    "The Name field of every Export member must be specified and consist only of alphanumeric characters, colons, or"
    " hyphens."
)


@dataclass(frozen=True)
class Output:
    """An output as the template has it; `value` and `export` may hold intrinsic functions."""

    name: str
    value: Any
    description: str | None
    export: Any
    condition: str | None


@dataclass(frozen=True)
class Template:
    """`body` is the text as it came."""

    body: str
    description: str | None
    metadata: Mapping[str, Any]
    parameters: Mapping[str, Parameter]
    rules: Mapping[str, Rule]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    resources: Mapping[str, Declaration]
    outputs: Mapping[str, Output]


def parse(body: str) -> Template:
    """The template in the text `body`, JSON or YAML.

    Raises ServiceError (ValidationError) for text that is no template, and for a section, a resource attribute or a
    policy that CloudFormation does not know or the embedded one does not have; it names them.
    """
    data = markup.read(body)
    _check_sections(data)
    resources = _section(data, "Resources")
    if not resources:
        raise invalid("Template format error: At least one Resources member must be defined.")
    return Template(
        body=body,
        description=data.get("Description") or None,
        metadata=_section(data, "Metadata"),
        parameters={
            name: Parameter.declared(name, stated) for name, stated in _section(data, "Parameters").items()
        },
        rules={name: Rule.declared(name, stated) for name, stated in _section(data, "Rules").items()},
        mappings=_section(data, "Mappings"),
        conditions=_section(data, "Conditions"),
        resources={name: _declaration(name, stated) for name, stated in resources.items()},
        outputs={name: _output(name, stated) for name, stated in _section(data, "Outputs").items()},
    )


def _check_sections(data: Mapping[str, Any]) -> None:
    for section in data:
        if section in _SECTIONS_OF_AWS:
            raise absent(f"the template section {section}", ", ".join(SECTIONS))
    unknown = [section for section in data if section not in SECTIONS]
    if unknown:
        raise invalid(f"Invalid template property or properties [{', '.join(map(str, unknown))}]")
    version = str(data.get("AWSTemplateFormatVersion", "2010-09-09"))
    if version != "2010-09-09":
        raise invalid(
            f"Template format error: {version} is not a supported value for AWSTemplateFormatVersion."
        )


def _section(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = data.get(name) or {}
    if not isinstance(section, dict):
        raise invalid(f"Template format error: {name} must be an object.")
    return section


def _check_name(kind: str, name: str) -> None:
    if not re.fullmatch("[A-Za-z0-9]+", name):
        raise invalid(f"Template format error: {kind} name {name} is non alphanumeric.")


def _declaration(logical_id: str, stated: Any) -> Declaration:
    _check_name("Resource", logical_id)
    if not isinstance(stated, dict) or not isinstance(stated.get("Type"), str):
        raise invalid(
            f"Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member."
        )
    for attribute in stated:
        if attribute in _ATTRIBUTES_OF_AWS:
            raise absent(f"the resource attribute {attribute} ({logical_id})", ", ".join(sorted(_ATTRIBUTES)))
        if attribute not in _ATTRIBUTES:
            raise invalid(f"Invalid template resource property '{attribute}'")
    depends_on = stated.get("DependsOn", [])
    return Declaration(
        logical_id=logical_id,
        type=stated["Type"],
        properties=_section(stated, "Properties"),
        depends_on=(depends_on,) if isinstance(depends_on, str) else tuple(depends_on),
        condition=stated.get("Condition"),
        metadata=stated.get("Metadata"),
        deletion_policy=_policy(stated, "DeletionPolicy", _DELETION_POLICIES),
        update_replace_policy=_policy(stated, "UpdateReplacePolicy", _REPLACE_POLICIES),
    )


def _policy(stated: Mapping[str, Any], attribute: str, known: frozenset[str]) -> str:
    policy = stated.get(attribute, "Delete")
    if not isinstance(policy, str):
        raise invalid(f"Template format error: Every {attribute} member must be a string.")
    if policy == "Snapshot":
        raise invalid(
            f"Template error: resource type {stated['Type']} does not support deletion policy Snapshot"
        )
    if policy not in known:
        raise invalid(f"Template error: Unrecognized {attribute} {policy}")
    return policy


def _output(name: str, stated: Any) -> Output:
    _check_name("Output", name)
    if not isinstance(stated, dict) or "Value" not in stated:
        raise invalid(
            f"Template format error: Every Outputs member must contain a Value object. ([/Outputs/{name}])"
        )
    return Output(
        name=name,
        value=stated["Value"],
        description=stated.get("Description"),
        export=_export(name, stated["Export"]) if "Export" in stated else None,
        condition=stated.get("Condition"),
    )


def _export(name: str, stated: Any) -> Any:
    exported = stated.get("Name") if isinstance(stated, dict) else None
    if not exported:
        raise invalid(f"Template format error: Output {name} is malformed. {EXPORT_NAME}")
    return exported
