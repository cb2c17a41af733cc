"""The limits of a stage's keys are SageMaker's own: the least and the most are taken, one less and one more are not."""

from pathlib import Path
from typing import Any

import botocore.session
import pytest

from model_deploy.errors import StageError
from model_deploy.stage import Stage
from model_deploy.stage.endpoint import Instances

REALTIME = {"kind": "realtime", "instance_type": "ml.m5.large", "instance_count": 2}
SERVERLESS = {"kind": "serverless", "memory_mb": 2048, "max_concurrency": 200, "provisioned_concurrency": 1}


@pytest.fixture(scope="module")
def sagemaker():
    """botocore's model of the API."""
    return botocore.session.get_session().get_service_model("sagemaker")


def parse(document) -> Stage:
    return Stage.parse(document, Path("stages/try.yaml"))


def is_taken(document) -> bool:
    try:
        parse(document)
    except StageError:
        return False
    return True


def stage(place: str, value: Any, base: dict[str, Any]) -> dict[str, Any]:
    """The stage `base` with another value at a dotted key."""
    made = {key: dict(part) if isinstance(part, dict) else part for key, part in base.items()}
    part, _, key = place.partition(".")
    made[part] = made.get(part, {}) | {key: value}
    return made


BAKED = {"strategy": "canary", "size_percent": 50, "bake_seconds": 60}


