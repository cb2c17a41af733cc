"""Metrics as clients put and get them: PutMetricData, GetMetricStatistics, GetMetricData, ListMetrics."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.cloudwatch.expressions import Expression, ExpressionError
from local_aws.cloudwatch.paging import data_page, token_error
from local_aws.cloudwatch.series import Metric, MetricStore, Sample, is_statistic, statistic
from local_aws.kernel.limits import maximum
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError

MAXIMUM_DATAPOINTS = 1_440
"""Of one GetMetricStatistics."""
METRICS_PAGE = 500
"""Metrics of one ListMetrics."""
RECENT_SECONDS = 3 * 3600
"""The seconds within which a metric has to have data for ListMetrics with RecentlyActive."""

_AGO, _AHEAD = maximum("cloudwatch.past"), maximum("cloudwatch.future")
_LARGEST = 2.0 ** maximum("cloudwatch.exponent")
_MINUTE = 60
_SHORT_PERIODS = (1, 5, 10, 20, 30)
_DAY = 24 * 3600
_ROUNDING = ((15 * _DAY, _MINUTE), (63 * _DAY, 5 * _MINUTE))
"""To how many seconds a start time is rounded down, by its age; older ones to the hour."""


class Metrics:
    """The operations on data. Periods begin where the clock's do, as on CloudWatch: at multiples of their length."""

    def __init__(self, store: MetricStore) -> None:
        self._store = store

    def put_metric_data(self, request: dict[str, Any]) -> dict[str, Any]:
        """Store data points.

        Raises MissingRequiredParameterException, InvalidParameterValueException. Source: Amazon CloudWatch API reference,
        PutMetricData.
        """
        if not request.get("MetricData"):
            raise _invalid("MissingRequiredParameterException", "The parameter MetricData is required.")
        for datum in request["MetricData"]:
            _check_datum(datum)
        samples = [
            (Metric.parse(request["Namespace"], datum), _sample(datum)) for datum in request["MetricData"]
        ]
        for metric, sample in samples:
            self._store.put(metric, sample)
        return {}

    def get_metric_statistics(self, request: dict[str, Any]) -> dict[str, Any]:
        """Statistics of one metric, per period.

        Raises InvalidParameterCombinationException, InvalidParameterValueException. Source: Amazon CloudWatch API reference,
        GetMetricStatistics.
        """
        names = [*request.get("Statistics", ()), *request.get("ExtendedStatistics", ())]
        if not names:
            raise _invalid(
                "InvalidParameterCombinationException",
                "Must specify either Statistics or ExtendedStatistics",
            )
        _check_statistics(names)
        period = _period(request["Period"], "InvalidParameterValueException")
        start, end = _span(request, period, "InvalidParameterValueException")
        if (end - start) / period > MAXIMUM_DATAPOINTS:
            raise _invalid(
                "InvalidParameterCombinationException",
                f"You have requested more than {MAXIMUM_DATAPOINTS} datapoints, which exceeds the limit. "
                "You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
            )
        metric = Metric.parse(request["Namespace"], request)
        samples = self._store.between(metric, start, end, request.get("Unit"))
        # Without a Unit in the request, each unit that was published has datapoints of its own.
        units = sorted({sample.unit for sample in samples})
        return {
            "Label": request["MetricName"],
            "Datapoints": [
                _datapoint(moment, found, names)
                for unit in units
                for moment, found in _buckets([s for s in samples if s.unit == unit], period).items()
            ],
        }

    def get_metric_data(self, request: dict[str, Any]) -> dict[str, Any]:
        """The values of queries: metrics and expressions, per period.

        Raises ValidationException. Source: Amazon CloudWatch API reference, GetMetricData.
        """
        queries = request["MetricDataQueries"]
        _check_queries(queries)
        longest = max(
            (query["MetricStat"]["Period"] for query in queries if "MetricStat" in query), default=60
        )
        start, end = _span(request, longest, "ValidationError")
        series: dict[str, dict[float, float]] = {}
        for query in queries:
            if stated := query.get("MetricStat"):
                series[query["Id"]] = self._series(stated, start, end)
        for query in queries:
            if "Expression" in query:
                series[query["Id"]] = _calculate(query["Expression"], series)
        newest_first = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        results = [
            _result(query, series[query["Id"]], newest_first)
            for query in queries
            if query.get("ReturnData", True)
        ]
        shown, token = data_page(results, request)
        return paged({"MetricDataResults": shown}, token)

    def list_metrics(self, request: dict[str, Any]) -> dict[str, Any]:
        """List metrics by namespace, name and dimensions.

        Raises ValidationException. Source: Amazon CloudWatch API reference, ListMetrics.
        """
        found = [metric for metric in self._store.metrics() if _matches(metric, request)]
        if request.get("RecentlyActive"):
            since = time.time() - RECENT_SECONDS
            found = [metric for metric in found if self._store.last(metric) >= since]
        with token_error("InvalidParameterValueException"):
            shown, token = page(found, request, key=Metric.text, default=METRICS_PAGE)
        return paged({"Metrics": [metric.described() for metric in shown]}, token)

    def _series(self, stated: Mapping[str, Any], start: float, end: float) -> dict[float, float]:
        metric = Metric.parse(stated["Metric"]["Namespace"], stated["Metric"])
        samples = self._store.between(metric, start, end, stated.get("Unit"))
        buckets = _buckets(samples, _period(stated["Period"], "ValidationError"))
        values = {moment: statistic(samples, stated["Stat"]) for moment, samples in buckets.items()}
        return {moment: value for moment, value in values.items() if value is not None}


