"""HTTP APIs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local_aws.http_api.errors import bad_request
from local_aws.http_api.store import Api, Store, stated
from local_aws.kernel.ids import new_id

PREFIX = "/_api/"
"""APIs answer at ENDPOINT/_api/ID."""

SELECTION = "$request.method $request.path"

_KNOWN = frozenset(
    {"Name", "Description", "ProtocolType", "RouteSelectionExpression", "IpAddressType", "Version"}
)


class Apis:
    """CreateApi, GetApi, GetApis, UpdateApi, DeleteApi."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create_api(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create an HTTP API.

        Raises BadRequestException. Source: Amazon API Gateway V2 API reference, CreateApi.
        """
        if request["ProtocolType"] != "HTTP":
            raise bad_request(
                f"The embedded API Gateway has HTTP APIs, and no {request['ProtocolType']} APIs."
            )
        identity = new_id(10)
        members = {
            "RouteSelectionExpression": SELECTION,
            "IpAddressType": "ipv4",
            **_members(request),
            "ApiId": identity,
            "ApiEndpoint": f"{self._store.account.endpoint_url}{PREFIX}{identity}",
            "CreatedDate": datetime.now(UTC),
            "DisableExecuteApiEndpoint": False,
            "Tags": dict(request.get("Tags", {})),
        }
        with self._store.lock:
            self._store.apis[identity] = Api(members)
        return members

    def get_api(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one HTTP API.

        Raises NotFoundException. Source: Amazon API Gateway V2 API reference, GetApi.
        """
        with self._store.lock:
            return self._store.find(request).members

    def get_apis(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe all HTTP APIs.

        Source: Amazon API Gateway V2 API reference, GetApis.
        """
        with self._store.lock:
            return {"Items": [api.members for api in self._store.apis.values()]}

    def update_api(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change members of an HTTP API.

        Raises BadRequestException, NotFoundException. Source: Amazon API Gateway V2 API reference, UpdateApi.
        """
        with self._store.lock:
            api = self._store.find(request)
            api.members = {**api.members, **_members(request)}
            return api.members

    def delete_api(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete an HTTP API with everything that belongs to it.

        Raises NotFoundException. Source: Amazon API Gateway V2 API reference, DeleteApi.
        """
        with self._store.lock:
            del self._store.apis[self._store.find(request).id]
        return {}


def _members(request: dict[str, Any]) -> dict[str, Any]:
    members = stated(request, _KNOWN)
    if members.get("RouteSelectionExpression", SELECTION) != SELECTION:
        raise bad_request(f"Routes of HTTP APIs are selected by {SELECTION}.")
    return members
