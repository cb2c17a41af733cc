"""Authorizers: whose tokens open a route."""

from __future__ import annotations

from typing import Any

from local_aws.http_api.errors import bad_request, conflict
from local_aws.http_api.store import Api, Members, Store, found, stated
from local_aws.kernel.ids import new_id

_KNOWN = frozenset({"AuthorizerType", "IdentitySource", "JwtConfiguration", "Name"})


class Authorizers:
    """CreateAuthorizer, GetAuthorizer, UpdateAuthorizer, DeleteAuthorizer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create_authorizer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create an authorizer of an API.

        Raises BadRequestException, NotFoundException. Source: Amazon API Gateway V2 API reference, CreateAuthorizer.
        """
        with self._store.lock:
            api = self._store.find(request)
            return _put(api, {"AuthorizerId": new_id(6), **stated(request, _KNOWN)})

    def get_authorizer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one authorizer.

        Raises NotFoundException. Source: Amazon API Gateway V2 API reference, GetAuthorizer.
        """
        with self._store.lock:
            return found(self._store.find(request).authorizers, "Authorizer", request["AuthorizerId"])

    def update_authorizer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change members of an authorizer.

        Raises BadRequestException, NotFoundException. Source: Amazon API Gateway V2 API reference, UpdateAuthorizer.
        """
        with self._store.lock:
            api = self._store.find(request)
            before = found(api.authorizers, "Authorizer", request["AuthorizerId"])
            return _put(api, {**before, **stated(request, _KNOWN)})

    def delete_authorizer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete an authorizer that no route uses.

        Raises ConflictException, NotFoundException. Source: Amazon API Gateway V2 API reference, DeleteAuthorizer.
        """
        with self._store.lock:
            api = self._store.find(request)
            identity = request["AuthorizerId"]
            found(api.authorizers, "Authorizer", identity)
            users = [route for route in api.routes.values() if route.get("AuthorizerId") == identity]
            if users:
                raise conflict(
                    f"Cannot delete authorizer '{identity}', is referenced in route: {users[0]['RouteKey']}"
                )
            del api.authorizers[identity]
        return {}


def _put(api: Api, authorizer: Members) -> Members:
    if authorizer["AuthorizerType"] != "JWT":
        raise bad_request("The embedded API Gateway has authorizers of the type JWT, and not of functions.")
    jwt = authorizer.get("JwtConfiguration", {})
    if not jwt.get("Issuer") or not jwt.get("Audience"):
        raise bad_request("A JWT authorizer needs an Issuer and an Audience in its JwtConfiguration.")
    if len(authorizer.get("IdentitySource", [])) != 1:
        raise bad_request(
            "JWT authorizers need exactly one IdentitySource, such as $request.header.Authorization."
        )
    same_name = [
        each
        for each in api.authorizers.values()
        if each["Name"] == authorizer["Name"] and each["AuthorizerId"] != authorizer["AuthorizerId"]
    ]
    if same_name:
        raise bad_request(f"Authorizer name must be unique. Authorizer {authorizer['Name']} already exists.")
    api.authorizers[authorizer["AuthorizerId"]] = authorizer
    return authorizer
