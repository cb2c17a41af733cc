"""The HTTP APIs of the account, which the handlers and the gateway share."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.http_api.errors import bad_request, not_found
from local_aws.kernel.account import Account

Members = dict[str, Any]
"""A resource as the API describes it, by member name."""


@dataclass
class Api:
    """An API and what belongs to it: routes, integrations and authorizers by id, stages by name."""

    members: Members
    routes: dict[str, Members] = field(default_factory=dict)
    integrations: dict[str, Members] = field(default_factory=dict)
    authorizers: dict[str, Members] = field(default_factory=dict)
    stages: dict[str, Members] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id of the API."""
        return str(self.members["ApiId"])


class Store:
    """APIs by id. `lock` guards them and what they hold; members are replaced, never changed."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.lock = threading.RLock()
        self.apis: dict[str, Api] = {}

    def find(self, request: Mapping[str, Any]) -> Api:
        """The API that ApiId names. Raises ServiceError where there is no such."""
        api = self.apis.get(request["ApiId"])
        if api is None:
            raise not_found(f"Invalid API identifier specified {request['ApiId']}")
        return api


def found(members: Mapping[str, Members], kind: str, name: str) -> Members:
    """The resource of an API that `name` names. Raises ServiceError where there is no such."""
    if name not in members:
        raise not_found(f"Unable to find {kind} by key {name} within the provided {kind}")
    return members[name]


def stated(request: Mapping[str, Any], known: frozenset[str]) -> Members:
    """The members of a request that a resource keeps. Raises ServiceError for those that are not embedded."""
    keys = {"ApiId", "RouteId", "IntegrationId", "AuthorizerId", "StageName", "Tags"}
    refused = sorted(name for name, value in request.items() if name not in known | keys and value)
    if refused:
        raise bad_request(f"The embedded API Gateway does not have {', '.join(refused)}: leave it out.")
    return {name: value for name, value in request.items() if name in known}
