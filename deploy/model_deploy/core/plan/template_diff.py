"""The changes between two templates of a stack. Pure: CloudFormation is not called.

A change set says more, but creating one is a write. Values are compared as the templates have them. References are
followed: if a resource is replaced, those that refer to it change too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_IMMUTABLE = frozenset({"AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig"})
"""Types whose properties, except Tags, are create-only: another value replaces the resource."""


class Kind(StrEnum):
    """The kind of a change, as change sets name it."""

    ADD = "Add"
    MODIFY = "Modify"
    REMOVE = "Remove"


@dataclass(frozen=True)
class Change:
    """The change of one resource. `properties` are those that change; empty for a new or removed resource."""

    kind: Kind
    resource: str
    type: str
    properties: tuple[str, ...] = ()
    replaced: bool = False

    def __str__(self) -> str:
        how = " (replaced by a new one)" if self.replaced else ""
        which = f": {', '.join(self.properties)}" if self.properties else ""
        return f"{self.kind:<7}{self.resource} {self.type}{how}{which}"


def compare(old: str | None, new: str) -> tuple[Change, ...]:
    """The changes from the template `old` (None: there is no stack) to `new`, both JSON, by name."""
    before, after = _resources(old), _resources(new)
    changes = {name: _changed(name, before[name], after[name]) for name in before.keys() & after.keys()}
    found = {name: change for name, change in changes.items() if change is not None}
    _follow_references(found, after)
    found |= {name: Change(Kind.ADD, name, after[name]["Type"]) for name in after.keys() - before.keys()}
    found |= {name: Change(Kind.REMOVE, name, before[name]["Type"]) for name in before.keys() - after.keys()}
    return tuple(found[name] for name in sorted(found))


def same(old: str, new: str) -> bool:
    """Whether two templates are equal, apart from their layout and the alarms that roll an update back.

    Those alarms matter during an update only: a deployed template that excuses some (`excused_alarms`) needs no
    update.
    """
    return bool(_without_rollback_alarms(old) == _without_rollback_alarms(new))


def _without_rollback_alarms(template: str) -> Any:
    document = json.loads(template)
    deployment = (
        document.get("Resources", {}).get("Endpoint", {}).get("Properties", {}).get("DeploymentConfig", {})
    )
    rollback = deployment.get("AutoRollbackConfiguration")
    if rollback:
        rollback["Alarms"] = []
    return document


def package_of(template: str) -> str | None:
    """The model package in the template's outputs, None if it has none."""
    output = json.loads(template).get("Outputs", {}).get("ModelPackageArn", {})
    value = output.get("Value")
    return value if isinstance(value, str) else None


def _resources(template: str | None) -> Mapping[str, Mapping[str, Any]]:
    return {} if template is None else json.loads(template).get("Resources", {})


def _changed(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Change | None:
    if old == new:
        return None
    before, after = old.get("Properties", {}), new.get("Properties", {})
    properties = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return _modified(name, new["Type"], properties) if old["Type"] == new["Type"] else _other_type(name, new)


def _other_type(name: str, new: Mapping[str, Any]) -> Change:
    return Change(Kind.MODIFY, name, new["Type"], ("Type",), replaced=True)


def _modified(name: str, type_name: str, properties: set[str]) -> Change:
    replaced = type_name in _IMMUTABLE and bool(properties - {"Tags"})
    return Change(Kind.MODIFY, name, type_name, tuple(sorted(properties)), replaced)


def _follow_references(found: dict[str, Change], after: Mapping[str, Mapping[str, Any]]) -> None:
    """Add to `found` the resources that refer to a replaced one, and repeat that for those that are replaced by it."""
    followed: set[str] = set()
    while waiting := [name for name, change in found.items() if change.replaced and name not in followed]:
        replaced = waiting[0]
        followed.add(replaced)
        for name, resource in after.items():
            touched = {
                key for key, value in resource.get("Properties", {}).items() if _refers_to(value, replaced)
            }
            if touched and name != replaced:
                changed = set(found[name].properties) if name in found else set()
                found[name] = _modified(name, resource["Type"], changed | touched)


def _refers_to(value: Any, name: str) -> bool:
    return any(reference == name for reference in _references(value))


def _references(value: Any) -> Iterator[str]:
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case dict():
            for each in value.values():
                yield from _references(each)
        case list():
            for each in value:
                yield from _references(each)
