"""The verdicts of probes."""

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
    """The verdict of a probe, and the answer that it is based on."""

    probe: str
    verdict: Verdict
    seen: str
