"""Tags of alarms and dashboards: a handler of its own, which the others tell what there is to tag."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from local_aws.kernel.wire import ServiceError


class Tags:
    """TagResource, UntagResource, ListTagsForResource; `keep` and `drop` for whoever makes and deletes resources."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._resources: dict[str, dict[str, str]] = {}

    def keep(self, arn: str, tags: Iterable[Mapping[str, str]] | None) -> None:
        """Note a resource that was put. Only the first put's `tags` count, as on CloudWatch."""
        with self._lock:
            self._resources.setdefault(arn, _as_dict(tags or ()))

    def drop(self, arn: str) -> None:
        """Forget the tags of a deleted resource."""
        with self._lock:
            self._resources.pop(arn, None)

    def list_tags_for_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        """The tags of an alarm or dashboard.

        Raises ResourceNotFoundException. Source: Amazon CloudWatch API reference, ListTagsForResource.
        """
        with self._lock:
            tags = self._find(request["ResourceARN"])
            return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def tag_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        """Add tags to an alarm or dashboard.

        Raises ResourceNotFoundException. Source: Amazon CloudWatch API reference, TagResource.
        """
        with self._lock:
            self._find(request["ResourceARN"]).update(_as_dict(request["Tags"]))
        return {}

    def untag_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        """Remove tags from an alarm or dashboard.

        Raises ResourceNotFoundException. Source: Amazon CloudWatch API reference, UntagResource.
        """
        with self._lock:
            tags = self._find(request["ResourceARN"])
            for key in request["TagKeys"]:
                tags.pop(key, None)
        return {}

    def _find(self, arn: str) -> dict[str, str]:
        if arn not in self._resources:
            raise ServiceError(
                "ResourceNotFoundException", f"There is neither an alarm nor a dashboard {arn}.", 404
            )
        return self._resources[arn]


def _as_dict(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}
