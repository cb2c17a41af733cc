"""Routes: which requests go to which integration, and who may send them."""

from __future__ import annotations

import re
from typing import Any

from local_aws.http_api.errors import bad_request, conflict
from local_aws.http_api.store import Api, Members, Store, found, stated
from local_aws.kernel.ids import new_id

DEFAULT = "$default"

_KNOWN = frozenset(
    {"RouteKey", "Target", "AuthorizationType", "AuthorizerId", "AuthorizationScopes", "OperationName"}
)
_KEY = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|ANY) /\S*")


class Routes:
    """CreateRoute, GetRoute, UpdateRoute, DeleteRoute."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create_route(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a route of an API.

        Raises BadRequestException, ConflictException, NotFoundException. Source: Amazon API Gateway V2 API reference, CreateRoute.
        """
        with self._store.lock:
            api = self._store.find(request)
            defaults = {"AuthorizationType": "NONE", "ApiKeyRequired": False, "RouteId": new_id(7)}
            return _put(api, {**defaults, **stated(request, _KNOWN)})

    def get_route(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one route.

        Raises NotFoundException. Source: Amazon API Gateway V2 API reference, GetRoute.
        """
        with self._store.lock:
            return found(self._store.find(request).routes, "Route", request["RouteId"])

    def update_route(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change members of a route.

        Raises BadRequestException, ConflictException, NotFoundException. Source: Amazon API Gateway V2 API reference, UpdateRoute.
        """
        with self._store.lock:
            api = self._store.find(request)
            before = found(api.routes, "Route", request["RouteId"])
            return _put(api, {**before, **stated(request, _KNOWN)})

    def delete_route(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a route.

        Raises NotFoundException. Source: Amazon API Gateway V2 API reference, DeleteRoute.
        """
        with self._store.lock:
            routes = self._store.find(request).routes
            found(routes, "Route", request["RouteId"])
            del routes[request["RouteId"]]
        return {}


def _put(api: Api, route: Members) -> Members:
    key = route["RouteKey"]
    if key != DEFAULT and not _KEY.fullmatch(key):
        raise bad_request(f"The provided route key {key} is not formatted properly for HTTP protocol.")
    if any(each["RouteKey"] == key and each["RouteId"] != route["RouteId"] for each in api.routes.values()):
        raise conflict(f"Route with key {key} already exists for this API")
    _check_authorization(api, route)
    target = route.get("Target")
    if target is not None and target.removeprefix("integrations/") not in api.integrations:
        raise bad_request(f"Invalid route target specified: {target} is no integration of this API")
    api.routes[route["RouteId"]] = route
    return route


def _check_authorization(api: Api, route: Members) -> None:
    match route["AuthorizationType"]:
        case "JWT" if route.get("AuthorizerId") not in api.authorizers:
            raise bad_request(f"Invalid authorizer ID specified: {route.get('AuthorizerId')}")
        case "CUSTOM":
            raise bad_request(
                "The embedded API Gateway authorizes by AWS_IAM and JWT, and not by a function."
            )
