"""Autoscaling of endpoint variants by target tracking, as it is registered with Application Auto Scaling.

`scalable_targets` keeps them; this thread acts on them, through the API like the real service. Embedded is the
metric SageMakerVariantInvocationsPerInstance on sagemaker:variant:DesiredInstanceCount. It is per minute, so what came in
over a window that LOCAL_AWS_TIME_SCALE shrinks is counted as the rate that it is.

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
    """A target tracking policy of one variant. Cooldowns in seconds as stated, not scaled."""

    endpoint: str
    variant: str
    least: int
    most: int
    target: float
    out_cooldown: int
    in_cooldown: int
    may_scale_in: bool

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
                trackings = list(self._trackings())
                self._watched_since = {
                    tracking: self._watched_since.get(tracking, time.monotonic()) for tracking in trackings
                }
                for tracking in trackings:
                    self._follow(tracking)
            except (ClientError, BotoCoreError):
                log.warning("Autoscaling could not look at its targets", exc_info=True)

    def _trackings(self) -> Iterator[Tracking]:
        client = self._account.client("application-autoscaling")
        targets = client.describe_scalable_targets(ServiceNamespace="sagemaker", ScalableDimension=DIMENSION)
        for target in targets["ScalableTargets"]:
            policies = client.describe_scaling_policies(
                ServiceNamespace="sagemaker", ResourceId=target["ResourceId"], ScalableDimension=DIMENSION
            )
            for policy in policies["ScalingPolicies"]:
                if tracking := _tracking(target, policy):
                    yield tracking

    def _follow(self, tracking: Tracking) -> None:
        sagemaker = self._account.client("sagemaker")
        key = tracking.endpoint, tracking.variant
        now = time.monotonic()
        current = _current(sagemaker, tracking)
        if current is None or now < self._quiet_until.get(key, 0):
            return
        watched = now - self._watched_since[tracking] >= IN_SECONDS * self._scale
        wanted = tracking.wanted(
            current,
            self._rate(tracking, OUT_SECONDS),
            self._rate(tracking, IN_SECONDS) if watched else None,
        )
        if wanted == current:
            return
        cooldown = tracking.out_cooldown if wanted > current else tracking.in_cooldown
        self._quiet_until[key] = now + cooldown * self._scale
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=tracking.endpoint,
            DesiredWeightsAndCapacities=[
                {"VariantName": tracking.variant, "DesiredInstanceCount": wanted},
            ],
        )

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
    match target["ResourceId"].split("/"):
        case ["endpoint", endpoint, "variant", variant] if metric == METRIC:
            return Tracking(
                endpoint=endpoint,
                variant=variant,
                least=target["MinCapacity"],
                most=target["MaxCapacity"],
                target=stated["TargetValue"],
                out_cooldown=stated.get("ScaleOutCooldown", DEFAULT_COOLDOWN),
                in_cooldown=stated.get("ScaleInCooldown", DEFAULT_COOLDOWN),
                may_scale_in=not stated.get("DisableScaleIn", False),
            )
    return None


def _current(sagemaker: Any, tracking: Tracking) -> int | None:
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
