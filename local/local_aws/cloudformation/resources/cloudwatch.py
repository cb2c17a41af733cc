"""AWS::CloudWatch: alarms and dashboards."""

from __future__ import annotations

from local_aws.cloudformation.resources.base import (
    Physical,
    Properties,
    ResourceType,
    as_text,
    without,
    words,
)
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import as_list, tag_changes
from local_aws.kernel.account import ACCOUNT_ID

NAME_LENGTH = 255


def _update_tags(arn: str, old: Properties, new: Properties, context: Context) -> None:
    put, gone = tag_changes(old, new)
    if put:
        context.call("cloudwatch", "TagResource", {"ResourceARN": arn, "Tags": as_list(put)})
    if gone:
        context.call("cloudwatch", "UntagResource", {"ResourceARN": arn, "TagKeys": gone})


class Alarm(ResourceType):
    """An alarm is put under its name, again for an update."""

    name = "AWS::CloudWatch::Alarm"
    properties = words(
        "ActionsEnabled AlarmActions AlarmDescription AlarmName ComparisonOperator DatapointsToAlarm Dimensions"
        " EvaluateLowSampleCountPercentile EvaluationPeriods ExtendedStatistic InsufficientDataActions MetricName"
        " Metrics Namespace OKActions Period Statistic Tags Threshold ThresholdMetricId TreatMissingData Unit"
    )
    create_only = words("AlarmName")
    attributes = words("Arn")
    named_by = "AlarmName"
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        name = properties.get("AlarmName") or context.name(NAME_LENGTH)
        context.call("cloudwatch", "PutMetricAlarm", {**properties, "AlarmName": name})
        return Physical(name, {"Arn": context.account.arn("cloudwatch", f"alarm:{name}")})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        # Tags in a put of an alarm that exists are ignored: they have operations of their own.
        context.call("cloudwatch", "PutMetricAlarm", {**without(new, "Tags"), "AlarmName": physical_id})
        _update_tags(context.account.arn("cloudwatch", f"alarm:{physical_id}"), old, new, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("cloudwatch", "DeleteAlarms", {"AlarmNames": [physical_id]})


class Dashboard(ResourceType):
    """A dashboard."""

    name = "AWS::CloudWatch::Dashboard"
    create_only = words("DashboardName")
    properties = words("DashboardBody DashboardName Tags")
    required = words("DashboardBody")
    named_by = "DashboardName"
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        name = properties.get("DashboardName") or context.name(NAME_LENGTH)
        self._put(name, properties, context)
        return Physical(name)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        # As with alarms, tags count in the put that makes a dashboard only.
        self._put(physical_id, without(new, "Tags"), context)
        _update_tags(f"arn:aws:cloudwatch::{ACCOUNT_ID}:dashboard/{physical_id}", old, new, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("cloudwatch", "DeleteDashboards", {"DashboardNames": [physical_id]})

    @staticmethod
    def _put(name: str, properties: Properties, context: Context) -> None:
        request = {**properties, "DashboardName": name, "DashboardBody": as_text(properties["DashboardBody"])}
        context.call("cloudwatch", "PutDashboard", request)
