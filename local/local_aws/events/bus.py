"""The default bus: events come in, from clients and from the embedded services, and go to the rules that want them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.events.delivery import Deliveries
from local_aws.events.store import Store
from local_aws.kernel import json_text
from local_aws.kernel.account import ACCOUNT_ID
from local_aws.kernel.service_events import ServiceEvent
from local_aws.kernel.wire import invalid


class Bus:
    """PutEvents; and `accept`, for the services' own events."""

    def __init__(self, store: Store, deliveries: Deliveries) -> None:
        self._store = store
        self._deliveries = deliveries
        store.account.events.listen(self.accept)

    def put_events(self, request: dict[str, Any]) -> dict[str, Any]:
        """Put events on the default bus and deliver them to the targets of matching rules.

        Raises ResourceNotFoundException, ValidationException. Source: Amazon EventBridge API reference, PutEvents.
        """
        if request.get("EndpointId"):
            raise invalid("The embedded EventBridge has no global endpoints: leave EndpointId out.")
        entries = [self._put_entry(entry) for entry in request["Entries"]]
        return {"FailedEntryCount": sum("ErrorCode" in entry for entry in entries), "Entries": entries}

    def accept(self, event: ServiceEvent) -> None:
        """Pass an event of an embedded service on. Returns before it is delivered."""
        now = datetime.now(UTC)
        self._publish(event.source, event.detail_type, list(event.resources), event.detail, now)

    def _put_entry(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        self._store.require_bus(entry)
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
                return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
        if entry["Source"].startswith("aws."):
            message = "Not authorized for the source."
            return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": message}
        try:
            detail = json_text.loads(entry["Detail"])
        except ValueError:
            detail = None
        if not isinstance(detail, dict):
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        moment = entry.get("Time") or datetime.now(UTC)
        resources = list(entry.get("Resources", []))
        return {"EventId": self._publish(entry["Source"], entry["DetailType"], resources, detail, moment)}

    def _publish(
        self,
        source: str,
        detail_type: str,
        resources: list[str],
        detail: Mapping[str, Any],
        moment: datetime,
    ) -> str:
        """Make the event, and begin its deliveries; returns its id."""
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT_ID,
            "time": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "region": self._store.account.region,
            "resources": resources,
            "detail": dict(detail),
        }
        for rule in self._store.matching(event):
            self._deliveries.begin(event, rule)
        return str(event["id"])
