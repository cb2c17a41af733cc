"""Properties of the endpoint stack that no linter knows: names, reach, what is public, what fits into what."""

import importlib
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest

from model_deploy.core import archive
from model_deploy.core.plan import template_diff
from model_deploy.core.plan.deployment import Deployment
from model_deploy.stacks import synthesise
from model_deploy.stage import Stage

REALTIME = {"kind": "realtime", "instance_type": "ml.m5.large", "instance_count": 2}
CANARY = {"strategy": "canary", "size_percent": 50, "bake_seconds": 300}
ALARMS = {
    "invocation_5xx_percent": 1,
    "invocation_4xx_percent": 5,
    "latency_p99_ms": 250,
    "contract_failures": 2,
    "notify": ["arn:aws:sns:eu-west-1:123456789012:pager"],
}
POLICY = {"default": "all", "audiences": {"all": {"insult": "block"}}}
JWT = {"issuer": "https://id.example.com", "audience": ["shop"]}
STAGES: dict[str, dict[str, Any]] = {
    "http": {
        "endpoint": REALTIME,
        "rollout": CANARY,
        "alarms": ALARMS,
        "scaling": {"min": 2, "max": 4, "invocations_per_instance": 100},
        "capture": {},
        "api": {"kind": "http_api", "policy": POLICY},
    },
    "tokens": {"endpoint": REALTIME, "api": {"kind": "http_api", "auth": "jwt", "jwt": JWT}},
    "url": {"endpoint": REALTIME, "api": {"kind": "function_url"}},
    "public": {"endpoint": REALTIME, "api": {"kind": "function_url", "auth": "public", "concurrency": 2}},
    "sleepy": {
        "endpoint": {"kind": "asynchronous", "instance_type": "ml.m5.large", "instance_count": 1},
        "scaling": {"min": 0, "max": 2, "backlog_per_instance": 5},
        "kms_key": "alias/models",
    },
}
# The longest names that a project and a stage may have: 32 and 20 characters.
PROJECT = "reviews-of-the-whole-wide-world1"
NAME = "a-stage-of-20-chars1"
PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/reviews-models/7"


def deployment(document: dict[str, Any], name: str = NAME, **changes: Any) -> Deployment:
    stage = Stage.parse(document, Path(f"stages/{name}.yaml"))
    return Deployment(
        **{
            "stage": stage,
            "model_package_arn": PACKAGE,
            "image": "blazingtext:1",
            "model_uri": "s3://reviews-artifacts/deploy/live/models/aaa/model.tar.gz",
            "project_name": PROJECT,
            "project_id": "p-abc123",
            "region": "eu-west-1",
            "bucket": "reviews-artifacts",
            "endpoint_role_arn": "arn:aws:iam::123456789012:role/reviews-endpoint",
            "api_archive": "code/deploy/live/aaa/api.zip" if stage.api else None,
            **changes,
        }
    )


