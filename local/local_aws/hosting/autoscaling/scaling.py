"""Autoscaling of endpoint variants, as it is registered with Application Auto Scaling.

`scalable_targets` keeps targets and policies; this thread acts on them, through the API like the real service. Embedded are,
on sagemaker:variant:DesiredInstanceCount:

- target tracking of the metric SageMakerVariantInvocationsPerInstance. It is per minute, so what came in over a window that
  LOCAL_AWS_TIME_SCALE shrinks is counted as the rate that it is
- target tracking of a metric that the policy names, such as an asynchronous endpoint's backlog for each instance
- steps (ChangeInCapacity), while an alarm is in ALARM that has the policy among its actions

Out: the rate of 3 minutes is above the target. In: that of 15 minutes is below 90% of it. Both move the count in
proportion, within the registered limits, and then wait their cooldown.
https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.hosting.metrics import NAMESPACE
from local_aws.kernel.account import Account

log = logging.getLogger(__name__)

METRIC = "SageMakerVariantInvocationsPerInstance"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"

OUT_SECONDS = 3 * 60
IN_SECONDS = 15 * 60
IN_SHARE = 0.9
DEFAULT_COOLDOWN = 300
LOOK_SECONDS = 10.0
SHORTEST_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Tracking:
    """A target tracking policy of one variant. Cooldowns in seconds as stated, not scaled.

    `metric` is the namespace, name and dimensions of one that the policy names; None: invocations for each instance.
    """

    endpoint: str
    variant: str
    least: int
    most: int
    target: float
    out_cooldown: int
    in_cooldown: int
    may_scale_in: bool
    metric: tuple[str, str, tuple[tuple[str, str], ...]] | None = None

    def wanted(self, current: int, out_rate: float, in_rate: float | None) -> int:
        """How many instances the rates (invocations per minute and instance) ask for.

        `in_rate` is None while the variant has not been watched for as long as scaling in takes.
        """
        wanted = current
        if out_rate > self.target:
            wanted = math.ceil(current * out_rate / self.target)
        elif self.may_scale_in and in_rate is not None and in_rate < self.target * IN_SHARE:
            wanted = math.ceil(current * in_rate / self.target)
        return min(max(wanted, self.least), self.most)


@dataclass(frozen=True)
class Steps:
    """A step scaling policy of one variant: by how much an alarm changes its count, for breaches from `bound` on."""

    endpoint: str
    variant: str
    least: int
    most: int
    arn: str
    cooldown: int
    steps: tuple[tuple[float, int], ...]

    def wanted(self, current: int, breach: float) -> int:
        """How many instances a metric that is `breach` above its threshold asks for."""
        changes = [change for bound, change in self.steps if breach >= bound]
        return min(max(current + (changes[-1] if changes else 0), self.least), self.most)


class Scaling:
    """Scales every registered variant until it is closed."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._scale = account.time_scale
        self._quiet_until: dict[tuple[str, str], float] = {}
        self._watched_since: dict[Tracking, float] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="autoscaling", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the scaling."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(max(LOOK_SECONDS * self._scale, SHORTEST_LOOK_SECONDS)):
            try:
                policies = list(self._policies())
                trackings = [policy for policy in policies if isinstance(policy, Tracking)]
                self._watched_since = {
                    tracking: self._watched_since.get(tracking, time.monotonic()) for tracking in trackings
                }
                for policy in policies:
                    if isinstance(policy, Tracking):
                        self._track(policy)
                    else:
                        self._carry_out_steps(policy)
            except (ClientError, BotoCoreError):
                log.warning("Autoscaling could not look at its targets", exc_info=True)

    def _policies(self) -> Iterator[Tracking | Steps]:
        client = self._account.client("application-autoscaling")
        targets = client.describe_scalable_targets(ServiceNamespace="sagemaker", ScalableDimension=DIMENSION)
        for target in targets["ScalableTargets"]:
            policies = client.describe_scaling_policies(
                ServiceNamespace="sagemaker", ResourceId=target["ResourceId"], ScalableDimension=DIMENSION
            )
            for policy in policies["ScalingPolicies"]:
                if found := _tracking(target, policy) or _steps(target, policy):
                    yield found

    def _track(self, tracking: Tracking) -> None:
        sagemaker = self._account.client("sagemaker")
        key = tracking.endpoint, tracking.variant
        now = time.monotonic()
        current = _current(sagemaker, tracking)
        if current is None or now < self._quiet_until.get(key, 0):
            return
        watched = now - self._watched_since[tracking] >= IN_SECONDS * self._scale
        look = self._rate if tracking.metric is None else self._average
        recent = look(tracking, OUT_SECONDS)
        if recent is None:
            return
        wanted = tracking.wanted(current, recent, look(tracking, IN_SECONDS) if watched else None)
        if wanted == current:
            return
        self._quiet_until[key] = (
            now + (tracking.out_cooldown if wanted > current else tracking.in_cooldown) * self._scale
        )
        _resize(sagemaker, tracking, wanted)

    def _carry_out_steps(self, steps: Steps) -> None:
        """Carry the policy out while an alarm that names it is in ALARM."""
        sagemaker = self._account.client("sagemaker")
        key = steps.endpoint, steps.variant
        current = _current(sagemaker, steps)
        if current is None or time.monotonic() < self._quiet_until.get(key, 0):
            return
        alarms = self._account.client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]
        if not any(steps.arn in alarm.get("AlarmActions", ()) for alarm in alarms):
            return
        # At its threshold: by how much the metric is above it, the alarm does not tell.
        wanted = steps.wanted(current, 0.0)
        if wanted != current:
            self._quiet_until[key] = time.monotonic() + steps.cooldown * self._scale
            _resize(sagemaker, steps, wanted)

    def _average(self, tracking: Tracking, seconds: float) -> float | None:
        """The mean of the policy's own metric over the last `seconds`, scaled; None where it has no figure."""
        assert tracking.metric is not None
        namespace, name, dimensions = tracking.metric
        end = datetime.now(UTC)
        answer = self._account.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions],
            StartTime=end - timedelta(seconds=max(2, math.ceil(seconds * self._scale))),
            EndTime=end,
            Period=1,
            Statistics=["Average"],
        )
        points = [float(point["Average"]) for point in answer["Datapoints"]]
        return sum(points) / len(points) if points else None

    def _rate(self, tracking: Tracking, seconds: float) -> float:
        """Invocations per minute and instance over the last `seconds`, scaled, but two seconds at least."""
        window = max(2, math.ceil(seconds * self._scale))
        end = datetime.now(UTC)
        answer = self._account.client("cloudwatch").get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName="InvocationsPerInstance",
            Dimensions=[
                {"Name": "EndpointName", "Value": tracking.endpoint},
                {"Name": "VariantName", "Value": tracking.variant},
            ],
            StartTime=end - timedelta(seconds=window),
            EndTime=end,
            Period=1,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in answer["Datapoints"])) * 60 / window


