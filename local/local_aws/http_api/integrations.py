"""Integrations: the functions that answer for routes."""

from __future__ import annotations

from typing import Any

from local_aws.http_api.errors import bad_request, conflict
from local_aws.http_api.store import Api, Members, Store, found, stated
from local_aws.kernel.ids import new_id

LONGEST_MILLISECONDS = 30_000

_KNOWN = frozenset(
    {
        "ConnectionType",
        "Description",
        "IntegrationMethod",
        "IntegrationType",
        "IntegrationUri",
        "PayloadFormatVersion",
        "TimeoutInMillis",
    }
)


class Integrations:
    """CreateIntegration, GetIntegration, UpdateIntegration, DeleteIntegration."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create_integration(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create an integration of an API.

        Raises BadRequestException, NotFoundException. Source: Amazon API Gateway V2 API reference, CreateIntegration.
        """
        with self._store.lock:
            api = self._store.find(request)
            defaults = {
                "ConnectionType": "INTERNET",
                "IntegrationMethod": "POST",
                "TimeoutInMillis": LONGEST_MILLISECONDS,
                "IntegrationId": new_id(7),
            }
            return _put(api, {**defaults, **stated(request, _KNOWN)})

    def get_integration(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one integration.

        Raises NotFoundException. Source: Amazon API Gateway V2 API reference, GetIntegration.
        """
        with self._store.lock:
            return found(self._store.find(request).integrations, "Integration", request["IntegrationId"])

    def update_integration(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change members of an integration.

        Raises BadRequestException, NotFoundException. Source: Amazon API Gateway V2 API reference, UpdateIntegration.
        """
        with self._store.lock:
            api = self._store.find(request)
            before = found(api.integrations, "Integration", request["IntegrationId"])
            return _put(api, {**before, **stated(request, _KNOWN)})

    def delete_integration(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete an integration that no route uses.

        Raises ConflictException, NotFoundException. Source: Amazon API Gateway V2 API reference, DeleteIntegration.
        """
        with self._store.lock:
            api = self._store.find(request)
            identity = request["IntegrationId"]
            found(api.integrations, "Integration", identity)
            users = [
                route for route in api.routes.values() if route.get("Target") == f"integrations/{identity}"
            ]
            if users:
                raise conflict(
                    f"Cannot delete Integration '{identity}' due to conflict: it is the target of "
                    f"{users[0]['RouteKey']}."
                )
            del api.integrations[identity]
        return {}


def _put(api: Api, integration: Members) -> Members:
    if integration["IntegrationType"] != "AWS_PROXY" or ":lambda:" not in integration.get(
        "IntegrationUri", ""
    ):
        raise bad_request(
            "The embedded API Gateway integrates functions: IntegrationType must be AWS_PROXY, and IntegrationUri the "
            "ARN of a function."
        )
    if integration.get("PayloadFormatVersion") != "2.0":
        raise bad_request("The embedded API Gateway speaks the PayloadFormatVersion 2.0: state it.")
    api.integrations[integration["IntegrationId"]] = integration
    return integration
