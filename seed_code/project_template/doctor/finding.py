"""The finding of a check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a check ended."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """`check` is what was looked at, `found` what there is, `fix` what to do about it: "" where nothing is to be done."""

    check: str
    level: Level
    found: str
    fix: str = ""


def ok(check: str, found: str) -> Finding:
    """The finding of a check that passed."""
    return Finding(check, Level.OK, found)


def warn(check: str, found: str, fix: str) -> Finding:
    """The finding of a check that could not be made or may cause trouble; `fix` says what to do."""
    return Finding(check, Level.WARN, found, fix)


def fail(check: str, found: str, fix: str) -> Finding:
    """The finding of a check that failed; `fix` says what to do."""
    return Finding(check, Level.FAIL, found, fix)
