"""Tags of APIs and stages."""

from __future__ import annotations

import re
from typing import Any

from local_aws.http_api.errors import not_found
from local_aws.http_api.store import Store

_ARN = re.compile(r"arn:aws:apigateway:[a-z0-9-]+::/apis/(?P<api>[^/]+)(/stages/(?P<stage>[^/]+))?")


class Tags:
    """TagResource, UntagResource, GetTags."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def tag_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        """Add tags to an API or stage.

        Raises NotFoundException. Source: Amazon API Gateway V2 API reference, TagResource.
        """
        with self._store.lock:
            self._tags(request).update(request.get("Tags", {}))
        return {}

    def untag_resource(self, request: dict[str, Any]) -> dict[str, Any]:
        """Remove tags from an API or stage.

        Raises NotFoundException. Source: Amazon API Gateway V2 API reference, UntagResource.
        """
        with self._store.lock:
            tags = self._tags(request)
            for key in request["TagKeys"]:
                tags.pop(key, None)
        return {}

    def get_tags(self, request: dict[str, Any]) -> dict[str, Any]:
        """The tags of an API or stage.

        Raises NotFoundException. Source: Amazon API Gateway V2 API reference, GetTags.
        """
        with self._store.lock:
            return {"Tags": dict(self._tags(request))}

    def _tags(self, request: dict[str, Any]) -> dict[str, str]:
        arn = request["ResourceArn"]
        match = _ARN.fullmatch(arn)
        api = self._store.apis.get(match["api"]) if match else None
        members = None
        if match and api:
            members = api.stages.get(match["stage"]) if match["stage"] else api.members
        if members is None:
            raise not_found(f"Invalid resource ARN specified: {arn}")
        tags: dict[str, str] = members["Tags"]
        return tags
