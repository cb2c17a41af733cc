"""Stage files: what they say, and what they answer to whoever writes them wrong."""

from pathlib import Path

import pytest

from model_deploy.core import promotion
from model_deploy.errors import StageError
from model_deploy.stage import Serverless, Stage

INSTANCES = {"kind": "realtime", "instance_type": "ml.m5.large", "instance_count": 2}


@pytest.fixture
def file(tmp_path):
    def file(text, name="staging.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return file


def refusal(document, name="staging") -> list[str]:
    """The lines of the message about a stage with these keys."""
    with pytest.raises(StageError) as caught:
        Stage.parse(document, Path(f"stages/{name}.yaml"))
    first, *lines = caught.value.message.splitlines()
    assert first.startswith(f"stages/{name}.yaml has ")
    return [line.strip() for line in lines]


# --- the stages of the repository ---


def test_every_stage_of_the_repository_can_be_used_and_one_is_the_first(repository):
    stages = {path.stem: Stage.load(path) for path in (repository / "stages").glob("*.yaml")}
    assert promotion.FIRST_STAGE in stages
    assert {name: stage.name for name, stage in stages.items()} == {name: name for name in stages}


# --- what a file may leave out ---


def test_only_the_endpoint_has_to_be_stated():
    stage = Stage.parse({"endpoint": INSTANCES}, Path("stages/try.yaml"))
    assert (stage.name, stage.rollout.strategy, stage.production_gate) == ("try", "all_at_once", "github")
    assert (stage.alarms, stage.scaling, stage.capture, stage.kms_key, stage.api) == (None,) * 5
    assert not stage.network.isolation


def test_a_serverless_endpoint_has_memory_instead_of_instances():
    endpoint = {"kind": "serverless", "memory_mb": 2048, "max_concurrency": 20}
    stage = Stage.parse({"endpoint": endpoint}, Path("stages/try.yaml"))
    assert stage.endpoint.capacity == Serverless(2048, 20, None)


def test_the_file_names_the_stage():
    assert refusal({"endpoint": INSTANCES, "name": "live"}) == [
        "name: found 'live'. Allowed: staging, as the file is called; or leave the key out."
    ]
    assert "up to 20 lower-case letters, digits and dashes" in refusal({"endpoint": INSTANCES}, "My Stage")[0]


# --- what a rollout takes ---


@pytest.mark.parametrize(
    ("rollout", "steps", "waits"),
    [
        ({"strategy": "all_at_once", "bake_seconds": 300, "termination_wait_seconds": 60}, 1, 360),
        ({"strategy": "canary", "size_percent": 10, "bake_seconds": 300}, 2, 600),
        (
            {"strategy": "linear", "size_percent": 33, "bake_seconds": 60, "termination_wait_seconds": 30},
            4,
            270,
        ),
        ({"strategy": "rolling", "size_percent": 25, "bake_seconds": 60}, 4, 240),
    ],
)
def test_a_rollout_bakes_after_each_of_its_steps(rollout, steps, waits):
    stage = Stage.parse({"endpoint": INSTANCES, "rollout": rollout}, Path("stages/try.yaml"))
    assert (stage.rollout.steps, stage.rollout.waits_seconds) == (steps, waits)
    assert waits < stage.rollout.timeout_seconds <= 28800


# --- mistakes in one place ---


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({}, "endpoint: missing. It is what serves the model."),
        (
            {"endpoint": INSTANCES, "endpont": 1},
            "endpont: unknown key. Did you mean endpoint? Allowed: name, endpoint, rollout, alarms, scaling, capture, "
            "kms_key, network, tags, api, production_gate.",
        ),
        (
            {"endpoint": INSTANCES | {"kind": "batch"}},
            "endpoint.kind: found 'batch'. Allowed: realtime, serverless or asynchronous.",
        ),
        (
            {"endpoint": INSTANCES | {"instance_type": "m5.large"}},
            "endpoint.instance_type: found 'm5.large'. Allowed: an instance type, such as ml.m5.large.",
        ),
        (
            {"endpoint": INSTANCES | {"instance_count": 0}},
            "endpoint.instance_count: found 0. Allowed: at least 1.",
        ),
        (
            {"endpoint": INSTANCES | {"fallback_instance_types": ["ml.m5.xlarge"]}},
            "endpoint.fallback_instance_types: SageMaker's InstancePools, an ordered list of instance types, are not offered "
            "for endpoints: the share of a canary, scaling and the change of a type are made for one. Leave the key out, and "
            "name another instance_type where there is no machine of it.",
        ),
        (
            {"endpoint": INSTANCES | {"instance_count": "2"}},
            "endpoint.instance_count: found '2'. Allowed: a whole number.",
        ),
        (
            {"endpoint": {"kind": "realtime", "instance_type": "ml.m5.large"}},
            "endpoint.instance_count: missing. It is the number of the endpoint's instances.",
        ),
        (
            {"endpoint": INSTANCES | {"memory_mb": 2048}},
            "endpoint.memory_mb: only a serverless endpoint has that, and this one is realtime; leave the key out.",
        ),
        (
            {"endpoint": {"kind": "serverless", "memory_mb": 1500, "max_concurrency": 5}},
            "endpoint.memory_mb: found 1500. Allowed: 1024, 2048, 3072, 4096, 5120 or 6144.",
        ),
        (
            {"endpoint": {"kind": "serverless", "memory_mb": 1024, "max_concurrency": 201}},
            "endpoint.max_concurrency: found 201. Allowed: at most 200.",
        ),
        (
            {
                "endpoint": {
                    "kind": "serverless",
                    "memory_mb": 1024,
                    "max_concurrency": 5,
                    "provisioned_concurrency": 6,
                }
            },
            "endpoint.provisioned_concurrency: found 6. Allowed: at most max_concurrency, 5.",
        ),
        (
            {
                "endpoint": {
                    "kind": "serverless",
                    "memory_mb": 1024,
                    "max_concurrency": 5,
                    "instance_type": "ml.g5.xlarge",
                }
            },
            "endpoint.instance_type: a serverless endpoint has no instances, nor GPUs; leave the key out.",
        ),
        (
            {"endpoint": INSTANCES, "rollout": {"strategy": "canary"}},
            "rollout.size_percent: missing. It is the percentage of the fleet that a canary step moves, 1 to 50.",
        ),
        (
            {"endpoint": INSTANCES, "rollout": {"strategy": "canary", "size_percent": 51}},
            "rollout.size_percent: found 51. Allowed with canary: 1 to 50.",
        ),
        (
            {"endpoint": INSTANCES, "rollout": {"strategy": "linear", "size_percent": 9}},
            "rollout.size_percent: found 9. Allowed with linear: 10 to 50.",
        ),
        (
            {"endpoint": INSTANCES, "rollout": {"strategy": "rolling", "size_percent": 4}},
            "rollout.size_percent: found 4. Allowed with rolling: 5 to 50.",
        ),
        (
            {"endpoint": INSTANCES, "rollout": {"size_percent": 50}},
            "rollout.size_percent: with strategy all_at_once the whole fleet moves in one step; leave the key out.",
        ),
        (
            {"endpoint": INSTANCES, "rollout": {"bake_seconds": 3601}},
            "rollout.bake_seconds: found 3601. Allowed: at most 3600.",
        ),
        (
            {"endpoint": INSTANCES, "alarms": {"period_seconds": 60}},
            "alarms: no threshold. State at least one of invocation_5xx_percent, invocation_4xx_percent, latency_p99_ms, "
            "contract_failures, or leave the key out.",
        ),
        (
            {"endpoint": INSTANCES, "alarms": {"latency_p99_ms": float("inf")}},
            "alarms.latency_p99_ms: found inf. Allowed: a finite number.",
        ),
        (
            {"endpoint": INSTANCES, "alarms": {"latency_p99_ms": 500, "period_seconds": 90}},
            "alarms.period_seconds: found 90. Allowed: multiples of 60, since SageMaker sends its metrics once a minute.",
        ),
        (
            {"endpoint": INSTANCES, "scaling": {"min": 3, "max": 2, "invocations_per_instance": 100}},
            "scaling.min: found 3. Allowed: at most max, 2.",
        ),
        (
            {"endpoint": INSTANCES, "scaling": {"min": 1, "max": 2}},
            "scaling: found no target. Allowed: exactly one of invocations_per_instance, backlog_per_instance, "
            "provisioned_utilization_percent.",
        ),
        (
            {"endpoint": INSTANCES, "network": {"subnets": ["subnet-1"]}},
            "network.security_groups: missing. A VPC takes both subnets and security_groups.",
        ),
        (
            {"endpoint": INSTANCES, "tags": {"cost-centre": 12}},
            "tags.cost-centre: found 12. Allowed: text. Put it in quotes, or YAML reads it as something else.",
        ),
        (
            {"endpoint": INSTANCES, "tags": {"sagemaker:project-name": "x"}},
            "tags.sagemaker:project-name: found 'sagemaker:project-name'. Allowed: no aws: or sagemaker: in front; those "
            "are AWS's and this tool's.",
        ),
        (
            {"endpoint": INSTANCES, "tags": {"note": "x" * 999}},
            "tags.note: found '" + "x" * 79 + ". Allowed: up to 256 letters, digits, spaces and _.:/=+-@.",
        ),
        (
            {"endpoint": INSTANCES, "tags": {f"note-{number}": "x" * 250 for number in range(4)}},
            "tags: found 4, of 1024 characters. Allowed: 10, of 1000 in all; every resource of the template repeats them, "
            "and a template has 51,200 bytes.",
        ),
        (
            {"endpoint": INSTANCES, "api": {"kind": "http_api", "auth": "jwt"}},
            "api.jwt: missing. It is the issuer and the audience of the tokens.",
        ),
        (
            {"endpoint": INSTANCES, "api": {"kind": "function_url", "auth": "jwt"}},
            "api.auth: found jwt. Allowed: iam, public; a function URL cannot check tokens, an http_api can.",
        ),
        (
            {"endpoint": INSTANCES, "api": {"kind": "function_url", "burst": 5}},
            "api.burst: only an HTTP API limits the rate of requests, a function URL has concurrency; leave the key out.",
        ),
    ],
)
def test_a_mistake_is_named_with_its_key_what_was_found_and_what_is_allowed(document, line):
    assert refusal(document) == [line]


