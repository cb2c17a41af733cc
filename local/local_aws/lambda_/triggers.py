"""Functions that other services of AWS call for something that happened: asynchronously, and where the function's policy allows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_aws.kernel.wire import ServiceError
from local_aws.lambda_.invocation.events import EventQueue
from local_aws.lambda_.names import Reference
from local_aws.lambda_.permissions import allows

_INVOKE = "lambda:InvokeFunction"


class Triggers:
    """Invokes functions for services."""

    def __init__(self, queue: EventQueue) -> None:
        self._queue = queue

    def problem(self, arn: str, principal: str, facts: Mapping[str, str]) -> str | None:
        """Why the service `principal` cannot invoke the function: it does not exist, or does not allow it; or None.

        `facts` are the values of condition keys under the keys that function policies use: AWS:SourceArn.
        """
        try:
            reference = Reference.parse(arn)
            with self._queue.store.lock:
                function = self._queue.store.find(reference)
                if allows(function, reference.qualifier, _INVOKE, principal, facts):
                    return None
        except ServiceError as error:
            return error.message
        return f"The policy of {arn} does not let {principal} do {_INVOKE} for {facts.get('AWS:SourceArn', 'it')}."

    def invoke(self, arn: str, event: Mapping[str, Any]) -> None:
        """Hand an event over. Returns at once."""
        self._queue.put(Reference.parse(arn), json.dumps(event).encode())
