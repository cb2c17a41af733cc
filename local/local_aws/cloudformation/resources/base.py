"""The base class of resource types.

A type calls the API of its service through `Context.call`, as CloudFormation's own handlers do, and returns when the
resource is stable. What fails is raised as ResourceError, whose message becomes the ResourceStatusReason.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from local_aws.cloudformation.errors import ResourceError, invalid
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import as_list, tags_of

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Physical:
    """A resource that exists: its physical id, which is also what Ref gives, and what Fn::GetAtt gives."""

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


class ResourceType(ABC):
    """One type of resources, `AWS::Service::Thing`.

    `properties` are those that it has here; `create_only` those whose change makes a new resource, as the registry's
    schema says (`conditionally_create_only`: under conditions, and here always). `attributes` are what Fn::GetAtt
    knows; None: whatever the resource has. `named_by` is the property that names the resource, where there is one.
    `tags` is the form of its property Tags, for types that take the stack's tags.
    """

    name: ClassVar[str]
    properties: ClassVar[frozenset[str] | None] = None
    required: ClassVar[frozenset[str]] = frozenset()
    create_only: ClassVar[frozenset[str]] = frozenset()
    conditionally_create_only: ClassVar[frozenset[str]] = frozenset()
    attributes: ClassVar[frozenset[str] | None] = frozenset()
    named_by: ClassVar[str | None] = None
    tags: ClassVar[Literal["list", "map"] | None] = None

    @abstractmethod
    def create(self, properties: Properties, context: Context) -> Physical:
        """Make the resource; return when it is stable. Raises ResourceError."""

    @abstractmethod
    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Physical | None:
        """Change what differs; return when it is stable. Raises ResourceError.

        A Physical says what has become of it; None that its id and attributes are as they were. Another id than
        before makes this a replacement: the old one will be deleted.
        """

    @abstractmethod
    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        """Delete the resource; gone already is no failure. Raises ResourceError."""

    def replaces(self, changed: frozenset[str]) -> bool:
        """Whether a change of these properties makes a new resource."""
        return bool(changed & (self.create_only | self.conditionally_create_only))

    def stated_name(self, properties: Properties) -> str | None:
        """The physical name that the template gives the resource, if any."""
        return properties.get(self.named_by) if self.named_by else None

    def with_tags(self, properties: Properties, tags: Mapping[str, str]) -> Properties:
        """`properties` with the stack's `tags` beside those that the resource states itself, for types that take them."""
        if self.tags is None:
            return properties
        merged = {**tags, **tags_of(properties)}
        return {**properties, "Tags": merged if self.tags == "map" else as_list(merged)}

    def require_known(self, logical_id: str, properties: Properties) -> None:
        """Raises ServiceError (ValidationError) for properties that there are none of here, before anything is made."""
        unknown = sorted(set(properties) - self.properties) if self.properties is not None else []
        if unknown:
            raise invalid(
                f"Properties validation failed for resource {logical_id} with message:\n"
                + "\n".join(f"#: extraneous key [{name}] is not permitted" for name in unknown)
                + f" (the embedded {self.name} has {', '.join(sorted(self.properties or ()))})"
            )

    def check(self, logical_id: str, properties: Properties) -> None:
        """Raises ResourceError for a property that is missing, or that there is none of here."""
        problems = [f"#: required key [{name}] not found" for name in sorted(self.required - set(properties))]
        if self.properties is not None:
            problems += [
                f"#: extraneous key [{name}] is not permitted (here, {self.name} has"
                f" {', '.join(sorted(self.properties))})"
                for name in sorted(set(properties) - self.properties)
            ]
        if problems:
            raise ResourceError(
                f"Properties validation failed for resource {logical_id} with message:\n"
                + "\n".join(problems)
            )


def words(text: str) -> frozenset[str]:
    """A set of names, written as text."""
    return frozenset(text.split())


def changed(old: Properties, new: Properties) -> frozenset[str]:
    """The names of the properties that differ."""
    return frozenset(name for name in {*old, *new} if old.get(name) != new.get(name))


def only(properties: Properties, *names: str) -> dict[str, Any]:
    """Those of `names` that `properties` has."""
    return {name: properties[name] for name in names if name in properties}


def without(properties: Properties, *names: str) -> dict[str, Any]:
    """The properties without those of these names."""
    return {name: value for name, value in properties.items() if name not in names}


def unchangeable(kind: str, old: Properties, new: Properties, *names: str) -> None:
    """Raises ResourceError where one of `names` changes, which AWS could do in place and the embedded one cannot."""
    for name in names:
        if old.get(name) != new.get(name):
            raise ResourceError(f"The embedded AWS cannot change the property {name} of an {kind}.")


def as_text(document: Any) -> str:
    """A JSON document that a template has as an object, or as text."""
    return document if isinstance(document, str) else json.dumps(document)