def test_every_mistake_is_reported_at_once():
    document = {
        "endpoint": INSTANCES | {"instance_count": 0},
        "capture": {"sampling_percent": 0},
        "gate": "github",
    }
    assert [line.split(":")[0] for line in refusal(document)] == [
        "endpoint.instance_count",
        "capture.sampling_percent",
        "gate",
    ]


# --- files ---


def test_a_missing_stage_is_answered_with_those_that_there_are(file):
    path = file("endpoint: {}", "production.yaml")
    with pytest.raises(StageError, match=r"There is no stage .*live\.yaml\. Stages beside it: production\."):
        Stage.load(path.parent / "live.yaml")


def test_broken_yaml_is_answered_with_its_line(file):
    with pytest.raises(StageError, match=r"staging\.yaml is not valid YAML: line 1, column 11"):
        Stage.load(file("endpoint: }"))


def test_a_key_given_twice_is_refused(file):
    with pytest.raises(StageError, match="the key kind is given twice"):
        Stage.load(file("endpoint:\n  kind: realtime\n  kind: serverless\n"))


def test_an_empty_file_is_told_what_it_needs(file):
    with pytest.raises(StageError, match=r"holds no keys\. A stage needs at least: endpoint"):
        Stage.load(file("# nothing yet\n"))


