"""Repository dispatches: how a project's functions tell GitHub that something happened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from github.client import segment
from github.clock import Deadline
from github.errors import AnswerError, NotFoundError
from github.function import Context, Function
from github.sign_in import Access

RESERVE_SECONDS = 2.0


def owner_and_name(repository: str) -> tuple[str, str] | None:
    """The parts of OWNER/NAME, None for any other text."""
    found = re.fullmatch(r"([A-Za-z0-9-]+)/([A-Za-z0-9._-]+)", repository)
    return (found[1], found[2]) if found else None


class Dispatcher(Function):
    """A function that sends repository dispatches."""

    def _post(self, owner: str, name: str, body: Mapping[str, Any], context: Context) -> None:
        """Send a dispatch: its event_type and client_payload. Raises GitHubError."""
        deadline = Deadline(context.get_remaining_time_in_millis, RESERVE_SECONDS)
        client = self._sign_in(deadline).client(Access(owner, {"contents": "write"}, repository=name))
        try:
            client.send(f"/repos/{segment(owner)}/{segment(name)}/dispatches", body)
        except NotFoundError as error:
            raise AnswerError(
                error.status,
                f"{owner}/{name} is gone, or these credentials may not write to it (Contents: write is needed)",
                f"POST /repos/{owner}/{name}/dispatches",
            ) from error
