"""Checks of requests that AWS refuses and moto does not. They run before a handler or moto answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from local_aws.identity.actions.api_request import ApiRequest

Check = Callable[[ApiRequest], None]
"""Raises wire.ServiceError for a request that AWS would not accept."""


class Checks:
    """All checks of a server, in order: the first refusal counts."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._checks = tuple(checks)

    def check(self, request: ApiRequest) -> None:
        """Raises ServiceError."""
        for check in self._checks:
            check(request)
