"""Alarms as clients put and see them. The evaluator sets their states."""

from __future__ import annotations

import operator
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from local_aws.cloudwatch.actions import Actions
from local_aws.cloudwatch.alarm import Alarm, State
from local_aws.cloudwatch.expressions import Expression, ExpressionError
from local_aws.cloudwatch.paging import token_error
from local_aws.cloudwatch.series import is_statistic
from local_aws.cloudwatch.tags import Tags
from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError

MAXIMUM_RECORDS = 50
"""Of one DescribeAlarms, where the request does not say."""

COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
"""Whether a value breaches a threshold, and the words for it, by ComparisonOperator."""

_NOT_EMBEDDED = ("EvaluationCriteria", "EvaluationWindow", "ThresholdMetricId", "WarmUpConfiguration")
_TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")


class Alarms:
    """PutMetricAlarm, DescribeAlarms, SetAlarmState, DeleteAlarms."""

    def __init__(self, account: Account, tags: Tags) -> None:
        self._account = account
        self._alarms: dict[str, Alarm] = {}
        self._tags = tags
        self._actions = Actions(account)
        self._lock = threading.Lock()

    def put_metric_alarm(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create an alarm or replace its definition.

        Raises ValidationError. Source: Amazon CloudWatch API reference, PutMetricAlarm.
        """
        _check(request)
        return self._put(request)

    def describe_alarms(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe alarms, filtered as the request says, one page at a time.

        Raises ValidationException. Source: Amazon CloudWatch API reference, DescribeAlarms.
        """
        alarms = sorted(self.all(), key=lambda alarm: alarm.name)
        chosen = [alarm for alarm in alarms if _matches(alarm, request)]
        asked = {**request, "MaxResults": request.get("MaxRecords")}
        with token_error("InvalidNextToken"):
            shown, token = page(chosen, asked, key=lambda alarm: alarm.name, default=MAXIMUM_RECORDS)
        answer = {
            "MetricAlarms": [alarm.described() for alarm in shown],
            "CompositeAlarms": [],
        }
        return paged(answer, token)

    def set_alarm_state(self, request: dict[str, Any]) -> dict[str, Any]:
        """Set the state of an alarm until the next evaluation.

        Raises ResourceNotFound. Source: Amazon CloudWatch API reference, SetAlarmState.
        """
        state = State(
            request["StateValue"],
            request["StateReason"],
            datetime.now(UTC),
            data=request.get("StateReasonData"),
            by_hand=time.monotonic(),
        )
        with self._lock:
            alarm = self._alarms.get(request["AlarmName"])
            if alarm is None:
                raise ServiceError("ResourceNotFound", f"There is no alarm {request['AlarmName']}.", 404)
            after = self._alarms[alarm.name] = replace(alarm, state=state)
        self._changed(alarm, after)
        return {}

    def delete_alarms(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete alarms and their tags. Unknown names are ignored.

        Source: Amazon CloudWatch API reference, DeleteAlarms.
        """
        with self._lock:
            for name in request["AlarmNames"]:
                if alarm := self._alarms.pop(name, None):
                    self._tags.drop(alarm.arn)
        return {}

    def all(self) -> list[Alarm]:
        """All alarms."""
        with self._lock:
            return list(self._alarms.values())

    def transition(self, alarm: Alarm, state: State) -> None:
        """Set an alarm's state, unless it was deleted, or set by hand, since `alarm` was looked at."""
        with self._lock:
            now = self._alarms.get(alarm.name)
            if now is None or now.state is not alarm.state:
                return
            after = self._alarms[alarm.name] = replace(now, state=state)
        self._changed(now, after)

    def _changed(self, before: Alarm, after: Alarm) -> None:
        if before.state.value != after.state.value:
            self._actions.carry_out(before, after)

    def _put(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request["AlarmName"]
        now = datetime.now(UTC)
        stated = {member: value for member, value in request.items() if member != "Tags"}
        arn = self._account.arn("cloudwatch", f"alarm:{name}")
        fresh = State("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation", now)
        with self._lock:
            before = self._alarms.get(name)
            # An update leaves the state as it is, until the next evaluation, and the tags for good.
            state = fresh if before is None else before.state
            self._alarms[name] = Alarm(arn, now, stated, state)
            self._tags.keep(arn, request.get("Tags"))
        return {}


def _matches(alarm: Alarm, request: Mapping[str, Any]) -> bool:
    if "MetricAlarm" not in request.get("AlarmTypes", ["MetricAlarm"]):
        return False
    if "AlarmNames" in request and alarm.name not in request["AlarmNames"]:
        return False
    if not alarm.name.startswith(request.get("AlarmNamePrefix", "")):
        return False
    return bool(request.get("StateValue", alarm.state.value) == alarm.state.value)


def _check(request: Mapping[str, Any]) -> None:
    """Refuse an alarm that CloudWatch refuses, or that the evaluator could not evaluate."""
    for member in _NOT_EMBEDDED:
        if member in request:
            raise _invalid(f"{member} is not embedded. Use Threshold with Period and EvaluationPeriods.")
    for member in ("EvaluationPeriods", "ComparisonOperator", "Threshold"):
        if member not in request:
            raise _invalid(f"The parameter {member} is required.")
    if request["ComparisonOperator"] not in COMPARISONS:
        raise _invalid(f"{request['ComparisonOperator']} is not embedded. Use {', '.join(COMPARISONS)}.")
    if request.get("TreatMissingData", "missing") not in _TREATMENTS:
        raise _invalid(f"TreatMissingData must be one of {', '.join(_TREATMENTS)}.")
    if request.get("DatapointsToAlarm", 1) > request["EvaluationPeriods"]:
        raise _invalid("DatapointsToAlarm must not be greater than EvaluationPeriods.")
    if ("MetricName" in request) == ("Metrics" in request):
        raise _invalid("Exactly one of MetricName and Metrics must be specified.")
    if "Metrics" in request:
        _check_queries(request["Metrics"])
    else:
        _check_metric(request)


def _check_metric(request: Mapping[str, Any]) -> None:
    for member in ("Namespace", "Period"):
        if member not in request:
            raise _invalid(f"The parameter {member} is required.")
    if ("Statistic" in request) == ("ExtendedStatistic" in request):
        raise _invalid("Exactly one of Statistic and ExtendedStatistic must be specified.")
    _check_statistic(request.get("Statistic") or request["ExtendedStatistic"])


def _check_queries(queries: list[Mapping[str, Any]]) -> None:
    returned = [query["Id"] for query in queries if query.get("ReturnData", True)]
    if len(returned) != 1:
        raise _invalid(f"Exactly one of Metrics must return data; these do: {', '.join(returned) or 'none'}.")
    if not any("MetricStat" in query for query in queries):
        raise _invalid("At least one of Metrics must have a MetricStat.")
    ids = {query["Id"] for query in queries}
    for query in queries:
        if "MetricStat" in query:
            _check_statistic(query["MetricStat"]["Stat"])
            continue
        try:
            expression = Expression.parse(query.get("Expression", ""))
        except ExpressionError as error:
            raise _invalid(str(error)) from error
        if unknown := expression.names - ids:
            raise _invalid(f"The expression of {query['Id']} uses unknown ids: {', '.join(sorted(unknown))}.")


def _check_statistic(name: str) -> None:
    if not is_statistic(name):
        raise _invalid(
            f"The statistic {name} is not embedded. Use SampleCount, Sum, Average, Minimum, Maximum or a "
            "percentile such as p99."
        )


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)
