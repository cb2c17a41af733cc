"""The history of a pipeline: its executions, and the cached results of their steps. It is deleted with the pipeline."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker.workflow.cache import StepCache
from local_aws.sagemaker.workflow.execution import Execution


class History:
    """The executions of one pipeline, oldest first, and the client tokens that they were started with."""

    def __init__(self) -> None:
        self.cache = StepCache()
        # A selective execution looks for its source while it is made.
        self._lock = threading.RLock()
        self._executions: dict[str, Execution] = {}
        self._started: dict[str, tuple[Mapping[str, Any], Execution]] = {}

    def start(self, request: Mapping[str, Any], make: Callable[[], Execution]) -> tuple[Execution, bool]:
        """The execution that a request starts, and whether it is new: a token starts one only once.

        Raises ServiceError where the token came with another request before.
        """
        token = request["ClientRequestToken"]
        with self._lock:
            if token in self._started:
                before, execution = self._started[token]
                if before != request:
                    raise ServiceError(
                        "ConflictException",
                        f"ClientRequestToken {token} was used before, with other parameters: for {execution.start.arn}.",
                    )
                return execution, False
            execution = make()
            self._started[token] = dict(request), execution
            self._executions[execution.start.arn] = execution
            return execution, True

    def find(self, arn: str) -> Execution | None:
        """The execution with this ARN, None if the pipeline has none."""
        with self._lock:
            return self._executions.get(arn)

    def executions(self) -> list[Execution]:
        """All executions, oldest first."""
        with self._lock:
            return list(self._executions.values())

    @property
    def active(self) -> list[Execution]:
        """Those that have not ended."""
        return [execution for execution in self.executions() if execution.active]

    @property
    def last_start(self) -> datetime | None:
        """The time at which the latest execution was created, None without one."""
        executions = self.executions()
        return executions[-1].start.created if executions else None
