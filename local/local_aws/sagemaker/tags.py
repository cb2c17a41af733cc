"""Tags of any SageMaker resource: a handler of its own, which the other handlers tell what there is to tag."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker import arns

MAXIMUM = 50
"""Tags that a resource can have."""


class Tags:
    """AddTags, ListTags, DeleteTags; and `put`, `get`, `drop` for whoever makes and deletes resources."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._resources: dict[str, dict[str, str]] = {}

    def put(self, arn: str, tags: Iterable[Mapping[str, str]] | None) -> None:
        """Note a new resource, with the tags it was created with (the API's `[{"Key": ..., "Value": ...}]`)."""
        with self._lock:
            self._resources[arn] = _as_dict(tags or [])

    def get(self, arn: str) -> list[dict[str, str]]:
        """The tags of a resource, in the API's form. Raises ServiceError for an unknown one."""
        with self._lock:
            return [{"Key": key, "Value": value} for key, value in self._find(arn).items()]

    def drop(self, arn: str) -> None:
        """Forget a deleted resource."""
        with self._lock:
            self._resources.pop(arn, None)

    def add_tags(self, request: dict[str, Any]) -> dict[str, Any]:
        """Add tags to a resource. A resource holds at most 50.

        Raises ValidationException. Source: Amazon SageMaker API reference, AddTags.
        """
        arn = request["ResourceArn"]
        with self._lock:
            merged = self._find(arn) | _as_dict(request["Tags"])
            if len(merged) > MAXIMUM:
                raise ServiceError(
                    "ValidationException",
                    f"{arn} would have {len(merged)} tags; a resource has {MAXIMUM} at most.",
                )
            self._resources[arn] = merged
        return {"Tags": self.get(arn)}

    def list_tags(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the tags of a resource, one page at a time.

        Raises ValidationException. Source: Amazon SageMaker API reference, ListTags.
        """
        shown, token = page(
            self.get(request["ResourceArn"]), request, key=lambda tag: tag["Key"], default=MAXIMUM
        )
        return paged({"Tags": shown}, token)

    def delete_tags(self, request: dict[str, Any]) -> dict[str, Any]:
        """Remove tags from a resource.

        Raises ValidationException. Source: Amazon SageMaker API reference, DeleteTags.
        """
        with self._lock:
            tags = self._find(request["ResourceArn"])
            for key in request["TagKeys"]:
                tags.pop(key, None)
        return {}

    def _find(self, arn: str) -> dict[str, str]:
        arns.require_region(self._account, arn)
        if arn not in self._resources:
            raise ServiceError(
                "ValidationException", f'Could not find {arns.kind(arn).replace("-", " ")} "{arn}".'
            )
        return self._resources[arn]


def _as_dict(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Raises ServiceError (ValidationException) where a key stands there twice."""
    found: dict[str, str] = {}
    for tag in tags:
        if tag["Key"] in found:
            raise ServiceError("ValidationException", f"Duplicate tag keys found: {tag['Key']}.")
        found[tag["Key"]] = tag["Value"]
    return found
