"""Alarms on the server `quick`, whose periods are a hundredth of what they say."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from local_aws.cloudwatch.alarm import Alarm, State
from local_aws.cloudwatch.evaluator import judge
from local_aws.cloudwatch.expressions import Expression, ExpressionError

_numbers = itertools.count(1)


@pytest.fixture
def cloudwatch(quick):
    return quick.clients.client("cloudwatch")


@pytest.fixture
def metric():
    """A metric that no other test uses."""
    return f"Metric{next(_numbers)}"


@pytest.fixture
def put(cloudwatch, metric):
    """Put an alarm on the test's metric (Sum over 60 s, 10 or more); returns its name."""
    names = []

    def put(**changes):
        stated = {
            "AlarmName": f"alarm-{metric}-{len(names)}",
            "Namespace": "Test",
            "MetricName": metric,
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 10,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            **changes,
        }
        cloudwatch.put_metric_alarm(**{name: value for name, value in stated.items() if value is not None})
        names.append(stated["AlarmName"])
        return stated["AlarmName"]

    yield put
    cloudwatch.delete_alarms(AlarmNames=names)


@pytest.fixture
def state(cloudwatch):
    def state(name):
        [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return alarm["StateValue"]

    return state


@pytest.fixture
def publish(cloudwatch, metric):
    def publish(value, name=metric):
        cloudwatch.put_metric_data(Namespace="Test", MetricData=[{"MetricName": name, "Value": value}])

    return publish


def test_a_new_alarm_has_insufficient_data(cloudwatch, put):
    name = put(AlarmDescription="a test", Tags=[{"Key": "stage", "Value": "test"}])
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (alarm["StateValue"], alarm["AlarmDescription"]) == ("INSUFFICIENT_DATA", "a test")
    assert alarm["AlarmArn"] == f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}"
    tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "stage", "Value": "test"}]


def test_an_alarm_goes_off_and_recovers(cloudwatch, put, publish, state, eventually):
    name = put(TreatMissingData="notBreaching")
    eventually(lambda: state(name) == "OK")
    publish(10)
    eventually(lambda: state(name) == "ALARM")
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (
        "Threshold Crossed: 1 out of the last 1 datapoints [10.0] was greater than or equal to"
        in alarm["StateReason"]
    )
    assert json.loads(alarm["StateReasonData"])["threshold"] == 10
    eventually(lambda: state(name) == "OK")


def test_a_percentile_alarm_sees_the_slowest(cloudwatch, put, metric, state, eventually):
    slowest = put(Statistic=None, ExtendedStatistic="p99", Threshold=1_000, Period=300)
    middle = put(Statistic=None, ExtendedStatistic="p50", Threshold=1_000, Period=300)
    data = [{"MetricName": metric, "Values": [10.0, 2_000.0], "Counts": [98.0, 2.0]}]
    cloudwatch.put_metric_data(Namespace="Test", MetricData=data)
    eventually(lambda: (state(slowest), state(middle)) == ("ALARM", "OK"))


def test_an_alarm_on_a_rate_of_two_metrics(cloudwatch, put, metric, publish, state, eventually):
    def query(id_, name):
        stat = {"Metric": {"Namespace": "Test", "MetricName": name}, "Period": 300, "Stat": "Sum"}
        return {"Id": id_, "MetricStat": stat, "ReturnData": False}

    nothing = dict.fromkeys(["Namespace", "MetricName", "Statistic", "Period"])
    rate = {"Id": "rate", "Expression": "100 * FILL(errors, 0) / calls", "ReturnData": True}
    queries = [query("errors", f"{metric}E"), query("calls", f"{metric}C"), rate]
    name = put(**nothing, Metrics=queries, Threshold=25, TreatMissingData="notBreaching")
    publish(8, f"{metric}C")
    eventually(lambda: state(name) == "OK")
    publish(2, f"{metric}E")
    eventually(lambda: state(name) == "ALARM")


