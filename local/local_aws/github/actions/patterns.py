"""Patterns of branches, tags and paths in the triggers of a workflow.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache


def chosen(patterns: Sequence[str], name: str) -> bool:
    """Whether the last pattern that matches takes the name in; `!` takes it out."""
    found = False
    for pattern in patterns:
        if _compiled(pattern.removeprefix("!")).fullmatch(name):
            found = not pattern.startswith("!")
    return found


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    """`*` stops at a slash, `**` does not; `?` and `+` repeat the character before, `[]` is one of several."""
    parts, position = [], 0
    while position < len(pattern):
        rest = pattern[position:]
        if rest.startswith("**/"):
            part, length = "(?:.*/)?", 3
        elif rest.startswith("**"):
            part, length = ".*", 2
        elif rest[0] == "*":
            part, length = "[^/]*", 1
        elif rest[0] in "?+":
            part, length = rest[0], 1
        elif rest[0] == "[" and "]" in rest:
            length = rest.index("]") + 1
            part = rest[:length]
        elif rest[0] == "\\" and len(rest) > 1:
            part, length = re.escape(rest[1]), 2
        else:
            part, length = re.escape(rest[0]), 1
        parts.append(part)
        position += length
    return re.compile("".join(parts))
