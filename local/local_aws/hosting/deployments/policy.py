"""The traffic policy of an update: a DeploymentConfig, evaluated as pure arithmetic over instance counts.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_TIMEOUT = 28_800
"""Seconds: the longest MaximumExecutionTimeoutInSeconds that the API takes."""


@dataclass(frozen=True)
class Size:
    """A CapacitySize: a number of instances, or a percentage of them."""

    kind: str
    value: int

    @classmethod
    def parse(cls, stated: Mapping[str, Any]) -> Size:
        """A size from its form in the API: type and value."""
        return cls(stated["Type"], stated["Value"])

    def of(self, total: int) -> int:
        """How many of `total` instances that is: whole ones, at least one, at most all."""
        wanted = self.value if self.kind == "INSTANCE_COUNT" else total * self.value // 100
        return min(max(wanted, 1), total)


@dataclass(frozen=True)
class BlueGreen:
    """A new fleet beside the old one. `kind` is ALL_AT_ONCE, CANARY or LINEAR; seconds as stated, not scaled."""

    kind: str = "ALL_AT_ONCE"
    size: Size | None = None
    wait_seconds: int = 0
    termination_wait_seconds: int = 0
    timeout_seconds: int = DEFAULT_TIMEOUT

    def steps(self, total: int) -> Iterator[int]:
        """How many of the new fleet's `total` instances take traffic, step by step."""
        size = total if self.size is None else self.size.of(total)
        match self.kind:
            case "CANARY":
                yield from (size, total)
            case "LINEAR":
                yield from (min(taken, total) for taken in range(size, total + size, size))
            case _:
                yield total


@dataclass(frozen=True)
class Rolling:
    """Old instances replaced batch by batch. Without `rollback_batch` a rollback brings all of them back at once."""

    batch: Size
    wait_seconds: int
    rollback_batch: Size | None = None
    timeout_seconds: int = DEFAULT_TIMEOUT


@dataclass(frozen=True)
class Policy:
    """A deployment's strategy, the alarms that roll it back, and whether anything of it was stated."""

    strategy: BlueGreen | Rolling = BlueGreen()
    alarms: tuple[str, ...] = ()
    is_guarded: bool = False

    @classmethod
    def parse(cls, stated: Mapping[str, Any] | None) -> Policy:
        """From the API's DeploymentConfig; without one, all at once."""
        if not stated:
            return cls()
        alarms = stated.get("AutoRollbackConfiguration", {}).get("Alarms", ())
        return cls(_strategy(stated), tuple(alarm["AlarmName"] for alarm in alarms), is_guarded=True)


def _strategy(stated: Mapping[str, Any]) -> BlueGreen | Rolling:
    if rolling := stated.get("RollingUpdatePolicy"):
        rollback = rolling.get("RollbackMaximumBatchSize")
        return Rolling(
            batch=Size.parse(rolling["MaximumBatchSize"]),
            wait_seconds=rolling["WaitIntervalInSeconds"],
            rollback_batch=Size.parse(rollback) if rollback else None,
            timeout_seconds=rolling.get("MaximumExecutionTimeoutInSeconds", DEFAULT_TIMEOUT),
        )
    blue_green = stated.get("BlueGreenUpdatePolicy")
    if not blue_green:
        return BlueGreen()
    routing = blue_green["TrafficRoutingConfiguration"]
    size = routing.get("CanarySize") or routing.get("LinearStepSize")
    return BlueGreen(
        kind=routing["Type"],
        size=Size.parse(size) if size else None,
        wait_seconds=routing["WaitIntervalInSeconds"],
        termination_wait_seconds=blue_green.get("TerminationWaitInSeconds", 0),
        timeout_seconds=blue_green.get("MaximumExecutionTimeoutInSeconds", DEFAULT_TIMEOUT),
    )
