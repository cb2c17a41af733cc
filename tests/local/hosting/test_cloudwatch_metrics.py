import itertools
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
_numbers = itertools.count(1)


@pytest.fixture
def cloudwatch(quick):
    return quick.clients.client("cloudwatch")


@pytest.fixture
def namespace():
    return f"Metrics{next(_numbers)}"


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def statistics(cloudwatch, namespace, *names, period=60, dimensions=(), end=3_600):
    extended = [name for name in names if name.startswith("p")]
    simple = [name for name in names if not name.startswith("p")]
    points = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName="m",
        Dimensions=list(dimensions),
        StartTime=NOON,
        EndTime=at(end),
        Period=period,
        **({"Statistics": simple} if simple else {}),
        **({"ExtendedStatistics": extended} if extended else {}),
    )["Datapoints"]
    return sorted(points, key=lambda point: point["Timestamp"])


def test_values_are_summed_up_by_period(cloudwatch, namespace):
    data = [{"MetricName": "m", "Timestamp": at(s), "Value": v} for s, v in ((1.5, 1), (59.999, 2), (60, 4))]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    first, second = statistics(cloudwatch, namespace, "Sum", "Average", "SampleCount", "Minimum", "Maximum")
    assert (first["Timestamp"], second["Timestamp"]) == (at(0), at(60))
    assert [first[name] for name in ("Sum", "Average", "SampleCount", "Minimum", "Maximum")] == [
        3,
        1.5,
        2,
        1,
        2,
    ]
    assert second["Sum"] == 4


def test_values_with_counts_have_percentiles(cloudwatch, namespace):
    data = {"MetricName": "m", "Timestamp": at(1), "Values": [1.0, 2.0, 100.0], "Counts": [50.0, 49.0, 1.0]}
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[data])
    [point] = statistics(cloudwatch, namespace, "p50", "p99", "p99.9")
    assert point["ExtendedStatistics"] == {"p50": 1, "p99": 2, "p99.9": 100}


def test_statistic_sets_have_everything_but_percentiles(cloudwatch, namespace):
    values = {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4}
    data = {"MetricName": "m", "Timestamp": at(1), "StatisticValues": values, "Unit": "Seconds"}
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[data])
    [point] = statistics(cloudwatch, namespace, "Average", "p50")
    assert (point["Average"], point["Unit"]) == (2.5, "Seconds")
    assert "ExtendedStatistics" not in point


def test_dimensions_tell_metrics_apart(cloudwatch, namespace):
    one, other = ([{"Name": "EndpointName", "Value": value}] for value in ("one", "other"))
    for dimensions, value in ((one, 1), (other, 2), ([], 4)):
        data = {"MetricName": "m", "Timestamp": at(1), "Dimensions": dimensions, "Value": value}
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[data])
    assert [point["Sum"] for point in statistics(cloudwatch, namespace, "Sum", dimensions=other)] == [2]
    listed = cloudwatch.list_metrics(Namespace=namespace, Dimensions=[{"Name": "EndpointName"}])["Metrics"]
    assert [metric["Dimensions"] for metric in listed] == [one, other]


def test_much_data_at_once_arrives_compressed(cloudwatch, namespace):
    """botocore compresses a request of more than 10 kB."""
    data = [{"MetricName": "m", "Timestamp": at(1), "Values": [float(v) for v in range(150)]}] * 20
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    [point] = statistics(cloudwatch, namespace, "SampleCount")
    assert point["SampleCount"] == 3_000


def test_get_metric_data_calculates_expressions(cloudwatch, namespace):
    for name, values in (("errors", {0: 1, 60: 3}), ("calls", {0: 4, 60: 4, 120: 4})):
        data = [{"MetricName": name, "Timestamp": at(s), "Value": v} for s, v in values.items()]
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)

    def query(name):
        metric = {"Namespace": namespace, "MetricName": name}
        return {
            "Id": name,
            "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"},
            "ReturnData": False,
        }

    results = cloudwatch.get_metric_data(
        StartTime=NOON,
        EndTime=at(600),
        ScanBy="TimestampAscending",
        MetricDataQueries=[
            query("errors"),
            query("calls"),
            {"Id": "rate", "Expression": "errors / calls * 100"},
        ],
    )["MetricDataResults"]
    [rate] = results
    assert (rate["Id"], rate["Values"]) == ("rate", [25, 75])
    assert rate["Timestamps"] == [at(0), at(60)]


@pytest.mark.parametrize(
    "datum",
    [
        {"Value": 1.0, "Values": [1.0]},
        {"Values": [1.0], "Counts": [1.0, 2.0]},
        {},
    ],
)
def test_data_that_contradict_themselves_are_refused(cloudwatch, namespace, datum):
    with pytest.raises(ClientError):
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m", **datum}])
    assert cloudwatch.list_metrics(Namespace=namespace)["Metrics"] == []


def test_too_many_datapoints_are_refused(cloudwatch, namespace):
    with pytest.raises(ClientError, match="more than 1440 datapoints"):
        statistics(cloudwatch, namespace, "Sum", period=1)


def test_a_dashboard_is_kept(cloudwatch, namespace):
    body = '{"widgets": []}'
    cloudwatch.put_dashboard(DashboardName=namespace, DashboardBody=body)
    assert cloudwatch.get_dashboard(DashboardName=namespace)["DashboardBody"] == body
    cloudwatch.delete_dashboards(DashboardNames=[namespace])
    with pytest.raises(ClientError, match="does not exist"):
        cloudwatch.get_dashboard(DashboardName=namespace)
    with pytest.raises(ClientError, match="not JSON"):
        cloudwatch.put_dashboard(DashboardName=namespace, DashboardBody="{")
