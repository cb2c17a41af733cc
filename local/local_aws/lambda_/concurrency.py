"""Reserved concurrency: how many invocations of a function may run at once."""

from __future__ import annotations

from typing import Any

from local_aws.kernel.limits import maximum
from local_aws.lambda_.errors import invalid
from local_aws.lambda_.names import Reference
from local_aws.lambda_.store import Store


class Concurrency:
    """PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put_function_concurrency(self, request: dict[str, Any]) -> dict[str, Any]:
        """Reserve concurrency for a function.

        Raises InvalidParameterValueException, ResourceNotFoundException. Source: AWS Lambda API reference, PutFunctionConcurrency.
        """
        self._reserve(request, request["ReservedConcurrentExecutions"])
        return self.get_function_concurrency(request)

    def get_function_concurrency(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reserved concurrency of a function.

        Raises ResourceNotFoundException. Source: AWS Lambda API reference, GetFunctionConcurrency.
        """
        with self._store.lock:
            reserved = self._store.find(Reference.parse(request["FunctionName"])).reserved
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def delete_function_concurrency(self, request: dict[str, Any]) -> dict[str, Any]:
        """Remove the reservation of a function.

        Raises ResourceNotFoundException. Source: AWS Lambda API reference, DeleteFunctionConcurrency.
        """
        self._reserve(request, None)
        return {}

    def _reserve(self, request: dict[str, Any], reserved: int | None) -> None:
        with self._store.lock:
            function = self._store.find(Reference.parse(request["FunctionName"]))
            others = sum(
                each.reserved or 0 for each in self._store.functions.values() if each is not function
            )
            if reserved and others + reserved > maximum("lambda.reserved"):
                raise invalid(
                    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
                    "its minimum value of [100]."
                )
            function.reserved = reserved
