"""What a probe finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether AWS does what the embedded AWS assumes."""

    CONFIRMED = "confirmed"
    DIFFERS = "differs"
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Finding:
    """What a probe found, and what it saw."""

    probe: str
    verdict: Verdict
    seen: str
