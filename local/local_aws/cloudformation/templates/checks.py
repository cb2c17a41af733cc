"""Checks of a template before resources are created, and the capabilities that its user has to acknowledge."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from local_aws.cloudformation.errors import invalid
from local_aws.cloudformation.resources.types import Types
from local_aws.cloudformation.templates.conditions import check_references
from local_aws.cloudformation.templates.definition import PSEUDO_PARAMETERS
from local_aws.cloudformation.templates.intrinsics import calls, references
from local_aws.cloudformation.templates.template import Template
from local_aws.kernel.limits import LIMITS
from local_aws.kernel.wire import ServiceError

_NAMES_OF_IAM = frozenset({"RoleName", "ManagedPolicyName", "UserName", "GroupName", "InstanceProfileName"})


def check(template: Template, types: Types) -> None:
    """Raises ServiceError (ValidationError) for unknown types, functions, references, attributes and conditions."""
    _check_sizes(template)
    unknown = {each.type for each in template.resources.values() if each.type not in types}
    if unknown:
        raise types.unrecognized(sorted(unknown))
    names = {*template.parameters, *PSEUDO_PARAMETERS}
    check_references(template.conditions, names)
    for rule in template.rules.values():
        conditions = [rule.condition, *(assertion for assertion, _ in rule.assertions)]
        check_references({rule.name: conditions}, names, "Rules")
    for each in template.resources.values():
        _check_node(template, types, [dict(each.properties), each.metadata], "Resources")
        _require(template, each.depends_on, "Resources")
        _check_condition(template, each.condition)
    for output in template.outputs.values():
        _check_node(template, types, [output.value, output.export], "Outputs")
        _check_condition(template, output.condition)


def _check_sizes(template: Template) -> None:
    for what, found in (
        ("template_description", len((template.description or "").encode())),
        ("resources", len(template.resources)),
        ("outputs", len(template.outputs)),
        ("parameters", len(template.parameters)),
        ("mappings", len(template.mappings)),
        ("logical_id", max(map(len, [*template.resources, *template.outputs, *template.parameters]))),
    ):
        limit = LIMITS[f"cloudformation.{what}"]
        if found > limit.maximum:
            raise invalid(
                f"Template format error: {found:,} {limit.unit}, and {limit.maximum:,} is the maximum."
            )


def _check_node(template: Template, types: Types, node: object, block: str) -> None:
    for name, attribute in references(node):
        if attribute is None:
            if name not in template.parameters and name not in PSEUDO_PARAMETERS:
                _require(template, [name], block)
            continue
        if name not in template.resources:
            raise invalid(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
        known = types.find(template.resources[name].type).attributes
        if known is not None and attribute not in known:
            raise invalid(
                f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            )
    for argument in calls(node, "Fn::If"):
        _check_condition(template, argument[0] if isinstance(argument, list) and argument else None)


def _require(template: Template, names: Iterable[str], block: str) -> None:
    missing = [name for name in names if name not in template.resources]
    if missing:
        raise invalid(
            f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in the {block} block of"
            " the template"
        )


def _check_condition(template: Template, name: str | None) -> None:
    if name is not None and name not in template.conditions:
        raise invalid(f"Template format error: Unresolved condition dependency {name} in the template")


def capability(template: Template) -> tuple[str, str] | None:
    """The capability that the template needs, and the types that need it; None where it needs none."""
    iam = [each for each in template.resources.values() if each.type.startswith("AWS::IAM::")]
    if not iam:
        return None
    named = any(_NAMES_OF_IAM & set(each.properties) for each in iam)
    kinds = ", ".join(sorted({each.type for each in iam}))
    return "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM", kinds


def capability_reason(types: str) -> str:
    """The message for capabilities that were not acknowledged."""
    return f"The following resource(s) require capabilities: [{types}]"


def require_capabilities(template: Template, given: Collection[str]) -> None:
    """Raises ServiceError (InsufficientCapabilitiesException) where the user has not acknowledged what is needed."""
    needed = capability(template)
    if needed and not {needed[0], "CAPABILITY_NAMED_IAM"} & set(given):
        raise ServiceError("InsufficientCapabilitiesException", f"Requires capabilities : [{needed[0]}]")
