"""Paths into data: `ModelArtifacts.S3ModelArtifacts`, `Outputs['train'].S3Output.S3Uri`, `metrics[0]['macro f1']`."""

from __future__ import annotations

import re
from typing import Any

Path = tuple[str | int, ...]

_PART = re.compile(
    r"""\.(?P<name>[^.\[\]'"]+)|\[(?P<index>\d+)\]|\[(?P<quote>['"])(?P<key>.+?)(?P=quote)\]"""
)

# SageMaker describes a processing job's inputs and outputs as lists and refers to their members by name.
_NAMES = ("OutputName", "InputName")


def parse(text: str) -> Path:
    """The parts of a path: names and keys as strings, positions as integers. Raises ValueError."""
    rest = text if text.startswith("[") else f".{text}"
    parts: list[str | int] = []
    position = 0
    while position < len(rest):
        found = _PART.match(rest, position)
        if found is None:
            raise ValueError(f"'{text}' is not a path such as a.b[0]['c d']")
        index = found["index"]
        parts.append(int(index) if index is not None else found["name"] or found["key"])
        position = found.end()
    return tuple(parts)


def follow(value: Any, path: Path) -> Any:
    """The value at `path` in `value`. Raises LookupError if there is none."""
    for part in path:
        value = _member(value, part)
    return value


def _member(value: Any, part: str | int) -> Any:
    match value, part:
        case (dict(), str()) | (list(), int()):
            return value[part]
        case list(), str():
            for item in value:
                if isinstance(item, dict) and any(item.get(name) == part for name in _NAMES):
                    return item
    raise LookupError(part)
