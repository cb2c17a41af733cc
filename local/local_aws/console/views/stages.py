"""Stages: what each endpoint serves, its alarms, its traffic while it is updated, and the record of its deployments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from local_aws.console.clients import Aws
from local_aws.console.pages import Page, Visit

PAGE = 20
RECORDS = 20
MINUTES = 30
"""How far back the traffic is shown."""
_HOME = "deployments"
_STAGE_TAG = "sagemaker:deployment-stage"
_PACKAGE_VARIABLE = "MODEL_PACKAGE_ARN"
_INSTANCES = re.compile(r"(\d+) of (\d+) instances of ([\w-]+)")
_OUTPUT = "ApiUrl"
_UNWATCHED = "-Unwatched"
"""How the alarm ends that rings whenever no rollout watches: outside a deployment that is as it should be."""
_HIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "NoSuchBucket"})


@dataclass(frozen=True)
class Served:
    """The served model of an endpoint configuration: its package, and the bucket of its artifact."""

    package_arn: str
    bucket: str

    @property
    def package(self) -> str:
        """The group and the version, `GROUP/VERSION`."""
        return "/".join(self.package_arn.split("/")[1:])

    @property
    def path(self) -> tuple[str, ...]:
        """The path of the package's page, () for a model of no package."""
        group, _, number = self.package.partition("/")
        return ("registry", group, number) if number else ()


@dataclass(frozen=True)
class Summary:
    """An endpoint in the list."""

    name: str
    status: str
    changed: datetime
    served: Served
    updating: bool


@dataclass(frozen=True)
class Summaries:
    """One page of the list; `older` is the token of the next."""

    stages: tuple[Summary, ...]
    older: str = ""


@dataclass(frozen=True)
class Variant:
    """A variant of the live fleet, or of the one that is to take its place. `share` is of the traffic, in percent, where known."""

    name: str
    fleet: str
    config: str
    instances: int
    phase: str
    share: float | None


@dataclass(frozen=True)
class Alarm:
    """An alarm on the endpoint. `words` is what it watches, `reason` why it is in its state."""

    name: str
    state: str
    words: str
    reason: str
    changed: datetime | None
    rolls_back: bool


@dataclass(frozen=True)
class Column:
    """The invocations of one minute, and the height of its bar in percent."""

    minute: datetime
    count: int
    height: float


@dataclass(frozen=True)
class Record:
    """One deployment, as `model-deploy` recorded it."""

    time: datetime
    version: int
    kind: str
    outcome: str
    verified: bool | None
    who: str
    why: str

    @property
    def verification(self) -> str:
        """The result of the verification, in words."""
        return {True: "verified", False: "not verified", None: "–"}[self.verified]


@dataclass(frozen=True)
class StageView:
    """One endpoint, whole. `hidden` says why there are no records, "" where they could be read."""

    name: str
    stage: str
    status: str
    reason: str
    changed: datetime
    served: Served
    variants: tuple[Variant, ...]
    alarms: tuple[Alarm, ...]
    traffic: tuple[Column, ...]
    records: tuple[Record, ...]
    hidden: str
    api: str

    @property
    def updating(self) -> bool:
        """Whether a deployment is under way."""
        return any(each.fleet == "new" for each in self.variants)

    @property
    def invocations(self) -> int:
        """How many there were in the time shown."""
        return sum(each.count for each in self.traffic)


def overview(visit: Visit) -> Page:
    """All endpoints, by name."""
    sagemaker = visit.aws.sagemaker
    asked = {"NextToken": visit.query["from"]} if visit.query.get("from") else {}
    listed = sagemaker.list_endpoints(MaxResults=PAGE, SortBy="Name", SortOrder="Ascending", **asked)
    found = [_summary(visit.aws, each["EndpointName"]) for each in listed["Endpoints"]]
    return Page("stages.html", "Stages", Summaries(tuple(found), listed.get("NextToken", "")))


