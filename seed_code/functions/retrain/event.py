"""Reads what invokes the function: S3's event about a new object, and the schedule's when no other has come for a while.

See "EventBridge event message structure", Amazon S3 user guide. S3 may send an event twice, and in another order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from retrain.errors import EventError

SOURCE, DETAIL_TYPE = "aws.s3", "Object Created"
_LONGEST = 1024
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class NewObject:
    """An object that was created: its URI."""

    uri: str


@dataclass(frozen=True)
class Arrivals:
    """New objects that one run will train on: the newest's URI, and the Unix time since which they wait."""

    newest: str
    since: float

    @property
    def document(self) -> dict[str, Any]:
        """The input of the schedule, which `parse` reads again."""
        return {"arrivals": asdict(self)}

    @property
    def payload(self) -> dict[str, Any]:
        """Of the repository dispatch. Nobody trains on what it says: it tells people why a run began."""
        since = datetime.fromtimestamp(self.since, UTC)
        return {"newest_object": self.newest, "since": f"{since:%Y-%m-%dT%H:%M:%SZ}"}


def parse(event: Mapping[str, Any]) -> NewObject | Arrivals:
    """Raises EventError, which names what is wrong."""
    if not isinstance(event, Mapping):
        raise EventError(f"The event is a {type(event).__name__}: an object is expected.")
    if "arrivals" in event:
        return _arrivals(event["arrivals"])
    if event.get("source") != SOURCE or event.get("detail-type") != DETAIL_TYPE:
        raise EventError(
            f"The event is {event.get('detail-type')!r} from {event.get('source')!r}: {DETAIL_TYPE!r} from {SOURCE!r} is "
            "expected, or the input of this function's own schedule."
        )
    detail = event.get("detail")
    bucket = _member(_member(detail, "bucket"), "name")
    key = _member(_member(detail, "object"), "key")
    for name, value in (("bucket.name", bucket), ("object.key", key)):
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
            raise EventError(
                f"The event's detail.{name} is {value!r:.200}: text of up to {_LONGEST} characters is expected."
            )
    return NewObject(f"s3://{bucket}/{key}")


def _arrivals(stated: Any) -> Arrivals:
    newest, since = _member(stated, "newest"), _member(stated, "since")
    if not isinstance(newest, str) or isinstance(since, bool) or not isinstance(since, int | float):
        raise EventError(f"arrivals is {stated!r:.200}: {{'newest': TEXT, 'since': NUMBER}} is expected.")
    if not 0 <= since <= _LATEST:
        raise EventError(f"arrivals.since is {since!r:.200}: a Unix time until the year 9999 is expected.")
    return Arrivals(newest, float(since))


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None