# --- bakes that end too soon ---

BAKED = {"strategy": "canary", "size_percent": 50, "bake_seconds": 300}
ALARMED = {"contract_failures": 1, "period_seconds": 60, "evaluation_periods": 2}


@pytest.mark.parametrize(
    ("rollout", "alarms", "warned"),
    [
        (BAKED, ALARMED, False),
        (BAKED | {"bake_seconds": 240}, ALARMED, False),
        (BAKED | {"bake_seconds": 239}, ALARMED, True),
        (BAKED, ALARMED | {"evaluation_periods": 5}, True),
        (BAKED | {"bake_seconds": 60}, ALARMED | {"evaluation_periods": 1, "rollback": False}, False),
        ({"strategy": "all_at_once"}, None, False),
    ],
)
def test_bakes_that_may_end_before_a_killed_command_is_noticed_are_warned_of(rollout, alarms, warned):
    document = {"endpoint": INSTANCES, "rollout": rollout} | ({"alarms": alarms} if alarms else {})
    stage = Stage.parse(document, Path("stages/production.yaml"))
    assert len(stage.warnings) == warned
    for warning in stage.warnings:
        assert "may end before CloudWatch notices that a command was killed" in warning


def test_the_stages_of_the_repository_are_noticed_in_time(repository):
    assert [Stage.load(path).warnings for path in (repository / "stages").glob("*.yaml")] == [(), ()]


# --- APIs that everybody may call ---

PUBLIC = {
    "http_api": (
        {"requests_per_second": 20, "burst": 40},
        "up to 20 times a second, which is 1,728,000 times a day",
    ),
    "function_url": ({"concurrency": 3}, "up to 30 times a second, which is 2,592,000 times a day"),
}


@pytest.mark.parametrize("kind", PUBLIC)
def test_an_api_for_everybody_states_its_limit_and_is_warned_of(kind):
    limits, said = PUBLIC[kind]
    api = {"kind": kind, "auth": "public"} | limits
    stage = Stage.parse({"endpoint": INSTANCES, "api": api}, Path("stages/production.yaml"))
    [warning] = stage.warnings
    assert warning.startswith(
        "api.auth: public: whoever knows the address may ask the model, without credentials, "
    )
    assert said in warning
    signed = Stage.parse(
        {"endpoint": INSTANCES, "api": api | {"auth": "iam"}}, Path("stages/production.yaml")
    )
    assert signed.warnings == ()


@pytest.mark.parametrize(
    ("api", "line"),
    [
        (
            {"kind": "http_api", "auth": "public", "burst": 5},
            "api.requests_per_second: missing. It is how much everybody",
        ),
        (
            {"kind": "http_api", "auth": "public", "requests_per_second": 5},
            "api.burst: missing. It is how much everybody",
        ),
        (
            {"kind": "function_url", "auth": "public"},
            "api.concurrency: missing. It is how much everybody together may ask",
        ),
        ({"kind": "function_url", "auth": "public", "concurrency": 0}, "api.concurrency: found 0"),
        ({"kind": "http_api", "concurrency": 3}, "api.concurrency:"),
        ({"kind": "http_api", "auth": "anybody"}, "api.auth: found 'anybody'. Allowed: iam, jwt or public"),
    ],
)
def test_an_api_for_everybody_without_a_limit_of_its_kind_is_refused(api, line):
    with pytest.raises(StageError) as refused:
        Stage.parse({"endpoint": INSTANCES, "api": api}, Path("stages/production.yaml"))
    assert line in str(refused.value)
