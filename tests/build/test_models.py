"""`model-build models`, `approve`, `reject` and `stop`: registered versions, and what is decided about them."""

import json
import re
import shlex

import pytest
from typer.testing import CliRunner

from model_build.aws.champion import resolve
from model_build.cli import app
from model_build.commands.models import next_step, of

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"


@pytest.fixture
def call(aws):
    def call(*arguments):
        return CliRunner().invoke(app, arguments, env=aws.environment)

    return call


@pytest.fixture
def register(aws):
    aws.client("s3").put_object(Bucket=aws.bucket, Key="model.tar.gz", Body=b"a model")

    def register(figure=None, **metadata):
        statistics = f"s3://{aws.bucket}/runs/x/evaluate/evaluation/model_quality.json"
        if figure is not None:
            gate = {"metric": "macro_f1", "candidate": figure}
            key = statistics.removeprefix(f"s3://{aws.bucket}/").replace("model_quality", "evaluation")
            aws.client("s3").put_object(Bucket=aws.bucket, Key=key, Body=json.dumps({"gate": gate}))
        return aws.client("sagemaker").create_model_package(
            ModelPackageGroupName=aws.group,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [{"Image": IMAGE, "ModelDataUrl": f"s3://{aws.bucket}/model.tar.gz"}],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            ModelMetrics={
                "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": statistics}}
            },
            CustomerMetadataProperties={"recipe": "garments", **metadata},
        )["ModelPackageArn"]

    return register


def test_models_lists_the_versions_newest_first_with_gate_approval_and_where_they_are_live(
    aws, call, register
):
    register()
    second = register(0.71239, forced="none", problem="clothes")
    third = register(0.71239, forced="a demonstration")
    aws.client("sagemaker").update_model_package(
        ModelPackageArn=second,
        ModelApprovalStatus="Approved",
        ApprovalDescription="good\nenough",
        ModelLifeCycle={"Stage": "Production", "StageStatus": "Live"},
    )
    heading, *rows = call("models").stdout.splitlines()
    cells = [re.split(r"\s{2,}", row) for row in rows]
    assert re.split(r"\s{2,}", heading) == [
        "version", "registered", "recipe", "problem", "gate", "approval", "live in",
    ]  # fmt: skip
    assert [each[0] for each in cells] == ["3", "2", "1"]
    assert cells[0][4:] == ["macro_f1 0.7124 (forced)", "pending approval", "-"]
    assert cells[1][2:] == ["garments", "clothes", "macro_f1 0.7124", "approved (good enough)", "production"]
    newest, *_ = json.loads(call("models", "--json", "--limit", "1").stdout)["models"]
    assert newest["model_package_arn"] == third
    assert newest["gate"] == {"metric": "macro_f1", "value": 0.71239, "forced": "a demonstration"}


def test_without_versions_models_says_what_registers_one(aws, call):
    assert call("models").stdout == f"{aws.group} has no version yet: `model-build run` registers one.\n"
    refused = call("approve", "latest", "--why", "x")
    assert refused.exit_code == 2
    assert "has no version yet" in refused.stderr


def test_a_version_is_approved_and_rejected_by_number_latest_or_arn_with_its_reason(aws, call, register):
    first, second = register(), register()

    def stated(arn):
        found = aws.client("sagemaker").describe_model_package(ModelPackageName=arn)
        return found["ModelApprovalStatus"], found["ApprovalDescription"]

    done = call("approve", "1", "--why", "reads well")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[:2] == [
        "Version 1 is approved (it was pending approval): reads well.",
        first,
    ]
    assert stated(first) == ("Approved", "reads well")
    assert call("approve", "latest", "--why", "too").exit_code == 0
    assert stated(second) == ("Approved", "too")
    done = call("reject", second, "--why", "wrong after all")
    assert "is rejected (it was approved)" in done.stdout
    assert stated(second) == ("Rejected", "wrong after all")
    assert json.loads(call("approve", "1", "--why", "again", "--json").stdout)["before"] == "Approved"


def test_an_approver_releases_for_production_where_the_registry_is_the_gate(aws, call, register):
    arn = register()
    assert "may go to production" in call("approve", "1", "--why", "fit", "--for-production").stdout
    cycle = aws.client("sagemaker").describe_model_package(ModelPackageName=arn)["ModelLifeCycle"]
    assert (cycle["Stage"], cycle["StageStatus"], cycle["StageDescription"]) == (
        "Production",
        "Approved",
        "fit",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("7", "--why", "x"), "has no version 7. It has 1."),
        (("arn:aws:s3:::shop", "--why", "x"), "The registry has no model package arn:aws:s3:::shop ("),
        (("ARN0", "--why", "x"), "does not exist). `model-build models` lists the versions."),
        (("one", "--why", "x"), "'one' names no model package: expected the number of a version"),
        (("1", "--why", "  "), "--why needs a reason"),
        (("1", "--why", "x" * 1025), "--why needs a reason of at most 1024"),
        (("1",), "--why"),
    ],
)
def test_what_cannot_be_decided_is_refused_and_changes_nothing(aws, call, register, arguments, said):
    arn = register()
    refused = call("approve", *(each.replace("ARN", arn) for each in arguments))
    assert refused.exit_code == 2
    assert said in refused.stderr
    found = aws.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert found["ModelApprovalStatus"] == "PendingManualApproval"


def test_the_next_step_of_a_registered_version_is_a_command_that_works(aws, call, register):
    arn = register()
    program, *approve = shlex.split(next_step(arn, "PendingManualApproval"))
    done = call(*approve)
    assert (program, done.exit_code) == ("model-build", 0)
    *_, hint = done.stdout.splitlines()
    assert hint == (
        f"Next in the deploy repository, unless its workflow does so: {next_step(arn, 'Approved')}"
    )
    assert (next_step(arn, "Rejected"), next_step(arn, "deleted"), next_step(arn, "")) == ("", "", "")
    assert next_step(arn, "Approved") == "model-deploy rollout --stage staging --model-package 1"


def test_a_champion_brings_its_description_so_that_it_is_not_described_again(aws, register):
    arn = register(problem="clothes", contract="s3://b/c/", **{"contract-sha256": "a" * 64})
    sagemaker = aws.client("sagemaker")
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    champion = resolve(sagemaker, aws.group, "clothes")
    version = of(None, champion.package, measured=False)  # no client: nothing is asked
    assert (version.arn, version.number, version.problem) == (arn, 1, "clothes")
