"""CloudWatch's documented handling of units, start times, pages and wrong requests."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from local_aws.cloudwatch.metrics import Metrics
from local_aws.cloudwatch.series import Metric, MetricStore, Sample

NOW = datetime.now(UTC).replace(microsecond=0)
_numbers = itertools.count(1)


@pytest.fixture
def cloudwatch(aws):
    return aws.client("cloudwatch")


@pytest.fixture
def namespace():
    return f"Statistics{next(_numbers)}"


def put(cloudwatch, namespace, *data):
    cloudwatch.put_metric_data(
        Namespace=namespace, MetricData=[{"MetricName": "m", "Timestamp": NOW, **each} for each in data]
    )


def statistics(cloudwatch, namespace, **changes):
    request = {
        "Namespace": namespace,
        "MetricName": "m",
        "StartTime": NOW - timedelta(minutes=2),
        "EndTime": NOW + timedelta(minutes=2),
        "Period": 300,
        "Statistics": ["SampleCount"],
    }
    return cloudwatch.get_metric_statistics(**{**request, **changes})["Datapoints"]


def data(cloudwatch, *queries, **changes):
    span = {"StartTime": NOW - timedelta(minutes=2), "EndTime": NOW + timedelta(minutes=2)}
    return cloudwatch.get_metric_data(MetricDataQueries=list(queries), **{**span, **changes})


def metric_stat(namespace, **changes):
    metric = {"Namespace": namespace, "MetricName": "m"}
    return {"Metric": metric, "Period": 60, "Stat": "Sum", **changes}


def code_of(call, *arguments, **named):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return caught.value.response["Error"]["Code"]


def test_a_unit_chooses_the_samples_that_were_published_with_it(cloudwatch, namespace):
    put(cloudwatch, namespace, {"Value": 1, "Unit": "Seconds"}, {"Value": 2, "Unit": "Count"})
    assert [point["SampleCount"] for point in statistics(cloudwatch, namespace, Unit="Seconds")] == [1]
    [result] = data(cloudwatch, {"Id": "a", "MetricStat": metric_stat(namespace, Unit="Count")})[
        "MetricDataResults"
    ]
    assert result["Values"] == [2]


def test_without_a_unit_every_unit_has_datapoints_of_its_own(cloudwatch, namespace):
    put(cloudwatch, namespace, {"Value": 1, "Unit": "Seconds"}, {"Value": 2, "Unit": "Count"})
    points = statistics(cloudwatch, namespace, Statistics=["Sum"])
    assert {point["Unit"]: point["Sum"] for point in points} == {"Seconds": 1, "Count": 2}


@pytest.mark.parametrize(
    ("period", "second", "counted"), [(60, 40, True), (300, 40, True), (30, 40, False), (30, 20, True)]
)
def test_the_start_is_rounded_down_to_the_minute_or_to_a_short_period(
    cloudwatch, namespace, period, second, counted
):
    sample = (NOW - timedelta(minutes=2)).replace(second=10)
    put(cloudwatch, namespace, {"Value": 1, "Timestamp": sample})
    found = statistics(cloudwatch, namespace, StartTime=sample.replace(second=second), Period=period)
    assert bool(found) == counted


def test_the_start_of_old_data_is_rounded_to_five_minutes():
    """Data of that age was put when it was new."""
    sample = (NOW - timedelta(days=20)).replace(minute=11)
    store = MetricStore()
    store.put(Metric("n", "m", frozenset()), Sample.of(sample.timestamp(), {1.0: 1.0}))
    later = sample.replace(minute=13)
    request = {"Namespace": "n", "MetricName": "m", "Period": 60, "Statistics": ["Sum"]}
    span = {"StartTime": later, "EndTime": later + timedelta(minutes=9)}
    assert Metrics(store).get_metric_statistics(request | span)["Datapoints"]


def test_a_start_that_is_not_before_the_end_is_refused(cloudwatch, namespace):
    turned = {"StartTime": NOW, "EndTime": NOW - timedelta(minutes=5)}
    assert code_of(statistics, cloudwatch, namespace, **turned) == "InvalidParameterValue"
    query = {"Id": "a", "MetricStat": metric_stat(namespace)}
    assert code_of(data, cloudwatch, query, **turned) == "ValidationError"


@pytest.mark.parametrize(
    "queries",
    [
        [{"Id": "a"}],
        [{"Id": "a", "Expression": "b", "MetricStat": metric_stat("n")}],
        [{"Id": "a", "MetricStat": metric_stat("n")}, {"Id": "a", "MetricStat": metric_stat("n")}],
        [{"Id": "a", "Expression": "b + 1"}],
        [{"Id": "a", "MetricStat": metric_stat("n"), "ReturnData": False}],
        [{"Id": "a", "MetricStat": metric_stat("n", Stat="Median")}],
        [{"Id": "a", "MetricStat": metric_stat("n", Period=70)}],
    ],
)
def test_queries_that_cannot_be_answered_are_refused(cloudwatch, queries):
    assert code_of(data, cloudwatch, *queries) == "ValidationError"


@pytest.mark.parametrize(
    ("datum", "code"),
    [
        ({"Value": float("nan")}, "InvalidParameterValue"),
        ({"Value": float("inf")}, "InvalidParameterValue"),
        (
            {"Value": 1, "StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}},
            "InvalidParameterCombination",
        ),
        (
            {"StatisticValues": {"SampleCount": 1, "Sum": float("nan"), "Minimum": 1, "Maximum": 1}},
            "InvalidParameterValue",
        ),
    ],
)
def test_data_that_are_no_numbers_are_refused_by_the_code_of_the_query_protocol(
    cloudwatch, namespace, datum, code
):
    assert code_of(put, cloudwatch, namespace, datum) == code


def test_no_statistic_at_all_is_refused(cloudwatch, namespace):
    span = {"StartTime": NOW - timedelta(minutes=5), "EndTime": NOW, "Period": 60}
    call = cloudwatch.get_metric_statistics
    assert code_of(call, Namespace=namespace, MetricName="m", **span) == "InvalidParameterCombination"


def test_made_up_tokens_are_refused_by_each_operation_in_its_own_way(cloudwatch, namespace):
    query = {"Id": "a", "MetricStat": metric_stat(namespace)}
    assert code_of(cloudwatch.list_metrics, NextToken="nonsense") == "InvalidParameterValue"
    assert code_of(cloudwatch.describe_alarms, NextToken="nonsense") == "InvalidNextToken"
    assert code_of(data, cloudwatch, query, NextToken="nonsense") == "InvalidNextToken"


def test_metrics_are_listed_by_pages_of_five_hundred(cloudwatch, namespace):
    for start in (0, 400):
        cloudwatch.put_metric_data(
            Namespace=namespace,
            MetricData=[{"MetricName": f"m{number}", "Value": 1} for number in range(start, start + 400)],
        )
    pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace)
    assert [len(page["Metrics"]) for page in pages] == [500, 300]


def test_only_metrics_with_recent_data_are_listed_where_that_is_asked_for(cloudwatch, namespace):
    put(cloudwatch, namespace, {"Value": 1, "Timestamp": NOW - timedelta(hours=4)})
    assert cloudwatch.list_metrics(Namespace=namespace)["Metrics"]
    assert not cloudwatch.list_metrics(Namespace=namespace, RecentlyActive="PT3H")["Metrics"]


def test_data_come_in_parts_of_as_many_datapoints_as_the_request_allows(cloudwatch, namespace):
    for minute in range(3):
        put(cloudwatch, namespace, {"Value": minute, "Timestamp": NOW - timedelta(minutes=minute)})
    query = {"Id": "a", "MetricStat": metric_stat(namespace)}
    span = {"StartTime": NOW - timedelta(minutes=5)}
    first = data(cloudwatch, query, MaxDatapoints=2, **span)
    [result] = first["MetricDataResults"]
    assert (result["Values"], result["StatusCode"]) == ([0, 1], "PartialData")
    second = data(cloudwatch, query, MaxDatapoints=2, NextToken=first["NextToken"], **span)
    [result] = second["MetricDataResults"]
    assert (result["Values"], result["StatusCode"]) == ([2], "Complete")
    assert "NextToken" not in second


def test_an_alarm_with_a_unit_looks_at_that_unit_alone(aws, cloudwatch, namespace):
    put(cloudwatch, namespace, {"Value": 9, "Unit": "Count", "Timestamp": datetime.now(UTC)})
    for unit in ("Count", "Seconds"):
        cloudwatch.put_metric_alarm(
            AlarmName=f"{namespace}-{unit}",
            Namespace=namespace,
            MetricName="m",
            Statistic="Maximum",
            Unit=unit,
            Period=60,
            EvaluationPeriods=1,
            Threshold=5,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )
    states = {}
    for _ in range(300):
        alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{namespace}-")["MetricAlarms"]
        states = {alarm["AlarmName"].rpartition("-")[2]: alarm["StateValue"] for alarm in alarms}
        if "INSUFFICIENT_DATA" not in states.values():
            break
    assert states == {"Count": "ALARM", "Seconds": "OK"}
