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
    """`check` is what was looked at, `found` what there is, `mend` what to do about it: "" where nothing is to be done."""

    check: str
    level: Level
    found: str
    mend: str = ""


def ok(check: str, found: str) -> Finding:
    """The finding of a check that passed."""
    return Finding(check, Level.OK, found)


def warn(check: str, found: str, mend: str) -> Finding:
    """The finding of a check that could not be made or may cause trouble; `mend` says what to do."""
    return Finding(check, Level.WARN, found, mend)


def fail(check: str, found: str, mend: str) -> Finding:
    """The finding of a check that failed; `mend` says what to do."""
    return Finding(check, Level.FAIL, found, mend)
