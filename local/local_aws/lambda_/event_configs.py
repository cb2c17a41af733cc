"""Retries and destinations of a function's asynchronous invocations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local_aws.lambda_.errors import invalid, not_found
from local_aws.lambda_.function import EventConfig, Function
from local_aws.lambda_.names import Reference
from local_aws.lambda_.paging import paged
from local_aws.lambda_.store import Store


class EventConfigs:
    """PutFunctionEventInvokeConfig, GetFunctionEventInvokeConfig, ListFunctionEventInvokeConfigs,

    DeleteFunctionEventInvokeConfig.

    Destinations are for failures only, and are queues and topics.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def put_function_event_invoke_config(self, request: dict[str, Any]) -> dict[str, Any]:
        """Set retries and destinations of asynchronous invocations.

        Raises InvalidParameterValueException, ResourceNotFoundException. Source: AWS Lambda API reference, PutFunctionEventInvokeConfig.
        """
        reference = Reference.of(request)
        config = EventConfig(
            modified=datetime.now(UTC),
            retries=request.get("MaximumRetryAttempts"),
            age_seconds=request.get("MaximumEventAgeInSeconds"),
            on_failure=_on_failure(request.get("DestinationConfig") or {}),
        )
        with self._store.lock:
            self._store.find(reference).event_configs[reference.unified] = config
        return self._answer(reference, config)

    def get_function_event_invoke_config(self, request: dict[str, Any]) -> dict[str, Any]:
        """The settings of asynchronous invocations.

        Raises ResourceNotFoundException. Source: AWS Lambda API reference, GetFunctionEventInvokeConfig.
        """
        reference = Reference.of(request)
        with self._store.lock:
            return self._answer(reference, self._find(self._store.find(reference), reference))

    def list_function_event_invoke_configs(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the settings of a function's qualifiers, one page at a time.

        Raises InvalidParameterValueException, ResourceNotFoundException, ValidationException. Source: AWS Lambda API reference, ListFunctionEventInvokeConfigs.
        """
        name = Reference.parse(request["FunctionName"]).name
        with self._store.lock:
            configs = self._store.find(Reference(name)).event_configs.items()
            found = [self._answer(Reference(name, qualifier), config) for qualifier, config in configs]
        return paged("FunctionEventInvokeConfigs", found, request)

    def delete_function_event_invoke_config(self, request: dict[str, Any]) -> dict[str, Any]:
        """Remove the settings of asynchronous invocations.

        Raises ResourceNotFoundException. Source: AWS Lambda API reference, DeleteFunctionEventInvokeConfig.
        """
        reference = Reference.of(request)
        with self._store.lock:
            function = self._store.find(reference)
            self._find(function, reference)
            del function.event_configs[reference.unified]
        return {}

    def _find(self, function: Function, reference: Reference) -> EventConfig:
        config = function.event_configs.get(reference.unified)
        if config is None:
            arn = reference.arn(self._store.account)
            raise not_found(f"The function {arn} doesn't have an EventInvokeConfig")
        return config

    def _answer(self, reference: Reference, config: EventConfig) -> dict[str, Any]:
        stated = {"MaximumRetryAttempts": config.retries, "MaximumEventAgeInSeconds": config.age_seconds}
        failure = {"Destination": config.on_failure} if config.on_failure else {}
        return {
            "LastModified": config.modified,
            "FunctionArn": Reference(reference.name, reference.qualifier or "$LATEST").arn(
                self._store.account
            ),
            "DestinationConfig": {"OnSuccess": {}, "OnFailure": failure},
            **{name: value for name, value in stated.items() if value is not None},
        }


def _on_failure(destinations: dict[str, Any]) -> str | None:
    if (destinations.get("OnSuccess") or {}).get("Destination"):
        raise invalid(
            "The embedded Lambda has no destination for successes: leave DestinationConfig.OnSuccess out."
        )
    destination: str | None = (destinations.get("OnFailure") or {}).get("Destination")
    if destination and (destination.split(":")[2] not in ("sqs", "sns") or destination.endswith(".fifo")):
        raise invalid(
            f"The embedded Lambda sends failures to standard queues and topics; the destination is {destination}."
        )
    return destination
