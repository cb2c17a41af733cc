"""One line of the table that `make bench` prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, ours next to theirs, and the target that it has to reach; all as a reader wants to see it."""

    name: str
    ours: str
    theirs: str
    ratio: str
    target: str
    passed: bool