def test_a_state_set_by_hand_lasts_for_a_period(cloudwatch, put, state, eventually):
    name = put(TreatMissingData="notBreaching", Period=120)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="try it")
    assert state(name) == "ALARM"
    eventually(lambda: state(name) == "OK")


def test_a_composite_alarm_is_refused_by_name(cloudwatch):
    with pytest.raises(ClientError, match="PutCompositeAlarm"):
        cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(one)")


def test_an_update_keeps_the_state(cloudwatch, put, state):
    name = put(Period=3_600)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="try it")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Test",
        MetricName="Other",
        Statistic="Sum",
        Period=3_600,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    assert state(name) == "ALARM"


def test_a_deleted_alarm_is_gone(cloudwatch, put):
    name = put()
    cloudwatch.delete_alarms(AlarmNames=[name])
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []
    with pytest.raises(ClientError, match="There is no alarm"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="try it")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Statistic": None}, "Exactly one of Statistic and ExtendedStatistic"),
        ({"Statistic": None, "ExtendedStatistic": "tm90"}, "The statistic tm90 is not embedded"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm must not be greater"),
        ({"TreatMissingData": "guess"}, "TreatMissingData must be one of"),
        ({"MetricName": None}, "Exactly one of MetricName and Metrics"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "GreaterThanUpperThreshold is not embedded"),
        ({"Threshold": None}, "The parameter Threshold is required"),
    ],
)
def test_an_alarm_that_could_not_be_evaluated_is_refused(put, changes, words):
    with pytest.raises(ClientError, match=words):
        put(**changes)


def alarm(needed=2, periods=3, missing="missing", before="OK"):
    stated = {
        "AlarmName": "a",
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": needed,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": missing,
    }
    now = datetime.now(UTC)
    return Alarm("arn", now, stated, State(before, "before", now))


@pytest.mark.parametrize(
    ("points", "missing", "value"),
    [
        ([6, 6, 1], "missing", "ALARM"),
        ([6, 5, 5], "missing", "OK"),  # the threshold itself does not breach
        ([None, None, None], "missing", "INSUFFICIENT_DATA"),
        ([None, None, None], "notBreaching", "OK"),
        ([None, None, None], "breaching", "ALARM"),
        ([6, None, 1], "missing", "OK"),
        ([6, None, 1], "breaching", "ALARM"),
        ([6, None, 6], "ignore", "ALARM"),
    ],
)
def test_m_of_n_datapoints_decide(points, missing, value):
    assert judge(alarm(missing=missing), points).value == value


def test_ignored_data_leaves_the_state():
    before = alarm(missing="ignore", before="ALARM")
    assert judge(before, [None, None, None]) is before.state


def test_without_datapoints_to_alarm_all_periods_have_to_breach():
    stated = {name: value for name, value in alarm().stated.items() if name != "DatapointsToAlarm"}
    whole = replace(alarm(), stated=stated)
    assert judge(whole, [6, 6, 1]).value == "OK"
    assert judge(whole, [6, 6, 6]).value == "ALARM"


@pytest.mark.parametrize(
    ("text", "values", "result"),
    [
        ("errors / calls * 100", {"errors": 1.0, "calls": 4.0}, 25.0),
        ("-(a - 2) + 0.5", {"a": 1.0}, 1.5),
        ("errors / calls", {"errors": 1.0, "calls": 0.0}, None),
        ("errors / calls", {"errors": None, "calls": 4.0}, None),
        ("FILL(errors, 0) / calls", {"errors": None, "calls": 4.0}, 0.0),
    ],
)
def test_metric_math(text, values, result):
    assert Expression.parse(text).value(values) == result


@pytest.mark.parametrize(
    "text", ["", "a +", "a ** 2", "SUM(METRICS())", "a.b", "__import__('os')", "'a'", "FILL(a, b)"]
)
def test_other_expressions_are_refused(text):
    with pytest.raises(ExpressionError, match="Error in expression"):
        Expression.parse(text)


def test_an_expression_needs_its_metrics():
    with pytest.raises(ExpressionError, match="no metric has the id b"):
        Expression.parse("a + b").value({"a": 1.0})
