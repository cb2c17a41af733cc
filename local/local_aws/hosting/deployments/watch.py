"""The waits of a deployment, during which its alarms are looked at."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from local_aws.hosting.errors import AlarmError, OverrunError, StoppedError
from local_aws.kernel.account import Account

LOOK_SECONDS = 2.0
"""The limits of the pause between two reads of the alarms. It is scaled like their periods."""
SHORTEST_LOOK_SECONDS = 0.05
LONGEST_LOOK_SECONDS = 0.5


class Watch:
    """Waits that LOCAL_AWS_TIME_SCALE shrinks.

    `stopping` ends them; `timeout_seconds` is the deployment's own limit.
    """

    def __init__(
        self, account: Account, alarms: Sequence[str], timeout_seconds: float, stopping: threading.Event
    ) -> None:
        self._scale = account.time_scale
        self._cloudwatch = account.client("cloudwatch")
        self._alarms = list(alarms)
        self._timeout_seconds = timeout_seconds
        self._end = time.monotonic() + timeout_seconds
        self._stopping = stopping

    def bake(self, seconds: float) -> None:
        """Wait so many seconds (of AWS's time).

        Raises AlarmError as soon as an alarm is in ALARM, OverrunError and StoppedError.
        """
        end = time.monotonic() + seconds * self._scale
        pause = min(max(LOOK_SECONDS * self._scale, SHORTEST_LOOK_SECONDS), LONGEST_LOOK_SECONDS)
        while True:
            self.check()
            left = end - time.monotonic()
            if left <= 0:
                return
            if self._stopping.wait(min(pause, left)):
                raise StoppedError("the embedded AWS closes")

    def check(self) -> None:
        """Raises AlarmError, OverrunError or StoppedError where the deployment must not go on."""
        if self._stopping.is_set():
            raise StoppedError("the embedded AWS closes")
        if self._alarms:
            answer = self._cloudwatch.describe_alarms(AlarmNames=self._alarms, StateValue="ALARM")
            found = answer["MetricAlarms"]
            if names := [alarm["AlarmName"] for alarm in found]:
                raise AlarmError(
                    "One or more alarms configured for the deployment are in the ALARM state: "
                    f"{', '.join(sorted(names))}. The deployment was rolled back."
                )
        if time.monotonic() > self._end:
            raise OverrunError(
                f"The deployment did not complete within {self._timeout_seconds:g} seconds. It was rolled back."
            )
