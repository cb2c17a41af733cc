"""Tags of functions."""

from __future__ import annotations

from typing import Any

from local_aws.lambda_.function import Function
from local_aws.lambda_.names import Reference
from local_aws.lambda_.store import Store


class Tags:
    """TagResource, UntagResource, ListTags."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def tag_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        """Add tags to a function.

        Raises ResourceNotFoundException. Source: AWS Lambda API reference, TagResource.
        """
        with self._store.lock:
            self._function(request).tags.update(request["Tags"])
        return {}

    def untag_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        """Remove tags from a function.

        Raises ResourceNotFoundException. Source: AWS Lambda API reference, UntagResource.
        """
        with self._store.lock:
            for key in request["TagKeys"]:
                self._function(request).tags.pop(key, None)
        return {}

    def list_tags(self, request: dict[str, Any]) -> dict[str, Any]:
        """The tags of a function.

        Raises ResourceNotFoundException. Source: AWS Lambda API reference, ListTags.
        """
        with self._store.lock:
            return {"Tags": dict(self._function(request).tags)}

    def _function(self, request: dict[str, Any]) -> Function:
        return self._store.find(Reference.parse(request["Resource"]))
