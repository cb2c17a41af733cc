"""The input of a target: the event, a part of it (InputPath), a constant (Input), or a text made of its parts.

After https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html. A variable outside of quotes
is written as JSON, and one inside of a string as a part of that string; what the event does not have is empty.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.events.store import Rule, Target
from local_aws.kernel.wire import invalid

WAYS = ("Input", "InputPath", "InputTransformer")
_PATH = re.compile(r"\$(\.[A-Za-z0-9_-]+|\[\d+\]|\['[^']+'\])*")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]|\['([^']+)'\]")
_VARIABLE = re.compile(r"<([A-Za-z0-9_.-]+)>")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|' + _VARIABLE.pattern)
_MISSING = object()


def check(target: Target) -> None:
    """Raises ServiceError (ValidationException) for a target whose input could never be made."""
    stated = [way for way in WAYS if target.get(way)]
    if len(stated) > 1:
        raise invalid(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
        )
    transformer = target.get("InputTransformer") or {}
    paths = [target["InputPath"]] if target.get("InputPath") else []
    for path in [*paths, *transformer.get("InputPathsMap", {}).values()]:
        if not _PATH.fullmatch(path):
            raise invalid(
                f"Invalid JSON path {path} of target {target['Id']}: the embedded EventBridge has members (.NAME) and"
                " elements ([0])."
            )
    known = {*transformer.get("InputPathsMap", {}), *_RESERVED}
    unknown = sorted(set(_VARIABLE.findall(transformer.get("InputTemplate", ""))) - known)
    if unknown:
        raise invalid(
            f"InputTemplate of target {target['Id']} contains invalid placeholder {', '.join(unknown)}."
        )


def rendered(target: Target, event: Mapping[str, Any], rule: Rule) -> str:
    """The text that `target` gets."""
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        found = _value_at(target["InputPath"], event)
        return json.dumps(None if found is _MISSING else found)
    if target.get("InputTransformer"):
        return _transformed(target["InputTransformer"], event, rule)
    return json.dumps(event)


def _transformed(transformer: Mapping[str, Any], event: Mapping[str, Any], rule: Rule) -> str:
    values = {name: _value_at(path, event) for name, path in transformer.get("InputPathsMap", {}).items()}
    values |= {name: make(event, rule) for name, make in _RESERVED.items()}

    def fill(token: re.Match[str]) -> str:
        name = token.group(1)
        if name is not None:
            value = values[name]
            return '""' if value is _MISSING else json.dumps(value)
        return _VARIABLE.sub(lambda inside: _json_string_part(values[inside.group(1)]), token.group())

    return _TOKEN.sub(fill, transformer["InputTemplate"])


def _json_string_part(value: Any) -> str:
    """A value as a part of a JSON string."""
    if value is _MISSING:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text)[1:-1]


def _value_at(path: str, event: Mapping[str, Any]) -> Any:
    """The value at `path` ("$.detail.ModelPackageArn"), or _MISSING."""
    found: Any = event
    for step in _steps(path):
        match found:
            case dict() if step in found:
                found = found[step]
            case list() if isinstance(step, int) and step < len(found):
                found = found[step]
            case _:
                return _MISSING
    return found


def _steps(path: str) -> Iterator[str | int]:
    for member, index, quoted in _STEP.findall(path):
        yield int(index) if index else member or quoted


_RESERVED: Mapping[str, Callable[[Mapping[str, Any], Rule], Any]] = {
    "aws.events.rule-arn": lambda event, rule: rule.arn,
    "aws.events.rule-name": lambda event, rule: rule.name,
    "aws.events.event.ingestion-time": lambda event, rule: f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    "aws.events.event": lambda event, rule: {k: v for k, v in event.items() if k != "detail"},
    "aws.events.event.json": lambda event, rule: event,
}
"""The variables that every template may use."""