def stage(visit: Visit) -> Page:
    """One endpoint with its alarms, traffic and record."""
    aws, name = visit.aws, visit.names["endpoint"]
    described = aws.sagemaker.describe_endpoint(EndpointName=name)
    tags = aws.sagemaker.list_tags(ResourceArn=described["EndpointArn"])["Tags"]
    stage_name = next((each["Value"] for each in tags if each["Key"] == _STAGE_TAG), "")
    served = _served(aws, described["EndpointConfigName"])
    records, hidden = _records(aws, served.bucket, stage_name)
    view = StageView(
        name=name,
        stage=stage_name,
        status=described["EndpointStatus"],
        reason=described.get("FailureReason", ""),
        changed=described["LastModifiedTime"],
        served=served,
        variants=tuple(variants(described)),
        alarms=_alarms(aws, name, described),
        traffic=_traffic(aws, name, described),
        records=records,
        hidden=hidden,
        api=api_url(aws, name),
    )
    return Page("stage.html", name, view)


def api_url(aws: Aws, endpoint: str) -> str:
    """Where the stage's API is, from the outputs of the endpoint's stack; "" where it has none."""
    try:
        [stack] = aws.client("cloudformation").describe_stacks(StackName=f"{endpoint}-endpoint")["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return ""
        raise
    outputs = {each["OutputKey"]: str(each["OutputValue"]) for each in stack.get("Outputs", [])}
    return outputs.get(_OUTPUT, "")


def variants(described: Mapping[str, Any]) -> Iterable[Variant]:
    """The variants of DescribeEndpoint, first the live fleet's, then those of the fleet that is being deployed."""
    pending = described.get("PendingDeploymentSummary") or {}
    moved = {each["VariantName"]: _new_share(each) for each in pending.get("ProductionVariants", [])}
    live = described.get("ProductionVariants", [])
    total = sum(each.get("CurrentWeight", 0) for each in live)
    for each in live:
        left = _remaining(moved.get(each["VariantName"], 0.0))
        share = None if left is None or not total else each.get("CurrentWeight", 0) / total * left * 100
        yield _variant(each, "live", described.get("EndpointConfigName", ""), share)
    total = sum(each.get("DesiredWeight", 0) for each in pending.get("ProductionVariants", []))
    for each in pending.get("ProductionVariants", []):
        part = moved[each["VariantName"]]
        share = None if part is None or not total else each.get("DesiredWeight", 0) / total * part * 100
        yield _variant(each, "new", pending.get("EndpointConfigName", ""), share)


def _remaining(moved: float | None) -> float | None:
    return None if moved is None else 1 - moved


def alarm(stated: Mapping[str, Any], rolling_back: frozenset[str], updating: bool) -> Alarm:
    """An alarm of DescribeAlarms. `rolling_back` names those that take an update back."""
    unwatched = stated["AlarmName"].endswith(_UNWATCHED) and not updating
    return Alarm(
        name=stated["AlarmName"],
        state="NOT_WATCHED" if unwatched else stated["StateValue"],
        words=stated.get("AlarmDescription", ""),
        reason="" if unwatched else stated.get("StateReason", ""),
        changed=stated.get("StateUpdatedTimestamp"),
        rolls_back=stated["AlarmName"] in rolling_back,
    )


def record(document: Mapping[str, Any]) -> Record:
    """A record as `model-deploy` wrote it. Raises KeyError or ValueError for what is none."""
    return Record(
        time=datetime.fromisoformat(document["time"]),
        version=document["model_package_version"],
        kind=document["kind"],
        outcome=document["outcome"],
        verified=document["verified"],
        who=document["who"],
        why=document["why"],
    )


def columns(counts: Mapping[datetime, float], end: datetime, minutes: int = MINUTES) -> tuple[Column, ...]:
    """A column for each of the last minutes; minutes without a figure had no invocation."""
    first = end.replace(second=0, microsecond=0) - timedelta(minutes=minutes - 1)
    each = [first + timedelta(minutes=number) for number in range(minutes)]
    most = max([*counts.values(), 1])
    return tuple(
        Column(minute, round(counts.get(minute, 0)), counts.get(minute, 0) / most * 100) for minute in each
    )


def _summary(aws: Aws, name: str) -> Summary:
    described = aws.sagemaker.describe_endpoint(EndpointName=name)
    return Summary(
        name=name,
        status=described["EndpointStatus"],
        changed=described["LastModifiedTime"],
        served=_served(aws, described["EndpointConfigName"]),
        updating=bool(described.get("PendingDeploymentSummary")),
    )


def _served(aws: Aws, config: str) -> Served:
    """The served model of a configuration, which never changes; empty if the configuration was deleted."""
    key = f"served by {config}"
    kept: Served | None = aws.remembered(key)
    if kept is None:
        try:
            stated = aws.sagemaker.describe_endpoint_config(EndpointConfigName=config)
            model = aws.sagemaker.describe_model(ModelName=stated["ProductionVariants"][0]["ModelName"])
        except ClientError:
            return Served("", "")
        kept = served(model)
        aws.remember(key, kept)
    return kept


def served(model: Mapping[str, Any]) -> Served:
    """The package and the bucket of a model, from DescribeModel."""
    for container in model.get("Containers") or [model.get("PrimaryContainer", {})]:
        arn = container.get("ModelPackageName") or container.get("Environment", {}).get(_PACKAGE_VARIABLE)
        if arn:
            bucket = str(container.get("ModelDataUrl", "")).removeprefix("s3://").partition("/")[0]
            return Served(str(arn), bucket)
    return Served("", "")


def _variant(stated: Mapping[str, Any], fleet: str, config: str, share: float | None) -> Variant:
    statuses = stated.get("VariantStatus") or [{}]
    said = statuses[0].get("StatusMessage") or statuses[0].get("Status", "")
    return Variant(stated["VariantName"], fleet, config, stated.get("CurrentInstanceCount", 0), said, share)


def _new_share(stated: Mapping[str, Any]) -> float | None:
    """The part of a variant's traffic that its new fleet takes, where its status tells it."""
    for status in stated.get("VariantStatus", []):
        for on, total, name in _INSTANCES.findall(status.get("StatusMessage", "")):
            if name == stated["VariantName"] and int(total):
                return int(on) / int(total)
        if status.get("Status") == "Creating":
            return 0.0
        if status.get("Status") == "Deleting":
            return 1.0
    return None


def _alarms(aws: Aws, name: str, described: Mapping[str, Any]) -> tuple[Alarm, ...]:
    rollback = (described.get("LastDeploymentConfig") or {}).get("AutoRollbackConfiguration") or {}
    named = frozenset(each["AlarmName"] for each in rollback.get("Alarms", []))
    found = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{name}-")["MetricAlarms"]
    return tuple(alarm(each, named, bool(described.get("PendingDeploymentSummary"))) for each in found)


def _traffic(aws: Aws, name: str, described: Mapping[str, Any]) -> tuple[Column, ...]:
    end = datetime.now(UTC)
    queries = [
        {
            "Id": f"v{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SageMaker",
                    "MetricName": "Invocations",
                    "Dimensions": [
                        {"Name": "EndpointName", "Value": name},
                        {"Name": "VariantName", "Value": each["VariantName"]},
                    ],
                },
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for number, each in enumerate(described.get("ProductionVariants", []))
    ]
    if not queries:
        return ()
    answer = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=end - timedelta(minutes=MINUTES), EndTime=end
    )
    counts: dict[datetime, float] = {}
    for result in answer["MetricDataResults"]:
        for time, value in zip(result["Timestamps"], result["Values"], strict=True):
            counts[time] = counts.get(time, 0) + value
    return columns(counts, end)


def _records(aws: Aws, bucket: str, stage_name: str) -> tuple[tuple[Record, ...], str]:
    """The latest records of the stage, the newest first; each is read once, for it never changes."""
    if not bucket or not stage_name:
        return (), "The endpoint names no stage of model-deploy, which keeps the record."
    try:
        keys = _newest_keys(aws, bucket, f"{_HOME}/{stage_name}/")
    except ClientError as error:
        if error.response["Error"]["Code"] not in _HIDDEN:
            raise
        return (
            (),
            f"s3://{bucket}/{_HOME}/{stage_name}/ may not be read: {error.response['Error']['Message']}",
        )
    documents = [aws.document(f"s3://{bucket}/{key}") for key in sorted(keys, reverse=True)[:RECORDS]]
    return tuple(record(each) for each in documents if _is_record(each)), ""


def _newest_keys(aws: Aws, bucket: str, prefix: str) -> Sequence[str]:
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def _is_record(document: Any) -> bool:
    return isinstance(document, Mapping) and document.get("version") == 1
