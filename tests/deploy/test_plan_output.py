"""What `plan` tells of a rollout: the stage, both models with their figures, how the traffic moves, and each change."""

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from model_deploy.commands import plan
from model_deploy.commands.plan import Described, Plan
from model_deploy.core.model_package.package import LifeCycle, Package
from model_deploy.core.plan import template_diff
from model_deploy.core.plan.next_step import (
    Apply,
    ContinueRollback,
    Delete,
    Deregister,
    Reconcile,
    Restore,
    Wait,
    WaitForEndpoint,
)
from model_deploy.core.plan.observed import Endpoint, Live, Observed, Stack
from model_deploy.core.plan.template_diff import Change, Kind
from model_deploy.stage import Rollout, Stage

GROUP = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models"
STACK = Stack("shop-live-endpoint", "id", "UPDATE_COMPLETE", datetime(2026, 11, 1, tzinfo=UTC))
LIVE = Live(Endpoint("shop-live", "InService", "config-1"), "model-1", f"{GROUP}/6")
REPLACED = Change(Kind.MODIFY, "Model", "AWS::SageMaker::Model", ("PrimaryContainer",), replaced=True)
ADDED = Change(Kind.ADD, "Api", "AWS::Lambda::Function")
REMOVED = Change(Kind.REMOVE, "Old", "AWS::CloudWatch::Alarm")
CHANGED = Change(Kind.MODIFY, "Endpoint", "AWS::SageMaker::Endpoint", ("EndpointConfigName", "Tags"))


def package(version, **fields):
    return Package(f"{GROUP}/{version}", "shop-models", version, "Approved", **fields)


def made(step=None, current=None, stage: dict[str, Any] | None = None, observed=None, **fields) -> Plan:
    endpoint = {"kind": "realtime", "instance_type": "ml.m5.large", "instance_count": 2}
    workspace: Any = SimpleNamespace(
        stage=Stage.parse({"endpoint": endpoint} | (stage or {}), Path("stages/live.yaml")),
        stack_name="shop-live-endpoint",
        endpoint_name="shop-live",
    )
    target: Any = SimpleNamespace(sha256="0123456789abcdef" * 4)
    return Plan(
        workspace=workspace,
        target=target,
        observed=observed or Observed(STACK, "{}", LIVE),
        step=step,
        next=Described(package(7), {"accuracy": 0.91234, "recall": 0.5}),
        current=current,
        forced=None,
        **fields,
    )


def test_a_stage_that_does_not_exist_yet_is_told_so():
    told = plan.lines(made(Apply("CREATE", (ADDED,)), observed=Observed()))
    assert told == [
        "stage      live",
        "stack      shop-live-endpoint  does not exist yet",
        "endpoint   shop-live  does not exist yet",
        "plan       0123456789ab",
        "",
        "                                 version 7",
        "                                      next",
        "accuracy                            0.9123",
        "recall                              0.5000",
        "",
        "rollout    all at once",
        "",
        "A rollout begins with: create the stack",
        "  Add    Api AWS::Lambda::Function",
    ]


def test_two_models_stand_beside_each_other_with_every_figure_of_either():
    current = Described(package(6), {"accuracy": 0.9, "precision": 1.0})
    told = plan.lines(made(current=current))
    assert [line.split() for line in told[5:10]] == [
        ["version", "7", "version", "6"],
        ["next", "live"],
        ["accuracy", "0.9123", "0.9000"],
        ["recall", "0.5000", "-"],
        ["precision", "-", "1.0000"],
    ]
    assert told[-1] == "Nothing changes: a rollout verifies what is live, and no more."


def test_each_change_is_a_line_with_what_changes_of_it():
    told = plan.lines(made(Apply("UPDATE", (ADDED, CHANGED, REPLACED, REMOVED))))
    assert told[-5:] == [
        "A rollout begins with: update the stack",
        "  Add    Api AWS::Lambda::Function",
        "  Modify Endpoint AWS::SageMaker::Endpoint: EndpointConfigName, Tags",
        "  Modify Model AWS::SageMaker::Model (replaced by a new one): PrimaryContainer",
        "  Remove Old AWS::CloudWatch::Alarm",
    ]


