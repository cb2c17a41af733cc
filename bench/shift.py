"""What clients notice of an endpoint's update: 16 of them ask through a canary, and through two rollbacks."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import Any

from bench.deployable import ERRORS_ONLY, PRODUCTION, Deployable
from bench.load import Load, Sample, p99
from bench.table import Row

SLOWER = 3
ENOUGH_SECONDS = 0.05
"""The p99 of a shift may be SLOWER times the p99 before it, or this if that is less."""

CANARY_SHARE = 0.5
"""Of the stage production: one of its two instances."""

ROLLED_BACK = 4

WARM_UP_SECONDS = 1
"""Of a load, before it is measured: first requests connect, which would slow the p99 before and flatter the one after."""


@dataclass(frozen=True)
class Shift:
    """A rollout under load: `before` it, while the endpoint was being updated, and all requests of the load."""

    before: list[Sample]
    during: list[Sample]
    all: list[Sample]
    cause: str | None

    @property
    def failed(self) -> int:
        return sum(sample.failed for sample in self.all)


def rows(deployable: Deployable, runs: int, quiet_seconds: float) -> list[Row]:
    """`runs` of each rollout and one by 5XX, after as many `quiet_seconds` of load. The stage production serves a model already."""
    shifts: dict[str, list[Shift]] = {"a canary update": [], "a rollback by contract alarm": []}
    for number in range(runs):
        good = deployable.register(f"good-{number}")
        bad = deployable.register(f"swapped-{number}", swapped=True)
        updated = _shift(deployable, PRODUCTION, good, quiet_seconds)
        shifts["a canary update"].append(updated)
        taken_back = _shift(deployable, PRODUCTION, bad, quiet_seconds, ROLLED_BACK, "ContractFailures")
        shifts["a rollback by contract alarm"].append(taken_back)
    found = [row for name, seen in shifts.items() for row in (_failures(name, seen), _latency(name, seen))]
    return [*found, _by_errors(deployable, quiet_seconds)]


def _shift(
    deployable: Deployable, stage: str, arn: str, quiet: float, expected: int = 0, alarm: str = ""
) -> Shift:
    """Raises RuntimeError when the rollout ends in another way, or another alarm than `alarm` took it back."""
    endpoint = deployable.endpoint(stage)
    with Load(deployable.client("sagemaker-runtime"), endpoint) as load:
        time.sleep(WARM_UP_SECONDS)
        warm = time.time()
        time.sleep(quiet)
        started = time.time()
        answer = deployable.rollout(stage, arn, expected)
    cause = answer["cause"]
    if alarm not in (cause or ""):
        raise RuntimeError(f"{endpoint} was taken back by {cause!r}, expected an alarm on {alarm}")
    window = _updating(deployable, stage, started)
    return Shift(
        before=[
            sample
            for sample in load.samples
            if warm <= sample.began and sample.began + sample.seconds < started
        ],
        during=[sample for sample in load.samples if sample.overlaps(window)],
        all=load.samples,
        cause=cause,
    )


def _updating(deployable: Deployable, stage: str, started: float) -> tuple[float, float]:
    """When the stack's endpoint was being updated since `started`, rolled back included; seconds since the epoch."""
    pages: Any = deployable.client("cloudformation").get_paginator("describe_stack_events")
    times = [
        event["Timestamp"].timestamp()
        for page in pages.paginate(StackName=deployable.stack(stage))
        for event in page["StackEvents"]
        if event["ResourceType"] == "AWS::SageMaker::Endpoint" and event["Timestamp"].timestamp() >= started
    ]
    return min(times), max(times)


def _failures(name: str, shifts: list[Shift]) -> Row:
    failed = sum(shift.failed for shift in shifts)
    return Row(
        name=f"16 clients through {name}: failed requests",
        ours=f"{failed}",
        theirs=f"of {sum(len(shift.all) for shift in shifts)}",
        ratio="",
        target="0",
        passed=failed == 0,
    )


def _latency(name: str, shifts: list[Shift]) -> Row:
    during = statistics.median(p99(shift.during) for shift in shifts)
    before = statistics.median(p99(shift.before) for shift in shifts)
    return Row(
        name=f"16 clients through {name}: p99, next to before",
        ours=f"{during * 1000:.1f} ms",
        theirs=f"{before * 1000:.1f} ms",
        ratio=f"{during / before:.2f}",
        target=f"at most {SLOWER} times, or {ENOUGH_SECONDS * 1000:.0f} ms",
        passed=during <= max(SLOWER * before, ENOUGH_SECONDS),
    )


def _by_errors(deployable: Deployable, quiet: float) -> Row:
    """Requests that fail before or after the update count as well; those that succeed then do not."""
    deployable.rollout(ERRORS_ONLY, deployable.register("good-before-errors"))
    bad = deployable.register("answers-500", fault="answers-500")
    shift = _shift(deployable, ERRORS_ONLY, bad, quiet, ROLLED_BACK, "ServerErrors")
    share = shift.failed / len(shift.during)
    return Row(
        name="16 clients through a rollback by 5XX: failed requests, of those during the update",
        ours=f"{shift.failed}",
        theirs=f"of {len(shift.during)}",
        ratio=f"{share:.0%}",
        target=f"at most {CANARY_SHARE:.0%}",
        passed=0 < share <= CANARY_SHARE,
    )