def _tracking(target: Mapping[str, Any], policy: Mapping[str, Any]) -> Tracking | None:
    stated = policy.get("TargetTrackingScalingPolicyConfiguration", {})
    metric = stated.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
    own = stated.get("CustomizedMetricSpecification") or {}
    match target["ResourceId"].split("/"):
        case ["endpoint", endpoint, "variant", variant] if metric == METRIC or "MetricName" in own:
            return Tracking(
                endpoint=endpoint,
                variant=variant,
                least=target["MinCapacity"],
                most=target["MaxCapacity"],
                target=stated["TargetValue"],
                out_cooldown=stated.get("ScaleOutCooldown", DEFAULT_COOLDOWN),
                in_cooldown=stated.get("ScaleInCooldown", DEFAULT_COOLDOWN),
                may_scale_in=not stated.get("DisableScaleIn", False),
                metric=_custom_metric(own) if own else None,
            )
    return None


def _custom_metric(own: Mapping[str, Any]) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    dimensions = tuple((each["Name"], each["Value"]) for each in own.get("Dimensions", ()))
    return own["Namespace"], own["MetricName"], dimensions


def _steps(target: Mapping[str, Any], policy: Mapping[str, Any]) -> Steps | None:
    stated = policy.get("StepScalingPolicyConfiguration", {})
    match target["ResourceId"].split("/"):
        case ["endpoint", endpoint, "variant", variant] if stated.get("AdjustmentType") == "ChangeInCapacity":
            steps = sorted(
                (float(step.get("MetricIntervalLowerBound", 0)), int(step["ScalingAdjustment"]))
                for step in stated.get("StepAdjustments", ())
            )
            return Steps(
                endpoint=endpoint,
                variant=variant,
                least=target["MinCapacity"],
                most=target["MaxCapacity"],
                arn=policy["PolicyARN"],
                cooldown=stated.get("Cooldown", DEFAULT_COOLDOWN),
                steps=tuple(steps),
            )
    return None


def _resize(sagemaker: Any, policy: Tracking | Steps, wanted: int) -> None:
    stated = {"VariantName": policy.variant, "DesiredInstanceCount": wanted}
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=policy.endpoint, DesiredWeightsAndCapacities=[stated]
    )


def _current(sagemaker: Any, tracking: Tracking | Steps) -> int | None:
    """The variant's instances; None where the endpoint is gone or being changed."""
    try:
        endpoint = sagemaker.describe_endpoint(EndpointName=tracking.endpoint)
    except ClientError:
        return None
    if endpoint["EndpointStatus"] != "InService":
        return None
    for variant in endpoint["ProductionVariants"]:
        if variant["VariantName"] == tracking.variant:
            count: int = variant["DesiredInstanceCount"]
            return count
    return None
