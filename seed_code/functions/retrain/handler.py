"""The Lambda function that has the build repository train on new data: once for all objects that arrive close together.

S3's event about an object sets a schedule, or moves it on; the schedule's own invocation sends a repository dispatch. An
error is raised, so that Lambda tries again and the dead-letter queue keeps the event. A run that is dispatched twice is
harmless: the second finds the execution of the first, of equal data.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from aws import aws_client
from github.dispatches import Dispatcher, owner_and_name
from github.errors import GitHubError
from github.function import Context as _Context
from github.function import start_log
from retrain import event as events
from retrain.errors import RetrainError, SettingsError
from retrain.event import Arrivals, NewObject
from retrain.schedule import Schedule

_log = logging.getLogger("retrain")

EVENT_TYPE = "new-data"


class Context(_Context, Protocol):
    """The part of Lambda's context that is used."""

    invoked_function_arn: str


def handle(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Lambda's handler; returns the dispatch, or when one is due. Raises RetrainError, GitHubError and ClientError."""
    start_log()
    return Retrain(os.environ, aws_client).handle(event, context)


class Retrain(Dispatcher):
    """Waits until no more data arrives, and sends one dispatch to the build repository."""

    def handle(self, event: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Raises RetrainError, GitHubError and ClientError."""
        schedule = Schedule(
            self._client("scheduler"),
            self._setting("SCHEDULE_NAME"),
            context.invoked_function_arn,
            self._setting("SCHEDULE_ROLE_ARN"),
            self._setting("DEAD_LETTER_ARN"),
        )
        match events.parse(event):
            case NewObject(uri):
                due = schedule.postpone(uri, datetime.now(UTC))
                _log.info("%r arrived: training begins at %s", uri, due)
                return {"dispatched": False, "due": due.isoformat()}
            case Arrivals() as arrivals:
                schedule.end()
                return self._dispatch(arrivals, context)

    def _dispatch(self, arrivals: Arrivals, context: Context) -> dict[str, Any]:
        owner, name = self._repository()
        body = {"event_type": EVENT_TYPE, "client_payload": arrivals.payload}
        try:
            self._post(owner, name, body, context)
        except GitHubError as error:
            _log.error("new data did not reach %s/%s: %s", owner, name, error)
            raise
        _log.info("new data, up to %r, reached %s/%s", arrivals.newest, owner, name)
        return {"dispatched": True, **body}

    def _repository(self) -> tuple[str, str]:
        """The build repository's owner and name."""
        stated = self._setting("BUILD_REPOSITORY")
        found = owner_and_name(stated)
        if found is None:
            raise SettingsError(f"BUILD_REPOSITORY is {stated!r}: owner/name is expected.")
        return found

    def _setting(self, name: str) -> str:
        value = self._environment.get(name, "")
        if not value:
            raise SettingsError(f"{name} is not set: the project's template sets it on this function.")
        return value


__all__ = ["Context", "Retrain", "RetrainError", "handle"]
