"""Invoke: at once, later, or only checked."""

from __future__ import annotations

from typing import Any

from local_aws.kernel import json_text
from local_aws.kernel.limits import maximum
from local_aws.kernel.wire import ServiceError
from local_aws.lambda_.errors import invalid, require_active, too_large
from local_aws.lambda_.invocation.events import EventQueue
from local_aws.lambda_.invocation.invoker import REQUEST_BYTES, Invoker
from local_aws.lambda_.names import Reference
from local_aws.lambda_.store import Store

EVENT_BYTES = maximum("lambda.event")


class Invocations:
    """Invoke."""

    def __init__(self, store: Store, invoker: Invoker, events: EventQueue) -> None:
        self._store = store
        self._invoker = invoker
        self._events = events

    def invoke(self, request: dict[str, Any]) -> dict[str, Any]:
        """Invoke a function and wait, queue the event, or check only (DryRun).

        Raises InvalidParameterValueException, InvalidRequestContentException, RequestTooLargeException. Source: AWS Lambda API reference, Invoke.
        """
        reference = Reference.of(request)
        kind = request.get("InvocationType", "RequestResponse")
        version = self._store.version(reference)
        require_active(version.is_pending)
        if "ClientContext" in request:
            raise invalid("The embedded Lambda does not have ClientContext: leave it out.")
        payload = request.get("Payload") or b"{}"
        _check(payload, EVENT_BYTES if kind == "Event" else REQUEST_BYTES)
        match kind:
            case "DryRun":
                return {"StatusCode": 204}
            case "Event":
                self._events.put(reference, payload)
                return {"StatusCode": 202}
        version, outcome = self._invoker.answer(reference, payload)
        answer = {"StatusCode": 200, "Payload": outcome.payload, "ExecutedVersion": version.number}
        if outcome.failed:
            answer["FunctionError"] = "Unhandled"
        if request.get("LogType") == "Tail":
            answer["LogResult"] = outcome.log_result
        return answer


def _check(payload: bytes, limit: int) -> None:
    if len(payload) > limit:
        raise too_large(limit)
    try:
        json_text.loads(payload)
    except ValueError as error:
        raise ServiceError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from error
