"""The alarms of an endpoint, on the metrics that SageMaker sends and on the one that a rollout sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from model_deploy.core.plan.deployment import (
    CONTRACT_FAILURES,
    METRICS,
    UNWATCHED,
    VARIANT,
    WATCHED,
    Deployment,
)
from model_deploy.stage import Alarms


@dataclass(frozen=True)
class _Measure:
    """A metric with an alarm. `threshold` is in the metric's unit."""

    name: str
    words: str
    metric: str
    threshold: float
    statistic: str
    by_variant: bool = True


def add(stack: cdk.Stack, deployment: Deployment) -> list[cloudwatch.CfnAlarm]:
    """Add an alarm to the stack for each threshold of the stage; returns those that roll an update back."""
    alarms = deployment.stage.alarms
    if alarms is None:
        return []
    made = {measure.name: _alarm(stack, deployment, alarms, measure) for measure in _measures(alarms)}
    if not alarms.rollback:
        return []
    made[UNWATCHED] = _unwatched(stack, deployment)
    return [alarm for name, alarm in made.items() if name not in deployment.excused_alarms]


def _measures(alarms: Alarms) -> Iterator[_Measure]:
    # The two error metrics are 1 or 0 for each request, so their average is the share of requests.
    if (percent := alarms.invocation_5xx_percent) is not None:
        words = f"At least {percent:g}% of the requests failed in the model (5XX)"
        yield _Measure("ServerErrors", words, "Invocation5XXErrors", percent / 100, "Average")
    if (percent := alarms.invocation_4xx_percent) is not None:
        words = f"The model refused at least {percent:g}% of the requests (4XX)"
        yield _Measure("ClientErrors", words, "Invocation4XXErrors", percent / 100, "Average")
    if (milliseconds := alarms.latency_p99_ms) is not None:
        words = f"The slowest hundredth of the requests took the model at least {milliseconds:g} ms"
        yield _Measure("Latency", words, "ModelLatency", milliseconds * 1000, "p99")  # in microseconds
    if (failures := alarms.contract_failures) is not None:
        words = f"At least {failures} of the cases in checks/ failed during a rollout"
        yield _Measure("ContractFailures", words, CONTRACT_FAILURES, failures, "Sum", by_variant=False)


def _alarm(
    stack: cdk.Stack, deployment: Deployment, alarms: Alarms, measure: _Measure
) -> cloudwatch.CfnAlarm:
    # The endpoint by its name, not by reference: it references its alarms.
    dimensions = {"EndpointName": deployment.endpoint_name}
    if measure.by_variant:
        dimensions["VariantName"] = VARIANT
    percentile = measure.statistic.startswith("p")
    return cloudwatch.CfnAlarm(
        stack,
        measure.name,
        alarm_name=f"{deployment.endpoint_name}-{measure.name}",
        alarm_description=f"{measure.words}, {alarms.evaluation_periods} times {alarms.period_seconds} s in a row.",
        namespace="AWS/SageMaker" if measure.by_variant else METRICS,
        metric_name=measure.metric,
        dimensions=[
            cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value)
            for name, value in dimensions.items()
        ],
        statistic=None if percentile else measure.statistic,
        extended_statistic=measure.statistic if percentile else None,
        period=alarms.period_seconds,
        evaluation_periods=alarms.evaluation_periods,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=measure.threshold,
        # Missing data is OK: an endpoint without traffic must not roll back.
        treat_missing_data="notBreaching",
        alarm_actions=list(alarms.notify) or None,
    )


def _unwatched(stack: cdk.Stack, deployment: Deployment) -> cloudwatch.CfnAlarm:
    """An alarm that is OK only while a rollout watches. It has no actions: between rollouts it is always in ALARM.

    Missing data breaches, so SageMaker rolls back an update that no command watches. The data has to be missing for
    whole periods; in that time a command can be run again. CloudWatch looks a few periods further back before it
    counts a period as missing. Source: "Configuring how CloudWatch alarms treat missing data".
    """
    periods = deployment.stage.unwatched_minutes
    return cloudwatch.CfnAlarm(
        stack,
        UNWATCHED,
        alarm_name=f"{deployment.endpoint_name}-{UNWATCHED}",
        alarm_description="No rollout watches. An update goes back then; at any other time this alarm means nothing.",
        namespace=METRICS,
        metric_name=WATCHED,
        dimensions=[
            cloudwatch.CfnAlarm.DimensionProperty(name="EndpointName", value=deployment.endpoint_name)
        ],
        statistic="Sum",
        period=60,
        evaluation_periods=periods,
        comparison_operator="LessThanThreshold",
        threshold=1,
        treat_missing_data="breaching",
    )