def test_a_change_in_two_rollouts_tells_both():
    step = Deregister("{}", (REMOVED,), then=(CHANGED, ADDED))
    told = plan.lines(made(step))
    assert told[-5:][0].startswith("A rollout begins with: take the scaling away, the first of two rollouts")
    assert told[-4:] == [
        "  Remove Old AWS::CloudWatch::Alarm",
        "The second rollout, by the same command:",
        "  Modify Endpoint AWS::SageMaker::Endpoint: EndpointConfigName, Tags",
        "  Add    Api AWS::Lambda::Function",
    ]
    document = plan.document(made(step))
    assert [each["resource"] for each in document["changes"]] == ["Old"]
    assert [each["resource"] for each in document["then"]] == ["Endpoint", "Api"]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (
            Wait(Stack("s", "i", "UPDATE_IN_PROGRESS", STACK.changed), own=True),
            "wait for the stack, which is UPDATE_IN_PROGRESS",
        ),
        (WaitForEndpoint("RollingBack"), "wait for the endpoint, which is RollingBack"),
        (Delete(STACK, "it is CREATE_FAILED"), "delete the stack and create it again: it is CREATE_FAILED"),
        (ContinueRollback(STACK), "continue the rollback that failed"),
        (Restore(STACK), "restore the endpoint, which was deleted by hand"),
        (
            Reconcile(STACK, "arn:6"),
            "bring the stack to arn:6, to which SageMaker has rolled the endpoint back",
        ),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_any_other_first_step_is_told_in_words_and_has_no_changes(step, words):
    assert plan.lines(made(step))[-1] == f"A rollout begins with: {words}"
    document = plan.document(made(step))
    assert (document["step"], document["changes"], document["then"]) == (words, [], [])


@pytest.mark.parametrize(
    ("rollout", "words"),
    [
        ({}, "all at once"),
        ({"bake_seconds": 60}, "all at once, 60 s of bake after each step"),
        ({"termination_wait_seconds": 30}, "all at once, 30 s until the old instances end"),
        (
            {"strategy": "canary", "size_percent": 10, "bake_seconds": 300, "termination_wait_seconds": 60},
            "canary of 10%, 300 s of bake after each step, 60 s until the old instances end",
        ),
        ({"strategy": "linear", "size_percent": 25}, "linear of 25%"),
    ],
)
def test_how_the_traffic_moves_is_told_in_words(rollout, words):
    assert plan.rollout_in_words(Rollout(**rollout)) == words


def test_warnings_are_lines_and_members():
    api = {"kind": "function_url", "auth": "public", "concurrency": 1}
    shown = made(stage={"api": api})
    [warning] = [line for line in plan.lines(shown) if line.startswith("warning    ")]
    assert warning.removeprefix("warning    ") == plan.document(shown)["warnings"][0]


def test_the_document_has_all_of_it():
    current = Described(
        package(6, life_cycle=LifeCycle("Production", "Approved"), metadata={"commit": "beef"}),
        {"accuracy": 0.9},
    )
    document = plan.document(made(Apply("UPDATE", (REPLACED,)), current=current))
    assert json.loads(json.dumps(document)) == {
        "stage": "live",
        "stack": {"name": "shop-live-endpoint", "status": "UPDATE_COMPLETE"},
        "endpoint": {"name": "shop-live", "status": "InService"},
        "plan_sha256": "0123456789abcdef" * 4,
        "next": {
            "model_package_arn": f"{GROUP}/7",
            "version": 7,
            "approval": "Approved",
            "life_cycle": None,
            "commit": None,
            "metrics": {"accuracy": 0.91234, "recall": 0.5},
        },
        "current": {
            "model_package_arn": f"{GROUP}/6",
            "version": 6,
            "approval": "Approved",
            "life_cycle": "Production/Approved",
            "commit": "beef",
            "metrics": {"accuracy": 0.9},
        },
        "step": "update the stack",
        "changes": [
            {
                "action": "Modify",
                "resource": "Model",
                "type": "AWS::SageMaker::Model",
                "properties": ["PrimaryContainer"],
                "replaced": True,
            }
        ],
        "then": [],
        "rollout": {
            "strategy": "all_at_once",
            "size_percent": None,
            "bake_seconds": 0,
            "termination_wait_seconds": 0,
        },
        "warnings": [],
        "forced": None,
    }


