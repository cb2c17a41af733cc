"""Studio domains: what can be listed, described and tagged. There is no Studio, and nobody in it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

from local_aws.kernel.account import Account
from local_aws.kernel.ids import new_id
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker import arns
from local_aws.sagemaker.tags import Tags

_KIND = "domain"
_SUMMARY = ("DomainArn", "DomainId", "DomainName", "Status", "CreationTime", "LastModifiedTime", "Url")


class Domains:
    """CreateDomain, DescribeDomain, ListDomains, DeleteDomain."""

    def __init__(self, account: Account, tags: Tags) -> None:
        self._account = account
        self._tags = tags
        self._lock = threading.Lock()
        self._domains: dict[str, dict[str, Any]] = {}

    def create_domain(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a Studio domain: a description with tags and nothing behind it.

        Source: Amazon SageMaker API reference, CreateDomain.
        """
        identity = "d-" + new_id(12)
        now = datetime.now(UTC)
        made = {name: value for name, value in request.items() if name != "Tags"} | {
            "DomainArn": arns.make(self._account, _KIND, identity),
            "DomainId": identity,
            "Status": "InService",
            "CreationTime": now,
            "LastModifiedTime": now,
            "Url": f"https://{identity}.studio.{self._account.region}.sagemaker.aws",
        }
        with self._lock:
            self._domains[identity] = made
            self._tags.put(made["DomainArn"], request.get("Tags"))
        return {name: made[name] for name in ("DomainArn", "DomainId", "Url")}

    def describe_domain(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one Studio domain.

        Raises ResourceNotFound. Source: Amazon SageMaker API reference, DescribeDomain.
        """
        with self._lock:
            return dict(self._find(request["DomainId"]))

    def list_domains(self, request: dict[str, Any]) -> dict[str, Any]:
        """List Studio domains, one page at a time.

        Raises ValidationException. Source: Amazon SageMaker API reference, ListDomains.
        """
        with self._lock:
            summaries = [{name: each[name] for name in _SUMMARY} for each in self._domains.values()]
        shown, token = page(summaries, request, key=lambda summary: summary["DomainArn"])
        return paged({"Domains": shown}, token)

    def delete_domain(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a Studio domain and its tags.

        Raises ResourceNotFound. Source: Amazon SageMaker API reference, DeleteDomain.
        """
        with self._lock:
            gone = self._find(request["DomainId"])
            del self._domains[gone["DomainId"]]
            self._tags.drop(gone["DomainArn"])
        return {}

    def _find(self, identity: str) -> dict[str, Any]:
        if identity not in self._domains:
            raise ServiceError("ResourceNotFound", f"Domain [{identity}] does not exist.")
        return self._domains[identity]
