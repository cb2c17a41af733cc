"""What SageMaker refuses in combination is refused before it is asked: by key, with the reason and what is allowed."""

from pathlib import Path

import pytest

from model_deploy.errors import StageError
from model_deploy.stage import Stage

REALTIME = {"kind": "realtime", "instance_type": "ml.m5.large", "instance_count": 2}
ONE = REALTIME | {"instance_count": 1}
SERVERLESS = {"kind": "serverless", "memory_mb": 2048, "max_concurrency": 20}
WARM = SERVERLESS | {"provisioned_concurrency": 5}
ASYNCHRONOUS = {"kind": "asynchronous", "instance_type": "ml.m5.large", "instance_count": 1}

CANARY = {"strategy": "canary", "size_percent": 50, "bake_seconds": 300}
LINEAR = {"strategy": "linear", "size_percent": 50, "bake_seconds": 300}
ROLLING = {"strategy": "rolling", "size_percent": 50, "bake_seconds": 300}
ERRORS = {"invocation_5xx_percent": 1}
VPC = {"subnets": ["subnet-1"], "security_groups": ["sg-1"]}
KEY = "alias/models"


def parse(**document) -> Stage:
    return Stage.parse(document, Path("stages/try.yaml"))


def refused(**document) -> list[str]:
    with pytest.raises(StageError) as caught:
        parse(**document)
    return [line.strip() for line in caught.value.message.splitlines()[1:]]


REFUSED = {
    "serverless with canary": (
        {"endpoint": SERVERLESS, "rollout": CANARY},
        "rollout.strategy: found canary. Allowed: all_at_once",
    ),
    "serverless with linear": (
        {"endpoint": SERVERLESS, "rollout": LINEAR},
        "rollout.strategy: found linear.",
    ),
    "serverless with rolling": (
        {"endpoint": SERVERLESS, "rollout": ROLLING},
        "rollout.strategy: found rolling.",
    ),
    "serverless with a bake": (
        {"endpoint": SERVERLESS, "rollout": {"bake_seconds": 60}},
        "rollout: found waits, and serverless endpoints have none.",
    ),
    "serverless with rollback alarms": (
        {"endpoint": SERVERLESS, "alarms": ERRORS},
        "alarms.rollback: found true. Serverless endpoints do not roll back by alarms. Allowed: false",
    ),
    "serverless with capture": (
        {"endpoint": SERVERLESS, "capture": {}},
        "capture: SageMaker captures data of real-time",
    ),
    "serverless with isolation": (
        {"endpoint": SERVERLESS, "network": {"isolation": True}},
        "network.isolation: found true. Allowed: false",
    ),
    "serverless in a VPC": (
        {"endpoint": SERVERLESS, "network": VPC},
        "network.subnets: serverless endpoints join no VPC",
    ),
    "serverless scaling without provisioned concurrency": (
        {"endpoint": SERVERLESS, "scaling": {"min": 1, "max": 2, "provisioned_utilization_percent": 70}},
        "scaling: a serverless endpoint scales by itself, up to endpoint.max_concurrency.",
    ),
    "provisioned concurrency to zero": (
        {"endpoint": WARM, "scaling": {"min": 0, "max": 9, "provisioned_utilization_percent": 70}},
        "scaling.min: found 0. Allowed: 1 or more",
    ),
    "provisioned concurrency above the concurrency": (
        {"endpoint": WARM, "scaling": {"min": 1, "max": 21, "provisioned_utilization_percent": 70}},
        "scaling.max: found 21. Allowed: at most endpoint.max_concurrency, 20",
    ),
    "provisioned concurrency by invocations": (
        {"endpoint": WARM, "scaling": {"min": 1, "max": 9, "invocations_per_instance": 100}},
        "scaling.invocations_per_instance: this is not what a serverless endpoint scales by. Allowed: "
        "provisioned_utilization_percent",
    ),
    "canary of one instance": (
        {"endpoint": ONE, "rollout": CANARY},
        "endpoint.instance_count: found 1. Allowed with rollout.strategy canary: 2 or more",
    ),
    "linear with one instance": ({"endpoint": ONE, "rollout": LINEAR}, "endpoint.instance_count: found 1."),
    "rolling over one instance": ({"endpoint": ONE, "rollout": ROLLING}, "endpoint.instance_count: found 1."),
    "canary of what may have scaled to one instance": (
        {
            "endpoint": REALTIME,
            "rollout": CANARY,
            "scaling": {"min": 1, "max": 4, "invocations_per_instance": 100},
        },
        "scaling.min: found 1. Allowed with rollout.strategy canary: 2 or more",
    ),
    "rolling with a termination wait": (
        {"endpoint": REALTIME, "rollout": ROLLING | {"termination_wait_seconds": 60}},
        "rollout.termination_wait_seconds: found 60. A rolling update ends the old instances",
    ),
    "waits beyond SageMaker's longest deployment": (
        {"endpoint": REALTIME, "rollout": {"strategy": "linear", "size_percent": 10, "bake_seconds": 3600}},
        "rollout.bake_seconds: found 3600, after each of 10 steps.",
    ),
    "alarms that cannot go off within the bake": (
        {
            "endpoint": REALTIME,
            "rollout": CANARY | {"bake_seconds": 100},
            "alarms": ERRORS | {"evaluation_periods": 2},
        },
        "rollout.bake_seconds: found 100. Allowed: 120 or more",
    ),
    "guardrails on Inf1": (
        {"endpoint": REALTIME | {"instance_type": "ml.inf1.xlarge"}, "rollout": CANARY},
        "rollout: found canary with 600 s of waits. Deployment guardrails do not work for ml.inf1.xlarge.",
    ),
    "realtime to zero": (
        {"endpoint": ONE, "scaling": {"min": 0, "max": 2, "invocations_per_instance": 100}},
        "scaling.min: found 0. Allowed: 1 or more; only asynchronous endpoints scale to zero",
    ),
    "realtime by backlog": (
        {"endpoint": ONE, "scaling": {"min": 1, "max": 2, "backlog_per_instance": 5}},
        "scaling.backlog_per_instance: this is not what a realtime endpoint scales by.",
    ),
    "scaling of burstable instances": (
        {
            "endpoint": ONE | {"instance_type": "ml.t2.medium"},
            "scaling": {"min": 1, "max": 2, "invocations_per_instance": 100},
        },
        "scaling: SageMaker does not scale burstable instances, and ml.t2.medium is one",
    ),
    "a start outside of the scale": (
        {"endpoint": ONE, "scaling": {"min": 2, "max": 4, "invocations_per_instance": 100}},
        "endpoint.instance_count: found 1. Allowed with scaling: min to max, 2 to 4",
    ),
    "a key for a local disk": (
        {"endpoint": ONE | {"instance_type": "ml.m5d.large"}, "kms_key": KEY},
        "kms_key: ml.m5d.large has a local disk",
    ),
    "asynchronous with capture": (
        {"endpoint": ASYNCHRONOUS, "capture": {}},
        "capture: SageMaker captures data of real-time",
    ),
    "asynchronous behind the API": (
        {"endpoint": ASYNCHRONOUS, "api": {"kind": "http_api"}},
        "api: an asynchronous endpoint answers in S3",
    ),
    "asynchronous with contract probes": (
        {"endpoint": ASYNCHRONOUS, "alarms": {"contract_failures": 1, "rollback": False}},
        "alarms.contract_failures: a rollout cannot send the cases of checks/",
    ),
}


