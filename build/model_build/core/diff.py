"""The changes between a deployed pipeline's definition and the new one, step by step, key by key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The kind of a change; the value is its mark in a printed difference."""

    ADDED = "+"
    REMOVED = "-"
    CHANGED = "~"


@dataclass(frozen=True)
class Change:
    """One difference.

    `where` is a step, a parameter or the pipeline; `key` is the path inside it, empty for all of it.
    """

    kind: Kind
    where: str
    key: str = ""
    old: str | None = None
    new: str | None = None

    def __str__(self) -> str:
        if not self.key:
            return f"{self.kind} {self.where}"
        match self.kind:
            case Kind.ADDED:
                return f"{self.kind} {self.where}: {self.key} = {self.new}"
            case Kind.REMOVED:
                return f"{self.kind} {self.where}: {self.key} (was {self.old})"
            case Kind.CHANGED:
                return f"{self.kind} {self.where}: {self.key} {self.old} -> {self.new}"


def compare(deployed: str | None, new: str) -> tuple[Change, ...]:
    """The changes from the deployed definition, None if there is no pipeline, to the new one."""
    before = _parts(json.loads(deployed)) if deployed else {}
    after = _parts(json.loads(new))
    return tuple(_changes(before, after))


def steps(definition: str) -> dict[str, dict[str, Any]]:
    """The steps of a definition by name, those inside conditions included."""
    return dict(_steps(json.loads(definition).get("Steps", [])))


def _changes(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> Iterator[Change]:
    for where in [*after, *(name for name in before if name not in after)]:
        if where not in before:
            yield Change(Kind.ADDED, where)
        elif where not in after:
            yield Change(Kind.REMOVED, where)
        else:
            yield from _keys(where, before[where], after[where])


def _keys(where: str, before: dict[str, str], after: dict[str, str]) -> Iterator[Change]:
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old is None:
            yield Change(Kind.ADDED, where, key, new=new)
        elif new is None:
            yield Change(Kind.REMOVED, where, key, old=old)
        elif old != new:
            yield Change(Kind.CHANGED, where, key, old, new)


def _parts(definition: dict[str, Any]) -> dict[str, dict[str, str]]:
    """A definition as its parts, each flattened to dotted keys and printable values."""
    rest = {key: value for key, value in definition.items() if key not in {"Steps", "Parameters"}}
    parts = {"pipeline": dict(_flat(rest))}
    parts |= {f"parameter {item['Name']}": dict(_flat(item)) for item in definition.get("Parameters", [])}
    parts |= {f"step {name}": dict(_flat(step)) for name, step in _steps(definition.get("Steps", []))}
    return parts


def _steps(listed: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for step in listed:
        arguments = step.get("Arguments", {})
        branches = {key: arguments[key] for key in ("IfSteps", "ElseSteps") if key in arguments}
        own = {key: value for key, value in arguments.items() if key not in branches}
        named = {key: [inner["Name"] for inner in branch] for key, branch in branches.items()}
        yield step["Name"], {**step, "Arguments": own | named}
        for branch in branches.values():
            yield from _steps(branch)


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    reference = _reference(value)
    if reference is not None:
        yield path, reference
    elif isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(item, _joined(path, key))
    elif isinstance(value, list) and value and isinstance(value[0], dict) and _reference(value[0]) is None:
        for index, item in enumerate(value):
            yield from _flat(item, f"{path}[{_name(item) or index}]")
    else:
        yield path, json.dumps(value)


def _joined(path: str, key: str) -> str:
    # Every key of a step begins with "Arguments.", so it is left out.
    return key if not path or path == "Arguments" else f"{path}.{key}"


def _name(item: dict[str, Any]) -> str | None:
    for key in ("Name", "InputName", "OutputName", "ChannelName", "PropertyFileName", "Key"):
        if key in item:
            return str(item[key])
    return None


def _reference(value: Any) -> str | None:
    """A reference as text: `{Parameters.Data}`, `s3://bucket/runs/{Execution.PipelineExecutionId}`."""
    match value:
        case {"Get": str(path)} if len(value) == 1:
            return f"{{{path}}}"
        case {"Std:Join": {"On": str(on), "Values": list(values)}}:
            return on.join(
                item if isinstance(item, str) else _reference(item) or json.dumps(item) for item in values
            )
        case {"Std:JsonGet": {"PropertyFile": {"Get": str(file)}, "Path": str(path)}}:
            return f"{{{file}: {path}}}"
    return None
