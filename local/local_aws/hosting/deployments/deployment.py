"""An endpoint's way from its old fleets (blue) to new ones (green), and back.

Blue/green:  launch green -> [turn a step on -> bake] ..., the last of them all -> wait -> retire blue
Rolling:     [launch a batch -> turn it on -> bake -> retire as many blue] ...
Roll back:   (rolling: launch what blue lost) -> blue takes all -> retire green

A step is a number of green instances that take traffic. Nothing is retired before the traffic has left it and what it
works on is answered, so no invocation fails because of a shift. https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import zip_longest

from local_aws.hosting.deployments.policy import BlueGreen, Policy, Rolling
from local_aws.hosting.deployments.watch import Watch
from local_aws.hosting.instances.fleet import Fleet, Target
from local_aws.hosting.traffic import Route, Share, Traffic

Fleets = Mapping[str, Fleet]


@dataclass(frozen=True)
class Phase:
    """The phase of a deployment, as in the API's VariantStatus, and since when."""

    status: str
    message: str
    since: datetime = field(default_factory=lambda: datetime.now(UTC))


class Deployment:
    """One update. `run` to its end, or until it raises; then `roll_back`. `phase` may be read at any time.

    `shift` makes a Traffic the endpoint's; `entered` is called in each phase that begins once it runs.
    """

    def __init__(
        self,
        blue: Fleets,
        green: Fleets,
        policy: Policy,
        watch: Watch,
        shift: Callable[[Traffic], None],
        entered: Callable[[], None],
    ) -> None:
        self.blue = blue
        self.green = green
        self.phase = Phase("Creating", "Creating the new fleet")
        self._policy = policy
        self._watch = watch
        self._shift = shift
        self._entered = entered

    def run(self) -> None:
        """Raises HostingError where the update must not go on: a launch that failed, an alarm, the time."""
        self._entered()
        match self._policy.strategy:
            case BlueGreen() as strategy:
                self._blue_green(strategy)
            case Rolling() as strategy:
                self._rolling(strategy)

    def roll_back(self) -> None:
        """Give blue all traffic again. Raises LaunchError where it lacks instances that do not start any more."""
        strategy = self._policy.strategy
        if isinstance(strategy, Rolling):
            self._roll_back_batches(strategy)
        self._shift(all_to(self.blue))
        self._begin("Deleting", "Terminating the new fleet")
        for fleet in self.green.values():
            fleet.close()

    def _blue_green(self, strategy: BlueGreen) -> None:
        for fleet in self.green.values():
            fleet.launch(fleet.variant.count)
            self._watch.check()
        for on in self._steps(strategy):
            self._enter("ActivatingTraffic", on)
            self._shift(self._weighted_traffic(on))
            self._enter("Baking", on)
            self._watch.bake(strategy.wait_seconds)
        self._enter("Baking", self._instance_counts())
        self._watch.bake(strategy.termination_wait_seconds)
        self._retire_blue()

    def _rolling(self, strategy: Rolling) -> None:
        [(name, green)] = self.green.items()
        blue = self.blue[name]
        total, before = green.variant.count, len(blue.targets)
        batch = strategy.batch.of(total)
        while (launched := len(green.targets)) < total:
            self._enter("Creating", {name: launched})
            green.launch(min(batch, total - launched))
            launched = len(green.targets)
            kept = math.ceil(before * (total - launched) / total)
            leaving = blue.targets[kept:]
            self._enter("ActivatingTraffic", {name: launched})
            self._shift(self._shared_traffic(green.targets + blue.targets[:kept]))
            self._enter("Baking", {name: launched})
            self._watch.bake(strategy.wait_seconds)
            blue.retire(leaving)
        self._retire_blue()

    def _roll_back_batches(self, strategy: Rolling) -> None:
        [(name, green)] = self.green.items()
        blue = self.blue[name]
        total = blue.variant.count
        batch = total if strategy.rollback_batch is None else strategy.rollback_batch.of(total)
        while (missing := total - len(blue.targets)) > 0:
            self._enter("Creating", {name: len(green.targets)})
            returned = len(blue.launch(min(batch, missing)))
            leaving = green.targets[:returned]
            self._shift(self._shared_traffic(blue.targets + green.targets[returned:]))
            green.retire(leaving)

    def _retire_blue(self) -> None:
        self._begin("Deleting", "Terminating the old fleet")
        self._shift(all_to(self.green))
        for fleet in self.blue.values():
            fleet.close()

    def _steps(self, strategy: BlueGreen) -> list[dict[str, int]]:
        """The instances that take traffic, by variant: one mapping per step, the same number of steps for all."""
        totals = self._instance_counts()
        columns = [list(strategy.steps(total)) for total in totals.values()]
        rows = zip_longest(*columns)
        return [
            {name: totals[name] if on is None else on for name, on in zip(totals, row, strict=True)}
            for row in rows
        ]

    def _instance_counts(self) -> dict[str, int]:
        return {name: len(fleet.targets) for name, fleet in self.green.items()}

    def _weighted_traffic(self, on: Mapping[str, int]) -> Traffic:
        """Traffic by the part of each green fleet that is turned on; blue gets the rest."""
        routes = []
        for name, green in self.green.items():
            part = on[name] / len(green.targets)
            shares = [Share(green.targets[: on[name]], part)]
            if part < 1 and name in self.blue:
                shares.append(Share(self.blue[name].targets, 1 - part))
            routes.append(Route(name, green.variant.weight, tuple(shares)))
        return Traffic(tuple(routes))

    def _shared_traffic(self, targets: tuple[Target, ...]) -> Traffic:
        """Traffic to instances of both fleets alike: a rolling update has one variant."""
        [(name, green)] = self.green.items()
        return Traffic((Route.to(name, green.variant.weight, targets),))

    def _enter(self, status: str, on: Mapping[str, int]) -> None:
        totals = {name: fleet.variant.count for name, fleet in self.green.items()}
        parts = (f"{on[name]} of {total} instances of {name}" for name, total in totals.items())
        self._begin(status, f"New fleet: {', '.join(parts)} take traffic")

    def _begin(self, status: str, message: str) -> None:
        self.phase = Phase(status, message)
        self._entered()


def all_to(fleets: Fleets) -> Traffic:
    """The traffic of an endpoint that is not being updated."""
    return Traffic(
        tuple(Route.to(name, fleet.variant.weight, fleet.targets) for name, fleet in fleets.items())
    )