def _span(request: Mapping[str, Any], period: int, code: str) -> tuple[float, float]:
    """StartTime and EndTime in seconds; the start is rounded down as CloudWatch documents it for GetMetricStatistics.

    Raises ServiceError with `code` where the start is not before the end.
    """
    start, end = _moment(request["StartTime"]), _moment(request["EndTime"])
    if start >= end:
        raise _invalid(code, "The parameter StartTime must be less than the parameter EndTime.")
    age = time.time() - start
    whole = next((step for limit, step in _ROUNDING if age < limit), 3_600)
    step = period if period < _MINUTE else whole
    return start // step * step, end


def _period(seconds: int, code: str) -> int:
    """A period is one of the short ones, or whole minutes. Raises ServiceError with `code`."""
    if seconds not in _SHORT_PERIODS and (seconds < _MINUTE or seconds % _MINUTE):
        raise _invalid(code, "The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.")
    return seconds


def _check_statistics(names: list[str]) -> None:
    for name in names:
        if not is_statistic(name):
            raise _invalid(
                "InvalidParameterValueException",
                f"The value {name} for parameter ExtendedStatistics is not supported.",
            )


def _check_queries(queries: list[Mapping[str, Any]]) -> None:
    """Raises ServiceError (ValidationError) for queries that cannot be answered together."""
    ids = [query["Id"] for query in queries]
    if len(set(ids)) != len(ids):
        raise _invalid("ValidationError", "The values for parameter id in MetricDataQueries are not unique.")
    for query in queries:
        if ("MetricStat" in query) == ("Expression" in query):
            raise _invalid(
                "ValidationError",
                f"Exactly one of MetricStat and Expression must be specified for the query {query['Id']}.",
            )
        if "Expression" in query:
            _check_expression(query, frozenset(ids))
        elif not is_statistic(query["MetricStat"]["Stat"]):
            raise _invalid(
                "ValidationError",
                f"The value {query['MetricStat']['Stat']} for parameter Stat is not supported.",
            )
    if not any(query.get("ReturnData", True) for query in queries):
        raise _invalid("ValidationError", "At least one MetricDataQuery must return data.")


def _check_expression(query: Mapping[str, Any], ids: frozenset[str]) -> None:
    try:
        unknown = Expression.parse(query["Expression"]).names - ids
    except ExpressionError as error:
        raise _invalid("ValidationError", str(error)) from error
    if unknown:
        raise _invalid(
            "ValidationError",
            f"Error in expression '{query['Id']}': Undefined variable {', '.join(sorted(unknown))}.",
        )


def _check_datum(datum: Mapping[str, Any]) -> None:
    """Raises ServiceError for a time, a resolution or a dimension that CloudWatch does not take."""
    code = "InvalidParameterValueException"
    if "Timestamp" in datum:
        ahead = _moment(datum["Timestamp"]) - time.time()
        if ahead > _AHEAD:
            raise _invalid(
                code, "The parameter Timestamp must specify a time no more than two hours in the future."
            )
        if ahead < -_AGO:
            raise _invalid(
                code, "The parameter Timestamp must specify a time no more than two weeks in the past."
            )
    if datum.get("StorageResolution", 60) not in (1, 60):
        raise _invalid(code, "The parameter StorageResolution must be 1 or 60.")
    for dimension in datum.get("Dimensions") or ():
        name, value = dimension["Name"], dimension["Value"]
        for kind, text, most in (("Name", name, 255), ("Value", value, 1_024)):
            if not text.isascii() or not text.strip() or len(text) > most:
                raise _invalid(
                    code, f"The parameter Dimension.{kind} must be 1 to {most} ASCII characters: {text!r}"
                )
        if name.startswith(":"):
            raise _invalid(code, f"The parameter Dimension.Name must not begin with a colon: {name!r}")