@pytest.mark.parametrize(
    ("place", "base", "shape", "member"),
    [
        (
            "endpoint.provisioned_concurrency",
            {"endpoint": SERVERLESS},
            *("ProductionVariantServerlessConfig", "ProvisionedConcurrency"),
        ),
        (
            "endpoint.max_concurrency",
            {"endpoint": SERVERLESS},
            *("ProductionVariantServerlessConfig", "MaxConcurrency"),
        ),
        ("rollout.bake_seconds", {"endpoint": REALTIME}, "TrafficRoutingConfig", "WaitIntervalInSeconds"),
        (
            "rollout.termination_wait_seconds",
            {"endpoint": REALTIME},
            *("BlueGreenUpdatePolicy", "TerminationWaitInSeconds"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_number_goes_from_the_apis_least_to_its_most(sagemaker, place, base, shape, member):
    limits = sagemaker.shape_for(shape).members[member].metadata
    taken = [
        is_taken(stage(place, value, base))
        for value in (limits["min"] - 1, limits["min"], limits["max"], limits["max"] + 1)
    ]
    assert taken == [False, True, True, False]


def test_memory_is_a_multiple_of_a_gigabyte_within_the_apis_limits(sagemaker):
    limits = sagemaker.shape_for("ProductionVariantServerlessConfig").members["MemorySizeInMB"].metadata
    sizes = range(limits["min"] - 512, limits["max"] + 1025, 512)
    taken = [size for size in sizes if is_taken(stage("endpoint.memory_mb", size, {"endpoint": SERVERLESS}))]
    assert taken == [1024, 2048, 3072, 4096, 5120, 6144]
    assert (taken[0], taken[-1]) == (limits["min"], limits["max"])


@pytest.mark.parametrize(("percent", "taken"), [(0, False), (1, True), (100, True), (101, False)])
def test_a_capture_takes_a_part_of_the_requests(percent, taken):
    # SageMaker also takes 0, which captures nothing: leaving the key out says that.
    assert is_taken({"endpoint": REALTIME, "capture": {"sampling_percent": percent}}) is taken


@pytest.mark.parametrize(("key", "member"), [("subnets", "Subnets"), ("security_groups", "SecurityGroupIds")])
def test_a_vpc_has_as_many_parts_as_the_api_takes(sagemaker, key, member):
    most = sagemaker.shape_for("VpcConfig").members[member].metadata["max"]
    prefix = {"subnets": "subnet-", "security_groups": "sg-"}
    network = {"subnets": ["subnet-1"], "security_groups": ["sg-1"]}
    for count, taken in ((most, True), (most + 1, False)):
        several = [f"{prefix[key]}{number}" for number in range(count)]
        assert is_taken({"endpoint": REALTIME, "network": network | {key: several}}) is taken


@pytest.mark.parametrize(
    ("strategy", "least", "most"), [("canary", 1, 50), ("linear", 10, 50), ("rolling", 5, 50)]
)
def test_a_step_moves_a_share_of_the_fleet(strategy, least, most):
    # "Canary traffic shifting", "Linear traffic shifting", "Rolling deployments", SageMaker developer guide.
    taken = [
        is_taken({"endpoint": REALTIME, "rollout": {"strategy": strategy, "size_percent": size}})
        for size in (least - 1, least, most, most + 1)
    ]
    assert taken == [False, True, True, False]


@pytest.mark.parametrize(
    ("rollout", "timeout"),
    [
        ({}, 1800),
        ({"bake_seconds": 3600, "termination_wait_seconds": 3600}, 9000),
        (
            {"strategy": "canary", "size_percent": 1, "bake_seconds": 3600, "termination_wait_seconds": 3600},
            12600,
        ),
        ({"strategy": "linear", "size_percent": 34, "bake_seconds": 60}, 1980),
        ({"strategy": "linear", "size_percent": 33, "bake_seconds": 60}, 2040),
        ({"strategy": "rolling", "size_percent": 50, "bake_seconds": 60}, 3720),
        ({"strategy": "rolling", "size_percent": 5, "bake_seconds": 60}, 28800),
    ],
    ids=str,
)
def test_a_rollout_may_take_its_waits_and_half_an_hour_for_each_start(sagemaker, rollout, timeout):
    found = parse({"endpoint": REALTIME | {"instance_count": 20}, "rollout": rollout}).rollout.timeout_seconds
    limits = sagemaker.shape_for("BlueGreenUpdatePolicy").members["MaximumExecutionTimeoutInSeconds"].metadata
    assert found == timeout
    assert limits["min"] <= found <= limits["max"]


@pytest.mark.parametrize(("bake", "taken"), [(2700, True), (2701, False)])
def test_waits_leave_half_an_hour_of_what_sagemaker_allows(bake, taken):
    # Ten steps of 2,700 s are 27,000 s; with half an hour to start instances that is SageMaker's limit of 28,800 s.
    rollout = {"strategy": "linear", "size_percent": 10, "bake_seconds": bake}
    assert is_taken({"endpoint": REALTIME, "rollout": rollout}) is taken


@pytest.mark.parametrize(
    ("period", "periods", "taken"),
    [
        (60, 1440, True),
        (60, 1441, False),
        (3600, 24, True),
        (3600, 25, False),
        (3660, 1, False),
        (30, 1, False),
        (60, 0, False),
    ],
)
def test_an_alarm_looks_back_a_day_at_most(period, periods, taken):
    alarms = {"latency_p99_ms": 1, "period_seconds": period, "evaluation_periods": periods, "rollback": False}
    assert is_taken({"endpoint": REALTIME, "alarms": alarms}) is taken


@pytest.mark.parametrize(
    ("key", "value", "taken"),
    [
        ("invocation_5xx_percent", 0, False),
        ("invocation_5xx_percent", 0.01, True),
        ("invocation_4xx_percent", 100, True),
        ("invocation_4xx_percent", 100.1, False),
        ("latency_p99_ms", 0, False),
        ("contract_failures", 0, False),
        ("contract_failures", 1, True),
        ("contract_failures", 1.5, False),
    ],
)
def test_a_threshold_is_one_that_can_be_reached_and_missed(key, value, taken):
    assert is_taken({"endpoint": REALTIME, "alarms": {key: value, "rollback": False}}) is taken


def topics(count):
    return [f"arn:aws:sns:eu-west-1:123456789012:pager-{number}" for number in range(count)]


def test_as_many_topics_are_notified_as_an_alarm_has_actions():
    cloudwatch = botocore.session.get_session().get_service_model("cloudwatch")
    most = cloudwatch.shape_for("PutMetricAlarmInput").members["AlarmActions"].metadata["max"]
    for count, taken in ((most, True), (most + 1, False)):
        alarms = {"latency_p99_ms": 1, "rollback": False, "notify": topics(count)}
        assert is_taken({"endpoint": REALTIME, "alarms": alarms}) is taken


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("a", True),
        ("a" * 20, True),
        ("a" * 21, False),
        ("eu-west-1", True),
        ("1a", True),
        ("-a", False),
        ("a-", False),
        ("a--b", True),
        ("A", False),
        ("a_b", False),
        ("ä", False),
    ],
)
def test_a_stages_name_is_short_and_can_be_part_of_an_endpoints(sagemaker, name, taken):
    document = {"endpoint": REALTIME}
    try:
        Stage.parse(document, Path(f"stages/{name}.yaml"))
        found = True
    except StageError:
        found = False
    assert found is taken
    longest = sagemaker.shape_for("CreateEndpointInput").members["EndpointName"].metadata["max"]
    assert len(f"{'p' * 32}-{'a' * 20}") <= longest


def test_every_instance_type_of_the_api_can_be_stated(sagemaker):
    known = sagemaker.shape_for("ProductionVariantInstanceType").enum
    assert [
        each for each in known if not is_taken(stage("endpoint.instance_type", each, {"endpoint": REALTIME}))
    ] == []


# "Instance store volumes", EC2 user guide.
LOCAL_DISKS = {
    *("c5d", "m5d", "r5d", "c6gd", "m6gd", "r6gd", "r7gd", "g4dn", "g5", "g6", "g6e", "g7e", "dl1"),
    *("p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200", "trn1", "trn1n", "trn2"),
}
UNCERTAIN = {"g7"}  # newer than the page


def test_families_with_a_local_disk_are_those_of_ec2(sagemaker):
    known = {
        each.split(".")[1] for each in sagemaker.shape_for("ProductionVariantInstanceType").enum
    } - UNCERTAIN
    assert {family for family in known if Instances(f"ml.{family}.x", 1).local_storage} == LOCAL_DISKS & known


def test_only_the_t_families_are_burstable_and_only_the_first_inferentia_has_no_guardrails(sagemaker):
    known = sagemaker.shape_for("ProductionVariantInstanceType").enum
    families = {each: each.split(".")[1] for each in known}
    assert {families[each] for each in known if Instances(each, 1).burstable} == {"t2"}
    assert {families[each] for each in known if not Instances(each, 1).guarded} == {"inf1"}


TAGS = {f"tag-{number}": "x" for number in range(10)}


@pytest.mark.parametrize(
    ("tags", "taken"),
    [
        (TAGS, True),
        (TAGS | {"one": "more"}, False),
        ({"k" * 128: "v" * 256}, True),
        ({"k" * 129: "v"}, False),
        ({"k": "v" * 257}, False),
        ({"k": ""}, True),
        ({"": "v"}, False),
        ({"Kosten_stelle 1.:/=+@-": "Ü 1"}, True),
        ({"a*": "v"}, False),
        ({"AWS:x": "v"}, False),
        ({"awsome": "v"}, True),
        ({"SageMaker:x": "v"}, False),
        ({"a": "x" * 200, "b": "x" * 256, "c": "x" * 256, "d": "x" * 256, "e": "x" * 27}, True),
        ({"a": "x" * 200, "b": "x" * 256, "c": "x" * 256, "d": "x" * 256, "e": "x" * 28}, False),
    ],
    ids=lambda value: str(value)[:24],
)
def test_tags_are_what_every_service_takes_and_leave_room_in_the_template(tags, taken):
    assert is_taken({"endpoint": REALTIME, "tags": tags}) is taken
