"""The Lambda function that sends an approval or a rejection to the deploy repository, as a repository dispatch.

It raises an error if it cannot send it, so that EventBridge tries again and the dead-letter queue keeps the event. A
repeated event is harmless: the payload names the model package, and a rollout of a live package changes nothing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from aws import aws_client
from dispatch import event as events
from dispatch.errors import DispatchError, SettingsError
from github.dispatches import Dispatcher, owner_and_name
from github.errors import GitHubError
from github.function import Context, start_log

_log = logging.getLogger("dispatch")


def handle(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Lambda's handler; returns the dispatch, or the reason for none. Raises DispatchError and GitHubError."""
    start_log()
    return Dispatch(os.environ, aws_client).handle(event, context)


class Dispatch(Dispatcher):
    """Sends an event's change to the deploy repository."""

    def handle(self, event: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Raises DispatchError and GitHubError."""
        owner, name, group = self._settings()
        change = events.parse(event)
        if why := change.not_for(group):
            _log.info("not dispatched: %s (%s, event %s)", why, change.arn, change.event_id)
            return {"dispatched": False, "reason": why}
        body = {"event_type": change.event_type, "client_payload": change.payload}
        try:
            self._post(owner, name, body, context)
        except GitHubError as error:
            _log.error("%s of %s did not reach %s/%s: %s", change.event_type, change.arn, owner, name, error)
            raise
        _log.info("%s of %s reached %s/%s", change.event_type, change.arn, owner, name)
        return {"dispatched": True, **body}

    def _settings(self) -> tuple[str, str, str]:
        """The deploy repository's owner and name, and the model package group."""
        values = {
            name: self._environment.get(name, "")
            for name in ("DEPLOY_REPOSITORY", "MODEL_PACKAGE_GROUP_NAME")
        }
        for name, value in values.items():
            if not value:
                raise SettingsError(f"{name} is not set: the project's template sets it on this function.")
        found = owner_and_name(values["DEPLOY_REPOSITORY"])
        if found is None:
            raise SettingsError(
                f"DEPLOY_REPOSITORY is {values['DEPLOY_REPOSITORY']!r}: owner/name is expected."
            )
        return *found, values["MODEL_PACKAGE_GROUP_NAME"]


__all__ = ["Context", "Dispatch", "DispatchError", "handle"]