def _sample(datum: Mapping[str, Any]) -> Sample:
    moment = _moment(datum["Timestamp"]) if "Timestamp" in datum else time.time()
    unit = datum.get("Unit", "None")
    stated = [name for name in ("Value", "Values", "StatisticValues") if name in datum]
    match stated:
        case ["Value"]:
            return Sample.of(moment, {_finite(datum["Value"]): 1.0}, unit)
        case ["Values"]:
            return Sample.of(moment, _values_and_counts(datum), unit)
        case ["StatisticValues"]:
            of = datum["StatisticValues"]
            for value in of.values():
                _finite(value)
            return Sample(moment, of["SampleCount"], of["Sum"], of["Minimum"], of["Maximum"], None, unit)
    raise _invalid(
        "InvalidParameterCombinationException",
        f"MetricData of {datum['MetricName']} must have exactly one of Value, Values and StatisticValues; "
        f"it has {', '.join(stated) or 'none'}.",
    )


def _values_and_counts(datum: Mapping[str, Any]) -> dict[float, float]:
    values = datum["Values"]
    counts = datum.get("Counts") or [1.0] * len(values)
    if len(values) != len(counts) or not values:
        raise _invalid(
            "InvalidParameterValueException",
            "The parameters MetricData.member.Values and MetricData.member.Counts must be of the same size.",
        )
    counted: dict[float, float] = {}
    for value, count in zip(values, counts, strict=True):
        counted[_finite(value)] = counted.get(value, 0) + count
    return counted


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise _invalid("InvalidParameterValueException", f"The value {value} of a metric is not a number.")
    if abs(value) > _LARGEST:
        raise _invalid(
            "InvalidParameterValueException",
            f"The value {value} of a metric is not between -2^360 and 2^360.",
        )
    return value


def _buckets(samples: list[Sample], period: int) -> dict[float, list[Sample]]:
    """The samples by the beginning of the period that they are in, the oldest first."""
    buckets: dict[float, list[Sample]] = {}
    for sample in samples:
        buckets.setdefault(sample.moment // period * period, []).append(sample)
    return buckets


def _datapoint(moment: float, samples: list[Sample], names: list[str]) -> dict[str, Any]:
    point: dict[str, Any] = {"Timestamp": datetime.fromtimestamp(moment, UTC), "Unit": samples[0].unit}
    for name in names:
        if (value := statistic(samples, name)) is None:
            continue
        if name.startswith("p"):
            point.setdefault("ExtendedStatistics", {})[name] = value
        else:
            point[name] = value
    return point


def _calculate(text: str, series: Mapping[str, Mapping[float, float]]) -> dict[float, float]:
    try:
        expression = Expression.parse(text)
        moments = sorted({moment for name in expression.names for moment in series.get(name, {})})
        return dict(_calculated(expression, series, moments))
    except ExpressionError as error:
        raise _invalid("ValidationError", str(error)) from error


def _calculated(
    expression: Expression, series: Mapping[str, Mapping[float, float]], moments: list[float]
) -> Iterator[tuple[float, float]]:
    for moment in moments:
        value = expression.value({name: points.get(moment) for name, points in series.items()})
        if value is not None:
            yield moment, value


def _result(query: Mapping[str, Any], series: Mapping[float, float], newest_first: bool) -> dict[str, Any]:
    moments = sorted(series, reverse=newest_first)
    label = query.get("Label") or query.get("MetricStat", {}).get("Metric", {}).get("MetricName")
    return {
        "Id": query["Id"],
        "Label": label or query["Id"],
        "Timestamps": [datetime.fromtimestamp(moment, UTC) for moment in moments],
        "Values": [series[moment] for moment in moments],
        "StatusCode": "Complete",
    }


def _matches(metric: Metric, request: Mapping[str, Any]) -> bool:
    if request.get("Namespace", metric.namespace) != metric.namespace:
        return False
    if request.get("MetricName", metric.name) != metric.name:
        return False
    have = dict(metric.dimensions)
    wanted = request.get("Dimensions") or ()
    return all(w["Name"] in have and w.get("Value", have[w["Name"]]) == have[w["Name"]] for w in wanted)


def _moment(time_of_request: datetime) -> float:
    # The wire's parser reads a request's timestamps as UTC, but leaves them naive.
    return time_of_request.replace(tzinfo=time_of_request.tzinfo or UTC).timestamp()


def _invalid(code: str, message: str) -> ServiceError:
    return ServiceError(code, message)