@pytest.mark.parametrize(("document", "line"), REFUSED.values(), ids=REFUSED)
def test_refused(document, line):
    lines = refused(**document)
    assert len(lines) == 1 and lines[0].startswith(line), lines


def test_everything_that_does_not_go_together_is_reported_at_once():
    lines = refused(
        endpoint=SERVERLESS, rollout=CANARY, alarms=ERRORS, capture={}, network=VPC | {"isolation": True}
    )
    assert [line.split(":")[0] for line in lines] == [
        "rollout.strategy",
        "alarms.rollback",
        "capture",
        "network.isolation",
        "network.subnets",
    ]


ACCEPTED = {
    "a canary of two, guarded by alarms": {"endpoint": REALTIME, "rollout": CANARY, "alarms": ERRORS},
    "a canary of a fleet that scales": {
        "endpoint": REALTIME,
        "rollout": CANARY,
        "scaling": {"min": 2, "max": 4, "invocations_per_instance": 100},
    },
    "alarms that only notify, without a bake": {"endpoint": ONE, "alarms": ERRORS | {"rollback": False}},
    "one instance replaced at once, baked": {
        "endpoint": ONE,
        "rollout": {"bake_seconds": 60},
        "alarms": ERRORS,
    },
    "serverless with alarms that only notify": {
        "endpoint": SERVERLESS,
        "alarms": ERRORS | {"rollback": False},
    },
    "serverless behind the API": {"endpoint": SERVERLESS, "api": {"kind": "function_url"}},
    "scaled provisioned concurrency": {
        "endpoint": WARM,
        "scaling": {"min": 1, "max": 20, "provisioned_utilization_percent": 70},
    },
    "asynchronous to zero": {
        "endpoint": ASYNCHRONOUS,
        "scaling": {"min": 0, "max": 2, "backlog_per_instance": 5},
    },
    "everything of a realtime endpoint": {
        "endpoint": REALTIME,
        "rollout": LINEAR,
        "alarms": ERRORS | {"notify": ["arn:aws:sns:eu-west-1:123456789012:pager"]},
        "capture": {"sampling_percent": 10},
        "kms_key": KEY,
        "network": VPC | {"isolation": True},
        "api": {
            "kind": "http_api",
            "auth": "jwt",
            "jwt": {"issuer": "https://id.example.com", "audience": ["shop"]},
        },
        "tags": {"team": "reviews"},
        "production_gate": "registry",
    },
}


@pytest.mark.parametrize("document", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(document):
    assert parse(**document).name == "try"


@pytest.mark.parametrize(
    "instance_type", ["ml.m5d.large", "ml.c6gd.xlarge", "ml.g4dn.xlarge", "ml.g5.xlarge", "ml.p4de.24xlarge"]
)
def test_instances_with_a_local_disk_take_no_key(instance_type):
    assert refused(endpoint=ONE | {"instance_type": instance_type}, kms_key=KEY)[0].startswith("kms_key:")


@pytest.mark.parametrize(
    "instance_type", ["ml.m5.large", "ml.c5.xlarge", "ml.c6g.large", "ml.m7i.large", "ml.inf2.xlarge"]
)
def test_instances_without_one_do(instance_type):
    assert parse(endpoint=ONE | {"instance_type": instance_type}, kms_key=KEY).kms_key == KEY
