"""What AWS refuses and moto does not: looked at before a request is answered, by whichever of the two answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from local_aws.identity.actions.asked import Asked

Check = Callable[[Asked], None]
"""Raises wire.ServiceError for a request that AWS would not accept."""


class Checks:
    """All checks of a server, in order: the first refusal counts."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._checks = tuple(checks)

    def check(self, asked: Asked) -> None:
        """Raises ServiceError."""
        for check in self._checks:
            check(asked)
