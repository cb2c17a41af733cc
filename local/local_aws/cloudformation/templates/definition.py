"""The definition of a stack: a template with parameter values and the stack's tags, resolved as far as possible."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.cloudformation.errors import invalid
from local_aws.cloudformation.templates import rules
from local_aws.cloudformation.templates.conditions import Conditions
from local_aws.cloudformation.templates.graph import Graph, require_acyclic
from local_aws.cloudformation.templates.intrinsics import (
    IMPORT,
    NO_VALUE,
    UNKNOWN,
    Evaluator,
    calls,
    is_unresolved,
    references,
)
from local_aws.cloudformation.templates.template import EXPORT_NAME, Declaration, Output, Template
from local_aws.kernel.account import ACCOUNT_ID
from local_aws.kernel.limits import maximum

PSEUDO_PARAMETERS = frozenset(
    {
        "AWS::AccountId",
        "AWS::NoValue",
        "AWS::NotificationARNs",
        "AWS::Partition",
        "AWS::Region",
        "AWS::StackId",
        "AWS::StackName",
        "AWS::URLSuffix",
    }
)


@dataclass(frozen=True)
class Wanted:
    """A resource as it is to be. In `properties` only references to other resources are unresolved."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    dependencies: frozenset[str]
    metadata: Any
    deletion_policy: str
    update_replace_policy: str


@dataclass(frozen=True)
class Definition:
    """A template with values for its parameters. Conditions have decided which resources and outputs there are."""

    template: Template
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    resources: Mapping[str, Wanted]
    outputs: Mapping[str, Output]
    region: str
    imports: frozenset[str] = frozenset()
    """The names of the exports that it imports."""

    def graph(self) -> Graph:
        """The resources, each with those that it depends on."""
        return {name: wanted.dependencies for name, wanted in self.resources.items()}

    def settle(
        self,
        node: Any,
        attributes: Mapping[str, Mapping[str, Any]],
        imported: Callable[[str], Any] = lambda name: UNKNOWN,
    ) -> Any:
        """`node` with its references resolved by the `attributes` of the resources that exist, and by others' exports.

        The attribute "Ref" of a resource is what Ref gives. Raises ServiceError where one has no such attribute, and for
        an export that does not exist.
        """
        return Evaluator(
            reference=lambda name: attributes[name]["Ref"],
            attribute=lambda name, attribute: _attribute(attributes[name], name, attribute),
            condition=lambda name: False,  # unreached: no condition is left
            mappings={},
            region=self.region,
            imported=imported,
        ).evaluate(node)


def define(
    template: Template, parameters: Mapping[str, str], tags: Mapping[str, str], pseudo: Mapping[str, Any]
) -> Definition:
    """The definition that `template` makes with these values; `pseudo` are the pseudo parameters'.

    Raises ServiceError (ValidationError) for unknown references and functions, for values that a rule refuses, and for
    resources that depend on each other in a circle.
    """
    names = {name: template.parameters[name].value(value) for name, value in parameters.items()}
    known = {**pseudo, **names, "AWS::NoValue": NO_VALUE}

    def never(name: str, attribute: str) -> Any:
        raise invalid(f"Template error: instance of Fn::GetAtt references undefined resource {name}")

    plain = Evaluator(known.__getitem__, never, lambda name: False, template.mappings, pseudo["AWS::Region"])
    conditions = Conditions(template.conditions, plain)
    rules.check(template.rules, conditions.truth)
    evaluator = Evaluator(
        reference=lambda name: known.get(name, UNKNOWN),
        attribute=lambda name, attribute: UNKNOWN,
        condition=conditions.holds,
        mappings=template.mappings,
        region=pseudo["AWS::Region"],
    )
    present = {
        name: declaration
        for name, declaration in template.resources.items()
        if declaration.condition is None or conditions.holds(declaration.condition)
    }
    resources = {name: _wanted(declaration, evaluator, present) for name, declaration in present.items()}
    outputs = {
        name: _output(output, evaluator, present)
        for name, output in template.outputs.items()
        if output.condition is None or conditions.holds(output.condition)
    }
    _check_distinct(outputs.values())
    imports = frozenset(
        name
        for node in [
            *([dict(each.properties), each.metadata] for each in resources.values()),
            *([each.value, each.export] for each in outputs.values()),
        ]
        for name in calls(node, IMPORT)
    )
    definition = Definition(template, parameters, tags, resources, outputs, pseudo["AWS::Region"], imports)
    require_acyclic(definition.graph())
    return definition


def pseudo_parameters(
    region: str, stack_id: str, stack_name: str, notification_arns: list[str]
) -> dict[str, Any]:
    """The values of the pseudo parameters for a stack; AWS::NoValue is no value."""
    return {
        "AWS::AccountId": ACCOUNT_ID,
        "AWS::NotificationARNs": notification_arns,
        "AWS::Partition": "aws",
        "AWS::Region": region,
        "AWS::StackId": stack_id,
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": "amazonaws.com",
    }


def _wanted(declaration: Declaration, evaluator: Evaluator, present: Mapping[str, Declaration]) -> Wanted:
    properties = evaluator.evaluate(dict(declaration.properties))
    referred = _present(references(properties), present, "Resources")
    return Wanted(
        logical_id=declaration.logical_id,
        type=declaration.type,
        properties=properties,
        # A resource that a condition left out is no dependency.
        dependencies=referred | (set(declaration.depends_on) & set(present)),
        metadata=evaluator.evaluate(declaration.metadata),
        deletion_policy=declaration.deletion_policy,
        update_replace_policy=declaration.update_replace_policy,
    )


def _output(output: Output, evaluator: Evaluator, present: Mapping[str, Declaration]) -> Output:
    value, export = evaluator.evaluate(output.value), evaluator.evaluate(output.export)
    _present(references([value, export]), present, "Outputs")
    if output.export is not None:
        _check_export(output.name, export)
    return Output(output.name, value, output.description, export, output.condition)


def _check_export(output: str, name: Any) -> None:
    malformed = f"Template format error: Output {output} is malformed."
    if is_unresolved(name):
        raise invalid(
            f"{malformed} The Name field of Export must not depend on any resources, imported values, or Fn::GetAZs."
        )
    if not re.fullmatch("[A-Za-z0-9:-]+", str(name)):
        raise invalid(f"{malformed} {EXPORT_NAME}")
    most = maximum("cloudformation.export_name")
    if len(name) > most:
        raise invalid(
            f"{malformed} The Name field of every Export member must not be longer than {most} characters."
        )


def _check_distinct(outputs: Iterable[Output]) -> None:
    """Raises ServiceError where two outputs are exported under one name."""
    exported: dict[str, str] = {}
    for output in outputs:
        if output.export is None:
            continue
        if other := exported.get(output.export):
            raise invalid(
                f"Template format error: Outputs {other} and {output.name} have the same Export name {output.export}."
            )
        exported[output.export] = output.name


def _present(found: Any, present: Mapping[str, Declaration], block: str) -> frozenset[str]:
    names = frozenset(name for name, _ in found)
    missing = sorted(names - set(present))
    if missing:
        raise invalid(
            f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in the {block} block of"
            " the template"
        )
    return names


def _attribute(attributes: Mapping[str, Any], name: str, attribute: str) -> Any:
    if attribute not in attributes:
        raise invalid(
            f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
        )
    return attributes[attribute]
