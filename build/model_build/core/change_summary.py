"""Describes what a pull request changes: the definition on main against the one that merging would bring."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from model_build.core import diff
from model_build.core.diff import Change

_CODE = re.compile(r"/code/build/([0-9a-f]{64})")
"""A folder of code in the artifact bucket (`model_build.aws.code`), and the hash of its content."""
_HASH = re.compile(r"[0-9a-f]{64}")
_SHOWN = 6
_DIGITS = 12
_TEXT_RULES = "text-rules-sha256"
_REGISTER = "Register"


def describe(deployed: str | None, merged: str, data: str, champion_data: str | None) -> dict[str, str]:
    """By what is compared: the definition, the data, the text rules and the code.

    `data` and `champion_data` are SHA-256; the second is None where there is no champion, or it does not say.
    """
    if deployed is None:
        return {"definition": "main has no pipeline yet; merging creates it", "data": _short(data)}
    before, after = diff.steps(deployed), diff.steps(merged)
    changed = [name for name in after if _code(before.get(name)) != _code(after[name])]
    return {
        "definition": _definition(diff.compare(deployed, merged)),
        "data": _data(data, champion_data),
        "text rules": "the same" if _text_rules(before) == _text_rules(after) else "changed",
        "code": f"changed in {', '.join(changed)}" if changed else "the same",
    }


def _definition(changes: tuple[Change, ...]) -> str:
    listed = [str(change) for change in changes if not _is_of_content(change)]
    if not listed:
        return "the same"
    more = f"; and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return "; ".join(listed[:_SHOWN]) + more


def _is_of_content(change: Change) -> bool:
    """Whether only a hash differs: of code, of text rules, of the recipe. What that means is said in its own line."""
    values = (change.old, change.new)
    return all(value is not None and _HASH.search(value) for value in values)


def _data(data: str, champions: str | None) -> str:
    if champions is None:
        return f"{_short(data)}; there is no champion's to compare it with"
    if champions == data:
        return f"the champion's, {_short(data)}"
    return f"{_short(data)}, where the champion's is {_short(champions)}"


def _short(digest: str) -> str:
    """The first digits of a digest, with what kind it is where that is stated (`etag:...`)."""
    kind, colon, digits = digest.rpartition(":")
    return f"{kind}{colon}{digits[:_DIGITS]}"


def _code(step: object) -> set[str]:
    return set(_CODE.findall(json.dumps(step)))


def _text_rules(steps: dict[str, dict[str, object]]) -> list[str]:
    return list(_values(steps.get(_REGISTER), _TEXT_RULES))


def _values(found: object, key: str) -> Iterator[str]:
    """Every value of `key` anywhere in a document."""
    if isinstance(found, dict):
        for name, value in found.items():
            if name == key:
                yield json.dumps(value)
            else:
                yield from _values(value, key)
    elif isinstance(found, list):
        for value in found:
            yield from _values(value, key)
