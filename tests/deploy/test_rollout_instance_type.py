"""Another instance type for an endpoint that scales takes two rollouts, and one command does both."""

import json
import time

import pytest

from model_deploy.core.plan import instance_type

STAGE = """
endpoint: {{kind: realtime, instance_type: {type}, instance_count: 1}}
rollout: {{strategy: all_at_once, bake_seconds: 60}}
alarms: {{contract_failures: 1}}
scaling: {{min: 1, max: {most}, invocations_per_instance: 6000}}
"""


@pytest.fixture
def scaled(project):
    """A project with a stage that scales, and what changes its instance type."""

    def change(instance="ml.m5.large", most=2):
        (project.root / "stages" / "staging.yaml").write_text(STAGE.format(type=instance, most=most))

    project.change = change
    change()
    return project


def limits(project):
    found = project.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker",
        ResourceIds=[f"endpoint/{project.endpoint('staging')}/variant/AllTraffic"],
    )
    return [(each["MinCapacity"], each["MaxCapacity"]) for each in found["ScalableTargets"]]


def instance(project):
    sagemaker = project.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=project.endpoint("staging"))["EndpointConfigName"]
    return sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0][
        "InstanceType"
    ]


def test_plan_says_two_rollouts_and_rollout_does_both(scaled):
    arguments = ("--stage", "staging", "--model-package", scaled.register())
    scaled.json("rollout", *arguments)
    scaled.change("ml.m5.xlarge", most=3)
    plan = scaled.json("plan", *arguments)
    assert "the first of two rollouts" in plan["step"]
    assert [(each["action"], each["resource"]) for each in plan["changes"]] == [
        ("Remove", "ScalableTarget"),
        ("Remove", "ScalingPolicy"),
    ]
    assert {"ScalableTarget", "ScalingPolicy", "EndpointConfig"} <= {
        each["resource"] for each in plan["then"]
    }
    assert scaled.json("rollout", *arguments)["verified"]
    assert (instance(scaled), limits(scaled)) == ("ml.m5.xlarge", [(1, 3)])
    assert scaled.json("rollout", *arguments)["changed"] is False


@pytest.mark.slow
def test_a_model_that_does_not_hold_leaves_the_old_type_scaling_as_before(scaled):
    good = scaled.register()
    scaled.json("rollout", "--stage", "staging", "--model-package", good)
    scaled.change("ml.m5.xlarge", most=3)
    done = scaled.run("rollout", "--stage", "staging", "--model-package", scaled.register("empty"))
    assert done.exit_code == 4, done.stderr
    assert scaled.live_package("staging") == good
    assert (instance(scaled), limits(scaled)) == ("ml.m5.large", [(1, 2)])


@pytest.mark.slow
def test_a_command_that_was_killed_between_the_two_is_taken_up_by_the_next(scaled):
    arguments = ("rollout", "--stage", "staging", "--model-package", scaled.register())
    scaled.json(*arguments)
    scaled.change("ml.m5.xlarge")
    running = scaled.start(*arguments)
    end = time.monotonic() + 60
    while limits(scaled) and time.monotonic() < end:
        time.sleep(0.05)
    running.kill()
    running.communicate()
    assert scaled.json(*arguments)["verified"]
    assert (instance(scaled), limits(scaled)) == ("ml.m5.xlarge", [(1, 2)])


def template(kind, scaling=True):
    variant = {"VariantName": "AllTraffic", **({"InstanceType": kind} if kind else {})}
    resources = {
        "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": [variant]}},
        "Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {}},
        "WakeUp": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": {}},
        "Waiting": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [{"Ref": "WakeUp"}]}},
        "Errors": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [{"Ref": "Topic"}]}},
    }
    return json.dumps(
        {
            "Resources": {
                name: each for name, each in resources.items() if scaling or name in {"Config", "Errors"}
            }
        }
    )


@pytest.mark.parametrize(
    ("old", "new", "two"),
    [
        (template("ml.m5.large"), template("ml.m5.xlarge"), True),
        (template("ml.m5.large"), template("ml.m5.xlarge", scaling=False), True),
        (template("ml.m5.large", scaling=False), template("ml.m5.xlarge"), False),
        (template("ml.m5.large"), template("ml.m5.large"), False),
        (template("ml.m5.large"), template("ml.m5.large", scaling=False), False),
    ],
    ids=[
        "another type",
        "and no scaling any more",
        "and scaling from now on",
        "the same",
        "no scaling any more",
    ],
)
def test_another_type_takes_two_rollouts_where_the_stack_scales(old, new, two):
    assert instance_type.needs_two_rollouts(old, new) is two


def test_scaling_that_was_taken_away_can_be_put_back_as_it_was():
    between = instance_type.without_scaling(template("ml.m5.large"))
    assert set(json.loads(between)["Resources"]) == {"Config", "Errors"}
    assert json.loads(instance_type.with_scaling(between)) == json.loads(template("ml.m5.large"))
    assert instance_type.with_scaling(template("ml.m5.large")) is None
