"""Tags: as the API's list, as a dict, and what has become of a resource's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def as_dict(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """`[{"Key": ..., "Value": ...}]` as a dict."""
    return {tag["Key"]: str(tag["Value"]) for tag in tags}


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """A dict as `[{"Key": ..., "Value": ...}]`, sorted."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def tags_of(properties: Mapping[str, Any]) -> dict[str, str]:
    """A resource's property Tags, which some types have as a list and some as an object."""
    tags = properties.get("Tags") or {}
    if isinstance(tags, Mapping):
        return {key: str(value) for key, value in tags.items()}
    return as_dict(tags)


def own(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags without the system's, for services that show only those that somebody stated."""
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}


def tag_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """The tags to put, and the keys of those to take away."""
    before, after = tags_of(old), tags_of(new)
    put = {key: value for key, value in after.items() if before.get(key) != value}
    return put, [key for key in before if key not in after]
