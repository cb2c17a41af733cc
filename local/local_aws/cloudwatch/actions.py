"""The actions of alarms when their state changes: they publish to topics. Other actions are stored and not carried out.

The message is the one of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from local_aws.cloudwatch.alarm import Alarm
from local_aws.identity.policies.policy import PolicyError
from local_aws.identity.policies.resource_policy import allows
from local_aws.kernel.account import ACCOUNT_ID, Account

log = logging.getLogger(__name__)

PRINCIPAL = "cloudwatch.amazonaws.com"
_MEMBERS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


class Actions:
    """Carries out the actions of alarms, in threads of their own."""

    def __init__(self, account: Account) -> None:
        self._account = account
        partitions = get_session().get_data("endpoints")["partitions"]
        regions = {name: each["description"] for part in partitions for name, each in part["regions"].items()}
        self._region = regions.get(account.region, account.region)

    def carry_out(self, before: Alarm, after: Alarm) -> None:
        """Tell whom it concerns that the alarm's state changed. Returns at once."""
        topics = [arn for arn in after.stated.get(_MEMBERS[after.state.value], ()) if ":sns:" in arn]
        if topics and after.stated.get("ActionsEnabled", True):
            arguments = (topics, after, message(before, after, self._region))
            threading.Thread(target=self._publish, args=arguments, name="alarm-actions", daemon=True).start()

    def _publish(self, topics: Iterable[str], alarm: Alarm, told: Mapping[str, Any]) -> None:
        subject = f'{alarm.state.value}: "{alarm.name}" in {self._region}'[:100]
        sns = self._account.client("sns")
        for topic in topics:
            try:
                policy = sns.get_topic_attributes(TopicArn=topic)["Attributes"].get("Policy")
                if not allows(
                    policy,
                    service=PRINCIPAL,
                    action="sns:Publish",
                    resource=topic,
                    facts=_condition_keys(alarm),
                ):
                    log.warning(
                        "The policy of %s does not let %s publish for %s", topic, PRINCIPAL, alarm.arn
                    )
                    continue
                sns.publish(TopicArn=topic, Subject=subject, Message=json.dumps(told))
            except (ClientError, BotoCoreError, PolicyError):
                # On AWS, too, only the alarm's history knows.
                log.warning("%s cannot be told of %s", topic, alarm.arn, exc_info=True)


def message(before: Alarm, after: Alarm, region: str) -> dict[str, Any]:
    """The message to a topic. `region` is the region's name in words."""
    stated = after.stated
    return {
        "AlarmName": after.name,
        "AlarmDescription": stated.get("AlarmDescription"),
        "AWSAccountId": ACCOUNT_ID,
        "AlarmConfigurationUpdatedTimestamp": _moment(after.configured),
        "NewStateValue": after.state.value,
        "NewStateReason": after.state.reason,
        "StateChangeTime": _moment(after.state.since),
        "Region": region,
        "AlarmArn": after.arn,
        "OldStateValue": before.state.value,
        "OKActions": stated.get("OKActions", []),
        "AlarmActions": stated.get("AlarmActions", []),
        "InsufficientDataActions": stated.get("InsufficientDataActions", []),
        "Trigger": _trigger(stated),
    }


def _trigger(stated: Mapping[str, Any]) -> dict[str, Any]:
    periods = stated["EvaluationPeriods"]
    rule = {
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": stated.get("DatapointsToAlarm", periods),
        "ComparisonOperator": stated["ComparisonOperator"],
        "Threshold": stated["Threshold"],
        "TreatMissingData": stated.get("TreatMissingData", "missing"),
        "EvaluateLowSampleCountPercentile": stated.get("EvaluateLowSampleCountPercentile", ""),
    }
    if "Metrics" in stated:
        return {"Metrics": [_query(query) for query in stated["Metrics"]], **rule}
    kind = "Statistic" if "Statistic" in stated else "ExtendedStatistic"
    return {
        "MetricName": stated["MetricName"],
        "Namespace": stated["Namespace"],
        "StatisticType": kind,
        kind: stated[kind].upper() if kind == "Statistic" else stated[kind],
        "Unit": stated.get("Unit"),
        "Dimensions": _dimensions(stated),
        "Period": stated["Period"],
        **rule,
    }


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    told = {"ReturnData": True, **query}
    if "MetricStat" in query:
        of = query["MetricStat"]
        told["MetricStat"] = {**of, "Metric": {**of["Metric"], "Dimensions": _dimensions(of["Metric"])}}
    return told


def _dimensions(stated: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"value": each["Value"], "name": each["Name"]} for each in stated.get("Dimensions") or ()]


def _condition_keys(alarm: Alarm) -> dict[str, str]:
    return {
        "aws:SourceArn": alarm.arn,
        "aws:SourceAccount": ACCOUNT_ID,
        "AWS:SourceOwner": ACCOUNT_ID,
        "aws:SecureTransport": "true",
        "aws:PrincipalIsAWSService": "true",
    }


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"
