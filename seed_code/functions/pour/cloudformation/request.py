"""CloudFormation's requests for custom resources.

See "Custom resource request objects" in the CloudFormation User Guide: every scalar of the properties is text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pour.errors import PropertyError

REPOSITORY = "Custom::GitHubRepository"
CONTENTS = "Custom::GitHubContents"
VISIBILITIES = ("private", "internal", "public")
GATES = ("github", "registry")

_OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")
_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True)
class CustomResourceRequest:
    """A request of CloudFormation. `physical_id` is "" on Create; `old` holds the former properties of an Update."""

    type: str
    kind: str
    stack_id: str
    logical_id: str
    physical_id: str
    properties: Mapping[str, Any]
    old: Mapping[str, Any]


def parse(event: Mapping[str, Any]) -> CustomResourceRequest:
    """Raises PropertyError where the event is none of CloudFormation's."""
    try:
        request = CustomResourceRequest(
            event["RequestType"],
            event["ResourceType"],
            event["StackId"],
            event["LogicalResourceId"],
            event.get("PhysicalResourceId", ""),
            event.get("ResourceProperties") or {},
            event.get("OldResourceProperties") or {},
        )
    except KeyError as error:
        raise PropertyError(
            f"The event has no {error.args[0]}: it is not a request of CloudFormation."
        ) from error
    if request.kind not in {REPOSITORY, CONTENTS}:
        raise PropertyError(f"This function serves {REPOSITORY} and {CONTENTS}, not {request.kind}.")
    if request.type not in {"Create", "Update", "Delete"}:
        raise PropertyError(f"RequestType is {request.type!r}: Create, Update or Delete is expected.")
    return request


@dataclass(frozen=True)
class RepositoryProperties:
    """The properties of Custom::GitHubRepository."""

    owner: str
    name: str
    visibility: str
    description: str
    topics: tuple[str, ...]
    project_name: str
    project_id: str

    @property
    def full_name(self) -> str:
        """`owner/name`, as GitHub's API takes it."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True)
class Environment:
    """A GitHub environment: `reviewers` are logins, or teams as "organisation/slug"."""

    name: str
    reviewers: tuple[str, ...]
    protected_branches: bool


@dataclass(frozen=True)
class ContentsProperties:
    """The properties of Custom::GitHubContents."""

    repository_id: int
    owner: str
    name: str
    bucket: str
    key: str
    variables: Mapping[str, str]
    environments: tuple[Environment, ...]
    required_checks: tuple[str, ...]
    gate: str
    topics: tuple[str, ...]
    project_name: str
    project_id: str
    guard_stacks: bool

    @property
    def full_name(self) -> str:
        """`owner/name`, as GitHub's API takes it."""
        return f"{self.owner}/{self.name}"


def repository_properties(properties: Mapping[str, Any]) -> RepositoryProperties:
    """Raises PropertyError."""
    return RepositoryProperties(
        _matching(properties, "Owner", _OWNER),
        _matching(properties, "Name", _NAME),
        _one_of(properties, "Visibility", VISIBILITIES, "private"),
        _text(properties, "Description", ""),
        _texts(properties, "Topics"),
        _text(properties, "ProjectName"),
        _text(properties, "ProjectId", ""),
    )


def contents_properties(properties: Mapping[str, Any]) -> ContentsProperties:
    """Raises PropertyError."""
    owner, _, name = _text(properties, "FullName").partition("/")
    identity = _text(properties, "RepositoryId")
    if not re.fullmatch("[0-9]+", identity) or not _OWNER.fullmatch(owner) or not _NAME.fullmatch(name):
        raise PropertyError(
            f"RepositoryId is {identity!r} and FullName {owner + '/' + name!r}: a number and owner/name are expected, as"
            f" {REPOSITORY} gives them."
        )
    seed = _mapping(properties, "Seed")
    return ContentsProperties(
        int(identity),
        owner,
        name,
        _text(seed, "Bucket"),
        _text(seed, "Key"),
        {name: str(value) for name, value in _mapping(properties, "Variables", {}).items()},
        tuple(_environment(each) for each in _mappings(properties, "Environments")),
        _texts(properties, "RequiredChecks"),
        _one_of(properties, "ProductionGate", GATES, "github"),
        _texts(properties, "Topics"),
        _text(properties, "ProjectName"),
        _text(properties, "ProjectId", ""),
        _flag(properties, "GuardStacks"),
    )


def _environment(properties: Mapping[str, Any]) -> Environment:
    return Environment(
        _text(properties, "Name"), _texts(properties, "Reviewers"), _flag(properties, "ProtectedBranches")
    )


def _text(properties: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = properties.get(name, default)
    if value is None or (value == "" and default is None):
        raise PropertyError(f"The property {name} is missing.")
    if not isinstance(value, str):
        raise PropertyError(f"The property {name} is {value!r}: text is expected.")
    return value


def _texts(properties: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list, or one text with commas, as a parameter of CloudFormation is; without empty ones."""
    value = properties.get(name) or []
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise PropertyError(f"The property {name} is {value!r}: a list of texts is expected.")
    stripped = [part.strip() for item in items for part in item.split(",")]
    return tuple(dict.fromkeys(item for item in stripped if item))


def _mapping(
    properties: Mapping[str, Any], name: str, default: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    value = properties.get(name, default)
    if not isinstance(value, Mapping):
        raise PropertyError(f"The property {name} is {value!r}: an object is expected.")
    return value


def _mappings(properties: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = properties.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise PropertyError(f"The property {name} is {value!r}: a list of objects is expected.")
    return value


def _matching(properties: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = _text(properties, name)
    if not pattern.fullmatch(value):
        raise PropertyError(f"The property {name} is {value!r}: GitHub takes {pattern.pattern} only.")
    return value


def _one_of(properties: Mapping[str, Any], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = _text(properties, name, default) or default
    if value not in allowed:
        raise PropertyError(f"The property {name} is {value!r}: one of {', '.join(allowed)} is expected.")
    return value


def _flag(properties: Mapping[str, Any], name: str) -> bool:
    return _one_of(properties, name, ("true", "false"), "false") == "true"