def rendered(document: dict[str, Any], name: str = NAME, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(synthesise(deployment(document, name, **changes)))
    return made


@pytest.fixture(scope="module")
def templates() -> dict[str, dict[str, Any]]:
    """The template of each stage."""
    return {kind: rendered(document) for kind, document in STAGES.items()}


def properties(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The properties of the resources of that type."""
    found = template["Resources"].values()
    return [each["Properties"] for each in found if each["Type"] == f"AWS::{kind}"]


def values(node: Any, key: str) -> list[Any]:
    """Every value of a key, wherever it stands."""
    if isinstance(node, dict):
        own = [node[key]] if key in node else []
        return own + [value for each in node.values() for value in values(each, key)]
    return [value for each in node for value in values(each, key)] if isinstance(node, list) else []


PHYSICAL = {
    "CloudWatch::Alarm": "AlarmName",
    "CloudWatch::Dashboard": "DashboardName",
    "SageMaker::Endpoint": "EndpointName",
    "Lambda::Function": "FunctionName",
    "Logs::LogGroup": "LogGroupName",
    "ApiGatewayV2::Api": "Name",
    "ApiGatewayV2::Stage": "StageName",
    "ApplicationAutoScaling::ScalingPolicy": "PolicyName",
    "ApplicationAutoScaling::ScalableTarget": "ResourceId",
}


def names(template: dict[str, Any]) -> list[tuple[str, str]]:
    """The names that the template gives, each with its kind."""
    return [(kind, each[key]) for kind, key in PHYSICAL.items() for each in properties(template, kind)]


@pytest.mark.parametrize("kind", STAGES)
def test_every_name_holds_the_projects_and_the_stages(templates, kind):
    found = names(templates[kind])
    assert len(found) == len(set(found)) >= 2
    assert [name for _, name in found if f"{PROJECT}-{NAME}" not in name] == []


def test_two_stages_of_a_project_share_no_name(templates):
    other = rendered(STAGES["http"], "another")
    assert set(names(templates["http"])) & set(names(other)) == set()


@pytest.mark.parametrize(
    ("service", "shape", "member", "kind"),
    [
        ("sagemaker", "CreateEndpointInput", "EndpointName", "SageMaker::Endpoint"),
        ("cloudwatch", "PutMetricAlarmInput", "AlarmName", "CloudWatch::Alarm"),
        ("logs", "CreateLogGroupRequest", "logGroupName", "Logs::LogGroup"),
        (
            "application-autoscaling",
            "PutScalingPolicyRequest",
            "PolicyName",
            "ApplicationAutoScaling::ScalingPolicy",
        ),
    ],
)
def test_the_longest_names_are_not_longer_than_their_services_take(templates, service, shape, member, kind):
    model = botocore.session.get_session().get_service_model(service)
    most = model.shape_for(shape).members[member].metadata["max"]
    found = [each[PHYSICAL[kind]] for template in templates.values() for each in properties(template, kind)]
    assert found
    assert max(map(len, found)) <= most


def test_the_longest_names_of_functions_and_gateways_fit_too(templates):
    # FunctionName: 64 characters (Lambda API reference). Api and Stage: 128 (API Gateway quotas).
    for kind, most in (("Lambda::Function", 64), ("ApiGatewayV2::Api", 128), ("ApiGatewayV2::Stage", 128)):
        found = [
            each[PHYSICAL[kind]] for template in templates.values() for each in properties(template, kind)
        ]
        assert max(map(len, found)) <= most


# What outlives what


@pytest.mark.parametrize("kind", STAGES)
def test_only_the_model_and_its_configuration_outlive_the_stack(templates, kind):
    kept = {
        name
        for name, each in templates[kind]["Resources"].items()
        if "Retain" in (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy"))
    }
    assert kept == {"Model", "EndpointConfig"}


def test_what_names_the_endpoint_without_a_reference_comes_after_it(templates):
    after = {
        name
        for template in templates.values()
        for name, each in template["Resources"].items()
        if "Endpoint" in each.get("DependsOn", ())
    }
    assert after == {"ScalableTarget", "ApiFunction"}


# Who may do what


def test_no_role_may_do_everything_or_anything_to_everything(templates):
    for template in templates.values():
        statements = [
            each for document in values(template, "PolicyDocument") for each in document["Statement"]
        ]
        assert [each for each in statements if "*" in json.dumps([each["Action"], each["Resource"]])] == []
        assert {each["Effect"] for each in statements} <= {"Allow"}


def test_the_role_lies_below_the_projects_own_path_and_has_no_name(templates):
    [role] = properties(templates["http"], "IAM::Role")
    path = (
        botocore.session.get_session().get_service_model("iam").shape_for("CreateRoleRequest").members["Path"]
    )
    assert role["Path"] == f"/sagemaker-projects/{PROJECT}/endpoints/"
    assert len(role["Path"]) <= path.metadata["max"]
    assert "RoleName" not in role


@pytest.mark.parametrize("kind", [kind for kind in STAGES if kind != "public"])
def test_nothing_is_open_to_everybody_unless_the_stage_says_public(templates, kind):
    template = templates[kind]
    assert "*" not in values(template, "Principal")
    assert "NONE" not in values(template, "AuthType") + values(template, "AuthorizationType")
    assert values(template, "Cors") + values(template, "CorsConfiguration") == []


def test_the_gateway_alone_may_call_the_function_behind_it_and_by_one_route(templates):
    for kind in ("http", "tokens"):
        [permission] = properties(templates[kind], "Lambda::Permission")
        assert permission["Action"] == "lambda:InvokeFunction"
        [route] = properties(templates[kind], "ApiGatewayV2::Route")
        assert route["RouteKey"] == "POST /classify"


def test_the_access_log_holds_no_header_no_body_and_no_credential(templates):
    [stage] = properties(templates["http"], "ApiGatewayV2::Stage")
    fields = json.loads(stage["AccessLogSettings"]["Format"])
    assert {value.removeprefix("$context.") for value in fields.values()} == {
        *("requestId", "requestTime", "identity.sourceIp", "routeKey", "status", "responseLatency"),
        *("error.message", "integrationErrorMessage", "authorizer.error"),
    }


# The function


@pytest.fixture
def config(repository, tmp_path, monkeypatch):
    """The configuration of the client that the function asks the endpoint with."""
    stated = {"version": 1, "labels": ["a"], "multi_label": False, "text_rules": {}}
    contract = {
        "contract.json": json.dumps(stated).encode(),
        "text_rules.py": b"def tokenise(t, r): return t",
    }
    with zipfile.ZipFile(io.BytesIO(archive.build(repository / "api", contract).content)) as zipped:
        zipped.extractall(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("ENDPOINT_NAME", "shop")
    made = []
    monkeypatch.setattr(boto3, "client", lambda service, config: made.append(config))
    handler = importlib.import_module("handler")
    context = {"http": {"method": "POST"}}
    handler.handle({"rawPath": "/classify", "requestContext": context, "body": '{"texts": ["a"]}'}, None)
    for path in (repository / "api").glob("*.py"):
        sys.modules.pop(path.stem, None)
    return made[0]


def test_the_function_ends_before_the_gateway_gives_up_and_after_its_own_calls(templates, config):
    [function] = properties(templates["http"], "Lambda::Function")
    calls = config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout)
    # An HTTP API waits 30 s for its integration: "Quotas for HTTP APIs", API Gateway developer guide.
    assert calls < function["Timeout"] < 30


def test_the_runtime_is_one_that_lambda_has(templates):
    [function] = properties(templates["url"], "Lambda::Function")
    known = botocore.session.get_session().get_service_model("lambda").shape_for("Runtime").enum
    assert function["Runtime"] in known
    assert function["Architectures"] == ["arm64"]


def policy(labels: int) -> dict[str, Any]:
    named = {f"label-{number:04}": "block" for number in range(labels)}
    return {"default": "all", "audiences": {"all": named}}


def test_the_largest_policy_fits_into_the_functions_variables():
    def is_taken(labels):
        api = {"kind": "function_url", "policy": policy(labels)}
        try:
            return bool(Stage.parse({"endpoint": REALTIME, "api": api}, Path("stages/try.yaml")))
        except Exception as error:
            assert "api.policy: found " in str(
                error
            ) and "Allowed: 4000, since the function gets it in" in str(error)
            return False

    most = max(labels for labels in range(60, 200) if is_taken(labels))
    assert not is_taken(most + 1)
    document = {"endpoint": REALTIME, "api": {"kind": "function_url", "policy": policy(most)}}
    [function] = properties(rendered(document), "Lambda::Function")
    variables = json.dumps(function["Environment"]["Variables"], separators=(",", ":"))
    assert len(variables.encode()) <= 4096


# The model


def test_a_packages_environment_cannot_say_that_it_is_another_package():
    made = rendered({"endpoint": REALTIME}, environment={"MODEL_PACKAGE_ARN": "arn:other", "THREADS": "2"})
    [model] = properties(made, "SageMaker::Model")
    assert model["PrimaryContainer"]["Environment"] == {"MODEL_PACKAGE_ARN": PACKAGE, "THREADS": "2"}


def test_an_endpoint_has_one_variant_of_the_same_name_in_every_stage(templates):
    for template in templates.values():
        [configuration] = properties(template, "SageMaker::EndpointConfig")
        [variant] = configuration["ProductionVariants"]
        assert (variant["VariantName"], variant["InitialVariantWeight"]) == ("AllTraffic", 1)


@pytest.mark.parametrize(
    ("project", "stage", "expected"),
    [
        (None, None, None),
        ("arn:project", None, "arn:project"),
        (None, "alias/stage", "alias/stage"),
        ("arn:p", "alias/s", "arn:p"),
    ],
)
def test_outputs_are_encrypted_with_the_projects_key_before_the_stages(project, stage, expected):
    document = STAGES["sleepy"] | {"kms_key": stage}
    [configuration] = properties(rendered(document, kms_key=project), "SageMaker::EndpointConfig")
    assert configuration["AsyncInferenceConfig"]["OutputConfig"].get("KmsKeyId") == expected
    assert configuration.get("KmsKeyId") == stage


# Alarms and dashboard


def test_an_excused_alarm_stays_and_does_not_roll_the_update_back(templates):
    excused = rendered(STAGES["http"], excused_alarms=("Latency", "ServerErrors"))
    usual = templates["http"]
    [endpoint] = properties(excused, "SageMaker::Endpoint")
    alarms = endpoint["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    assert [each["AlarmName"]["Ref"] for each in alarms] == ["ClientErrors", "ContractFailures", "Unwatched"]
    assert {name: each for name, each in excused["Resources"].items() if name != "Endpoint"} == {
        name: each for name, each in usual["Resources"].items() if name != "Endpoint"
    }
    assert template_diff.same(json.dumps(usual), json.dumps(excused))


def test_as_many_alarms_roll_back_as_sagemaker_takes(templates):
    model = botocore.session.get_session().get_service_model("sagemaker")
    most = model.shape_for("AutoRollbackConfig").members["Alarms"].metadata["max"]
    [endpoint] = properties(templates["http"], "SageMaker::Endpoint")
    assert len(endpoint["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]) == 5 <= most


def test_whoever_is_to_be_told_is_told_of_every_alarm_but_the_one_that_always_rings(templates):
    told = {
        each["AlarmName"].rpartition("-")[2]: "AlarmActions" in each
        for each in properties(templates["http"], "CloudWatch::Alarm")
    }
    assert told == {
        "ServerErrors": True,
        "ClientErrors": True,
        "Latency": True,
        "ContractFailures": True,
        "Unwatched": False,
    }


def metrics(template: dict[str, Any]) -> list[tuple[dict[str, Any], list[Any]]]:
    [dashboard] = properties(template, "CloudWatch::Dashboard")
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]
    return [(widget, metric) for widget in widgets for metric in widget["properties"]["metrics"]]


def test_the_dashboard_shows_every_metric_that_an_alarm_watches(templates):
    shown = {(metric[0], metric[1]) for _, metric in metrics(templates["http"])}
    watched = {
        (each["Namespace"], each["MetricName"]) for each in properties(templates["http"], "CloudWatch::Alarm")
    }
    assert watched - shown == {("ModelDeploy", "Watched")}


@pytest.mark.parametrize("kind", STAGES)
def test_the_dashboard_shows_this_endpoint_and_this_function_in_this_region(templates, kind):
    allowed = {
        "EndpointName": f"{PROJECT}-{NAME}",
        "VariantName": "AllTraffic",
        "FunctionName": f"{PROJECT}-{NAME}-api",
    }
    for widget, metric in metrics(templates[kind]):
        stated = [each for each in metric[2:] if isinstance(each, str)]
        assert allowed.items() >= dict(zip(stated[::2], stated[1::2], strict=True)).items()
        assert widget["properties"]["region"] == "eu-west-1"


@pytest.mark.parametrize("kind", STAGES)
def test_widgets_stand_beside_and_below_each_other(templates, kind):
    [dashboard] = properties(templates[kind], "CloudWatch::Dashboard")
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]
    places = [(widget["x"], widget["y"]) for widget in widgets]
    expected = [(0, 0), (12, 0), (0, 6), (12, 6), (0, 12)]
    assert places == expected[: len(places)]
    assert all(widget["x"] + widget["width"] <= 24 and widget["height"] == 6 for widget in widgets)
    titles = [widget["properties"]["title"] for widget in widgets]
    assert ("API" in titles) is ("api" in STAGES[kind])
