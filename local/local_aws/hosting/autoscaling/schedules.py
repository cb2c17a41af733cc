"""When a scheduled action is due: at(...), rate(...) and cron(...), in a time zone.

https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\(([^)]+)\)")
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_FIELDS = (
    ("minutes", 0, 59),
    ("hours", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 1, 7),
    ("year", 1970, 2199),
)
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}


class ScheduleError(ValueError):
    """The expression is no schedule, or uses what is not embedded; the message quotes it."""


@dataclass(frozen=True)
class Schedule:
    """A parsed expression: exactly one of `moment`, `every` (seconds) and `fields` is given."""

    text: str
    zone: tzinfo
    moment: datetime | None = None
    every: int | None = None
    fields: tuple[frozenset[int], ...] | None = None

    @classmethod
    def parse(cls, text: str, zone_name: str = "UTC") -> Schedule:
        """Raises ScheduleError."""
        try:
            zone: tzinfo = ZoneInfo(zone_name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ScheduleError(f"Invalid time zone {zone_name!r}.") from error
        if found := _AT.fullmatch(text):
            return cls(text, zone, moment=datetime.fromisoformat(found[1]).replace(tzinfo=zone))
        if found := _RATE.fullmatch(text):
            return cls(text, zone, every=_every(text, int(found[1]), found[2]))
        if found := _CRON.fullmatch(text):
            return cls(text, zone, fields=_fields(text, found[1].split()))
        raise ScheduleError(f"Schedule expression {text!r} is not at(...), rate(...) or cron(...).")

    def due(self, after: datetime, until: datetime, start: datetime) -> bool:
        """Whether the schedule is due at a moment with after < moment <= until; rates count from `start`."""
        if self.moment is not None:
            return after < self.moment <= until
        if self.every is not None:
            passed = [(each - start).total_seconds() // self.every for each in (after, until)]
            return passed[1] >= 1 and passed[1] > passed[0]
        minute = until.astimezone(self.zone).replace(second=0, microsecond=0)
        while minute > after:
            if self._matches(minute):
                return True
            minute -= timedelta(minutes=1)
        return False

    def _matches(self, minute: datetime) -> bool:
        assert self.fields is not None
        values = (
            minute.minute,
            minute.hour,
            minute.day,
            minute.month,
            minute.isoweekday() % 7 + 1,
            minute.year,
        )
        return all(value in field for value, field in zip(values, self.fields, strict=True))


def _every(text: str, number: int, unit: str) -> int:
    if number < 1:
        raise ScheduleError(f"Schedule expression {text!r} must have a rate of 1 at least.")
    return number * _SECONDS[unit]


def _fields(text: str, stated: list[str]) -> tuple[frozenset[int], ...]:
    if len(stated) != len(_FIELDS):
        raise ScheduleError(f"Schedule expression {text!r} must have six fields.")
    if (stated[2] == "?") == (stated[4] == "?"):
        raise ScheduleError(
            f"Schedule expression {text!r} must have ? for one of day of month and day of week."
        )
    return tuple(
        frozenset(_values(text, field, *known)) for field, known in zip(stated, _FIELDS, strict=True)
    )


def _values(text: str, field: str, name: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        stretch, _, step = part.partition("/")
        first, _, last = stretch.partition("-")
        try:
            if stretch in ("*", "?"):
                start, end = low, high
            else:
                start = _number(first, name)
                end = _number(last, name) if last else (high if step else start)
            every = int(step) if step else 1
        except ValueError as error:
            raise ScheduleError(
                f"Schedule expression {text!r}: {part!r} is no {name} that is embedded: L, W and # are not."
            ) from error
        if not low <= start <= end <= high or every < 1:
            raise ScheduleError(f"Schedule expression {text!r}: {part!r} is out of {low} to {high} ({name}).")
        found |= set(range(start, end + 1, every))
    return found


def _number(text: str, name: str) -> int:
    names = {"month": _MONTHS, "day of week": _DAYS}.get(name, [])
    return names.index(text.upper()) + 1 if text.upper() in names else int(text)


def now() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)
