"""Watching an execution until it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from model_build.aws.executions import describe
from model_build.core.execution import Execution
from model_build.errors import TimedOutError

if TYPE_CHECKING:
    from types_boto3_sagemaker.client import SageMakerClient

_FIRST_PAUSE, _LONGEST_PAUSE, _SLOWER = 0.2, 10.0, 1.05


def watch(
    sagemaker: SageMakerClient, arn: str, show: Callable[[Execution], None], timeout: float | None = None
) -> Execution:
    """Wait for the execution's end, and show each description of it.

    `timeout` is in seconds. Raises TimedOutError after it; the execution continues.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    seen: Execution | None = None
    pause = _FIRST_PAUSE
    while True:
        execution = describe(sagemaker, arn)
        show(execution)
        if not execution.running:
            return execution
        if deadline is not None and time.monotonic() >= deadline:
            raise TimedOutError(
                f"The execution {arn} did not end within {timeout:g} s; it goes on. Run the same command again to "
                "watch it, with a longer --timeout or none."
            )
        # Poll often while steps change, and rarely during a long training.
        pause = _FIRST_PAUSE if execution != seen else min(pause * _SLOWER, _LONGEST_PAUSE)
        seen = execution
        time.sleep(pause if deadline is None else max(0.0, min(pause, deadline - time.monotonic())))