# What changes between two templates


def template(**resources):
    return json.dumps(
        {
            "Resources": {
                name: {"Type": kind, "Properties": given} for name, (kind, given) in resources.items()
            }
        }
    )


MODEL, CONFIG, ENDPOINT = (
    "AWS::SageMaker::Model",
    "AWS::SageMaker::EndpointConfig",
    "AWS::SageMaker::Endpoint",
)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({}, {}, []),
        ({"A": (MODEL, {"x": 1})}, {"A": (MODEL, {"x": 1})}, []),
        ({"B": (MODEL, {})}, {"A": (MODEL, {})}, ["Add    A " + MODEL, "Remove B " + MODEL]),
        (
            {"A": (MODEL, {"x": 1, "y": 1})},
            {"A": (MODEL, {"x": 2, "z": 1})},
            [f"Modify A {MODEL} (replaced by a new one): x, y, z"],
        ),
        ({"A": (MODEL, {"Tags": []})}, {"A": (MODEL, {"Tags": [1]})}, [f"Modify A {MODEL}: Tags"]),
        ({"A": (ENDPOINT, {"x": 1})}, {"A": (ENDPOINT, {"x": 2})}, [f"Modify A {ENDPOINT}: x"]),
        ({"A": (ENDPOINT, {})}, {"A": (MODEL, {})}, [f"Modify A {MODEL} (replaced by a new one): Type"]),
    ],
    ids=["empty", "equal", "other names", "immutable", "tags of it", "in place", "another type"],
)
def test_templates_are_compared_resource_by_resource(before, after, changes):
    assert [str(change) for change in template_diff.compare(template(**before), template(**after))] == changes


@pytest.mark.parametrize(
    "reference",
    [
        {"Ref": "Model"},
        {"Fn::GetAtt": ["Model", "ModelName"]},
        {"Fn::Join": ["", ["a", {"Ref": "Model"}]]},
        [{"x": {"Ref": "Model"}}],
    ],
    ids=["Ref", "GetAtt", "within a function", "within a list"],
)
def test_what_refers_to_a_replaced_resource_changes_with_it_and_so_on(reference):
    def stack(image):
        return template(
            Model=(MODEL, {"Image": image}),
            Config=(CONFIG, {"Name": reference}),
            Endpoint=(ENDPOINT, {"Config": {"Ref": "Config"}, "Other": 1}),
            Alarm=("AWS::CloudWatch::Alarm", {"Of": {"Ref": "Endpoint"}}),
        )

    assert [str(change) for change in template_diff.compare(stack(1), stack(2))] == [
        f"Modify Config {CONFIG} (replaced by a new one): Name",
        f"Modify Endpoint {ENDPOINT}: Config",
        f"Modify Model {MODEL} (replaced by a new one): Image",
    ]


@pytest.mark.parametrize(
    ("text", "arn"),
    [
        ("{}", None),
        ('{"Outputs": {}}', None),
        ('{"Outputs": {"ModelPackageArn": {"Value": "arn:7"}}}', "arn:7"),
        ('{"Outputs": {"ModelPackageArn": {"Value": {"Ref": "X"}}}}', None),
        ('{"Outputs": {"Other": {"Value": "arn:7"}}}', None),
    ],
)
def test_the_package_of_a_template_is_its_output(text, arn):
    assert template_diff.package_of(text) == arn
