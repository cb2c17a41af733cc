"""The changes between two definitions of a stack, as a change set shows them.

A property whose form differs changes for certain (evaluation Static). One whose form is the same, but which refers to
something that changes, may change (Dynamic): by Ref to a resource that is replaced, by Fn::GetAtt to one that is
changed at all. So a replacement reaches its dependents: an endpoint configuration that names a new model is itself,
Conditional, replaced, and the endpoint that names the configuration is updated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.cloudformation.errors import invalid
from local_aws.cloudformation.resources.base import ResourceType, changed
from local_aws.cloudformation.resources.types import Types
from local_aws.cloudformation.stack import Resource
from local_aws.cloudformation.templates.definition import Definition, Wanted
from local_aws.cloudformation.templates.graph import ordered
from local_aws.cloudformation.templates.intrinsics import references

_NEVER, _CONDITIONALLY, _ALWAYS = "Never", "Conditionally", "Always"


@dataclass(frozen=True)
class Detail:
    """One reason why a resource changes, in the words of the API."""

    attribute: str
    source: str
    name: str | None = None
    recreation: str = _NEVER
    evaluation: str = "Static"
    cause: str | None = None

    @property
    def replacement(self) -> str:
        """Whether the change replaces the resource: True, False or Conditional."""
        if self.recreation == _ALWAYS and self.evaluation == "Static":
            return "True"
        return "False" if self.recreation == _NEVER else "Conditional"

    def described(self) -> dict[str, Any]:
        """The detail as DescribeChangeSet answers it."""
        target = {"Attribute": self.attribute, "RequiresRecreation": self.recreation}
        if self.name is not None:
            target["Name"] = self.name
        described = {"Target": target, "Evaluation": self.evaluation, "ChangeSource": self.source}
        return described if self.cause is None else {**described, "CausingEntity": self.cause}


@dataclass(frozen=True)
class Change:
    """The change of a resource: Add, Modify or Remove."""

    action: str
    logical_id: str
    type: str
    physical_id: str | None = None
    details: tuple[Detail, ...] = ()
    policy_action: str | None = None

    @property
    def replacement(self) -> str:
        """Whether the resource is replaced: True, False or Conditional."""
        found = {detail.replacement for detail in self.details}
        return next((value for value in ("True", "Conditional") if value in found), "False")

    @property
    def scope(self) -> list[str]:
        """The attributes that change, such as Properties or Tags."""
        return sorted({detail.attribute for detail in self.details})

    def described(self) -> dict[str, Any]:
        """The API's Change."""
        described: dict[str, Any] = {
            "Action": self.action,
            "LogicalResourceId": self.logical_id,
            "ResourceType": self.type,
            "Scope": self.scope,
            "Details": [detail.described() for detail in self.details],
        }
        if self.physical_id is not None:
            described["PhysicalResourceId"] = self.physical_id
        if self.action == "Modify":
            described["Replacement"] = self.replacement
        if self.policy_action is not None:
            described["PolicyAction"] = self.policy_action
        return {"Type": "Resource", "ResourceChange": described}


def compare(
    old: Definition | None, new: Definition, resources: Mapping[str, Resource], types: Types
) -> list[Change]:
    """The changes of each resource from `old` (None: no stack) to `new`.

    `resources` are those that the stack has. Raises ServiceError where a resource's type would change.
    """
    before: Mapping[str, Wanted] = old.resources if old else {}
    retyped = [
        name for name in new.resources if name in before and before[name].type != new.resources[name].type
    ]
    if retyped:
        raise invalid(
            "Update of resource type is not permitted. The new template modifies resource type of the following"
            f" resources: [{', '.join(retyped)}]"
        )
    found: dict[str, Change] = {}
    for name in ordered(new.graph()):
        wanted = new.resources[name]
        if old is None or name not in before:
            found[name] = Change("Add", name, wanted.type)
            continue
        details = tuple(_details(old, new, name, types.find(wanted.type), found))
        if details:
            found[name] = _modification(wanted, resources[name], details)
    for name in before.keys() - new.resources.keys():
        policy = "Delete" if before[name].deletion_policy == "Delete" else "Retain"
        removed = Change("Remove", name, before[name].type, resources[name].physical_id, policy_action=policy)
        found[name] = removed
    return sorted(found.values(), key=lambda change: change.logical_id)


def is_update(old: Definition, new: Definition, found: list[Change]) -> bool:
    """Whether there is anything to do: changes of resources, or of outputs."""
    return bool(found) or old.outputs != new.outputs


def _modification(wanted: Wanted, resource: Resource, details: tuple[Detail, ...]) -> Change:
    change = Change("Modify", wanted.logical_id, wanted.type, resource.physical_id, details)
    if change.replacement != "True":
        return change
    action = f"ReplaceAnd{wanted.update_replace_policy}"
    return Change("Modify", wanted.logical_id, wanted.type, resource.physical_id, details, action)


def _details(
    old: Definition, new: Definition, name: str, kind: ResourceType, found: Mapping[str, Change]
) -> Iterator[Detail]:
    before, after = old.resources[name], new.resources[name]
    differing = changed(before.properties, after.properties)
    for key in sorted({*before.properties, *after.properties}):
        recreation = _requires_recreation(kind, key)
        if key in differing:
            cause = _changed_parameter(old, new, name, key)
            source = "ParameterReference" if cause else "DirectModification"
            yield Detail("Properties", source, key, recreation, cause=cause)
        else:
            yield from _reference_details(after.properties[key], key, recreation, found)
    if kind.tags is not None and old.tags != new.tags:
        yield Detail("Tags", "DirectModification")
    if before.metadata != after.metadata:
        yield Detail("Metadata", "DirectModification")
    if before.deletion_policy != after.deletion_policy:
        yield Detail("DeletionPolicy", "DirectModification")
    if before.update_replace_policy != after.update_replace_policy:
        yield Detail("UpdateReplacePolicy", "DirectModification")


def _reference_details(
    value: Any, key: str, recreation: str, found: Mapping[str, Change]
) -> Iterator[Detail]:
    """The changes of an unchanged property that refers to changed resources."""
    for name, attribute in references(value):
        change = found.get(name)
        if change is None:
            continue
        if attribute is None and change.replacement != "False":
            yield Detail("Properties", "ResourceReference", key, recreation, "Dynamic", name)
        elif attribute is not None and "Properties" in change.scope:
            cause = f"{name}.{attribute}"
            yield Detail("Properties", "ResourceAttribute", key, recreation, "Dynamic", cause)


def _requires_recreation(kind: ResourceType, key: str) -> str:
    if key in kind.create_only:
        return _ALWAYS
    return _CONDITIONALLY if key in kind.conditionally_create_only else _NEVER


def _changed_parameter(old: Definition, new: Definition, name: str, key: str) -> str | None:
    """The parameter that alone changed a property whose text in the template is the same."""
    text = new.template.resources[name].properties.get(key)
    if text != old.template.resources[name].properties.get(key):
        return None
    for referred, _ in references(text):
        if old.parameters.get(referred) != new.parameters.get(referred):
            return referred
    return None
