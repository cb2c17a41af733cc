"""The templates in the eyes of cfn-lint and cdk-nag: nothing to say about any of them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from model_common.cdk import prepare
from model_deploy.core.plan.deployment import Deployment
from model_deploy.stacks import synthesise
from model_deploy.stage import Stage

REALTIME = {"kind": "realtime", "instance_type": "ml.m5.large", "instance_count": 2}
ALARMS = {
    "invocation_5xx_percent": 1,
    "invocation_4xx_percent": 5,
    "latency_p99_ms": 250,
    "contract_failures": 1,
}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:pager"

# Between them they have every resource and every property that a stage can lead to.
STAGES: dict[str, dict[str, Any]] = {
    "everything": {
        "endpoint": REALTIME,
        "rollout": {
            "strategy": "linear",
            "size_percent": 50,
            "bake_seconds": 300,
            "termination_wait_seconds": 60,
        },
        "alarms": ALARMS | {"notify": [TOPIC]},
        "scaling": {"min": 2, "max": 4, "invocations_per_instance": 600},
        "capture": {"sampling_percent": 50},
        "kms_key": "alias/models",
        "network": {
            "isolation": True,
            "subnets": ["subnet-0123456789abcdef0"],
            "security_groups": ["sg-0123456789abcdef0"],
        },
        "tags": {"team": "reviews"},
        "api": {
            "kind": "http_api",
            "auth": "jwt",
            "jwt": {"issuer": "https://id.example.com", "audience": ["shop"]},
            "requests_per_second": 50,
            "burst": 100,
        },
    },
    "rolling": {
        "endpoint": REALTIME,
        "rollout": {"strategy": "rolling", "size_percent": 50, "bake_seconds": 60},
        "alarms": {"latency_p99_ms": 100},
        "api": {"kind": "function_url"},
    },
    "public": {
        "endpoint": REALTIME,
        "api": {"kind": "function_url", "auth": "public", "concurrency": 5},
    },
    "serverless": {
        "endpoint": {
            "kind": "serverless",
            "memory_mb": 2048,
            "max_concurrency": 20,
            "provisioned_concurrency": 5,
        },
        "alarms": ALARMS | {"rollback": False},
        "scaling": {"min": 1, "max": 10, "provisioned_utilization_percent": 70},
        "api": {"kind": "http_api"},
    },
    "asynchronous": {
        "endpoint": {"kind": "asynchronous", "instance_type": "ml.m5.large", "instance_count": 1},
        "scaling": {"min": 0, "max": 2, "backlog_per_instance": 5},
        "kms_key": "alias/models",
    },
}


def deployment(stage: Stage) -> Deployment:
    return Deployment(
        stage=stage,
        model_package_arn="arn:aws:sagemaker:eu-west-1:123456789012:model-package/reviews-models/7",
        image="blazingtext:1",
        model_uri="s3://reviews-artifacts/deploy/live/models/aaa/model.tar.gz",
        project_name="reviews",
        project_id="p-abc123",
        region="eu-west-1",
        bucket="reviews-artifacts",
        endpoint_role_arn="arn:aws:iam::123456789012:role/reviews-endpoint",
        api_archive="code/deploy/live/aaa/api.zip" if stage.api else None,
        api_archive_version="version-1" if stage.api else None,
        permissions_boundary="arn:aws:iam::123456789012:policy/reviews-boundary",
    )


@pytest.fixture(scope="module")
def deployments(repository) -> dict[str, Deployment]:
    stages = {name: Stage.parse(stage, Path(f"stages/{name}.yaml")) for name, stage in STAGES.items()}
    poured = {path.stem: Stage.load(path) for path in (repository / "stages").glob("*.yaml")}
    return {name: deployment(stage) for name, stage in (stages | poured).items()}


@pytest.mark.slow
def test_cfn_lint_finds_nothing(deployments, tmp_path):
    pytest.importorskip("cfnlint", reason="cfn-lint is not installed")
    for name, each in deployments.items():
        (tmp_path / f"{name}.json").write_text(synthesise(each))
    command = [
        sys.executable,
        "-c",
        "from cfnlint.runner import main; main()",
        "--regions",
        "eu-west-1",
        "us-east-1",
        "--",
        *map(str, tmp_path.iterdir()),
    ]
    result = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "ignore"}
    )
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr


def nagged(deployments, folder, spoil=lambda stack: None) -> list[str]:
    """What the AwsSolutions rules say about the stacks: the names of the rules that are broken."""
    prepare()
    cdk_nag = pytest.importorskip("cdk_nag", reason="cdk-nag is not installed")
    import aws_cdk as cdk

    from model_deploy.stacks.template import EndpointStack

    app = cdk.App(outdir=str(folder), analytics_reporting=False)
    for each in deployments:
        spoil(EndpointStack(app, each))
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        assert "ValidationFailed" in str(error)
    reports = json.loads((folder / "validation-report.json").read_text())["pluginReports"]
    return [violation["ruleName"] for report in reports for violation in report["violations"]]


@pytest.mark.slow
def test_cdk_nag_finds_nothing(deployments, tmp_path):
    assert nagged(deployments.values(), tmp_path) == []


@pytest.mark.slow
def test_cdk_nag_would_find_a_route_without_authorisation(deployments, tmp_path):
    def open_the_door(stack):
        stack.node.find_child("HttpApiRoute").authorization_type = "NONE"

    assert nagged([deployments["production"]], tmp_path, open_the_door) == ["AwsSolutions-APIG4"]
