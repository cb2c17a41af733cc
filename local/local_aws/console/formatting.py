"""How states, figures and times are written on the page."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

Tone = Literal["good", "bad", "busy", "waiting", "idle"]


class Chip(NamedTuple):
    """A state: its word, and its tone, which colour and sign follow."""

    tone: Tone
    word: str


_SIGNS: dict[Tone, str] = {"good": "✓", "bad": "✕", "busy": "◐", "waiting": "◌", "idle": "–"}

_STATES: dict[str, Chip] = {
    "PendingManualApproval": Chip("waiting", "Pending approval"),
    "InService": Chip("good", "In service"),
    "OutOfService": Chip("bad", "Out of service"),
    "RollingBack": Chip("busy", "Rolling back"),
    "RollbackFailed": Chip("bad", "Rollback failed"),
    "NotStarted": Chip("idle", "Not started"),
    "CreateInProgress": Chip("busy", "Being created"),
    "CreateCompleted": Chip("good", "Created"),
    "CreateFailed": Chip("bad", "Creation failed"),
    "UpdateInProgress": Chip("busy", "Being updated"),
    "UpdateCompleted": Chip("good", "Updated"),
    "UpdateFailed": Chip("bad", "Update failed"),
    "DeleteInProgress": Chip("busy", "Being deleted"),
    "DeleteCompleted": Chip("idle", "Deleted"),
    "DeleteFailed": Chip("bad", "Deletion failed"),
    "OK": Chip("good", "OK"),
    "ALARM": Chip("bad", "In alarm"),
    "NOT_WATCHED": Chip("idle", "Not watched"),
    "INSUFFICIENT_DATA": Chip("idle", "No data yet"),
    "in_progress": Chip("busy", "In progress"),
    "rolled back": Chip("bad", "Rolled back"),
}
_TONES: dict[Tone, frozenset[str]] = {
    "good": frozenset({"approved", "succeeded", "success", "deployed", "merged", "verified", "live"}),
    "bad": frozenset({"rejected", "failed", "failure", "not verified"}),
    "busy": frozenset({"executing", "starting", "stopping", "creating", "updating", "deleting"}),
    "waiting": frozenset({"pending", "queued", "waiting", "open"}),
}


def chip(state: str) -> Chip:
    """The chip of a state, as AWS or GitHub names it. One that is not known stays as it is, without a tone."""
    if state in _STATES:
        return _STATES[state]
    if state.isupper() and "_" in state:
        return Chip(_of_cloudformation(state), state.replace("_", " ").capitalize())
    tone: Tone = next((tone for tone, names in _TONES.items() if state.lower() in names), "idle")
    return Chip(tone, state[:1].upper() + state[1:])


def _of_cloudformation(state: str) -> Tone:
    """The tone of a resource's or stack's status, such as UPDATE_ROLLBACK_COMPLETE."""
    if "FAILED" in state or "ROLLBACK" in state:
        return "bad"
    return "busy" if state.endswith("IN_PROGRESS") else "good"


def sign(tone: Tone) -> str:
    """The sign of a tone, which tells it without colour."""
    return _SIGNS[tone]


def moment(time: datetime | str | None) -> str:
    """A time to the second, where the server runs; GitHub's come as text."""
    if time is None:
        return "–"
    stated = datetime.fromisoformat(time) if isinstance(time, str) else time
    return f"{stated.astimezone():%d %b %H:%M:%S}"


def seconds(begin: datetime | None, end: datetime | None) -> str:
    """How long something took, or nothing where it has not ended."""
    if begin is None or end is None:
        return ""
    whole = max((end - begin).total_seconds(), 0)
    if whole < 60:
        return f"{whole:.1f} s" if whole < 10 else f"{whole:.0f} s"
    minutes, rest = divmod(round(whole), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def figure(value: object) -> str:
    """A number to four places; anything else as text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else str(value)
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def readable(name: str) -> str:
    """A name of a metric or key as words: `macro_f1` is `macro f1`."""
    return name.replace("_", " ")
