"""The next step follows from what is observed, and from nothing else."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from model_deploy.core.model_package.package import Candidate, Package
from model_deploy.core.plan import next_step, template_diff
from model_deploy.core.plan.deployment import Deployment
from model_deploy.core.plan.next_step import (
    Apply,
    ContinueRollback,
    Delete,
    Reconcile,
    Restore,
    Wait,
    WaitForEndpoint,
)
from model_deploy.core.plan.observed import Endpoint, Live, Observed, Stack
from model_deploy.core.plan.target import Target
from model_deploy.core.plan.template_diff import Change, Kind
from model_deploy.errors import StackError
from model_deploy.stage import Stage

GROUP = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop-models"
SEVEN, SIX = f"{GROUP}/7", f"{GROUP}/6"
ENDPOINT = {"kind": "realtime", "instance_type": "ml.m5.large", "instance_count": 1}
STAGE = Stage.parse({"endpoint": ENDPOINT}, Path("staging.yaml"))


def template(arn, **resources):
    """A small endpoint stack for that package."""
    model = {"PrimaryContainer": {"ModelPackageName": arn}}
    config = {"ProductionVariants": [{"ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}}]}
    declared = {
        "Model": {"Type": "AWS::SageMaker::Model", "Properties": model},
        "EndpointConfig": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": config},
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": "shop-staging",
                "EndpointConfigName": {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]},
            },
        },
    }
    return json.dumps(
        {"Resources": declared | resources, "Outputs": {"ModelPackageArn": {"Value": arn}}}, sort_keys=True
    )


TARGET = Target(
    candidate=Candidate(Package(SEVEN, "shop-models", 7, "Approved"), None),
    deployment=Deployment(
        stage=STAGE,
        model_package_arn=SEVEN,
        image="blazingtext:1",
        model_uri="s3://shop-artifacts/deploy/staging/models/aaa/model.tar.gz",
        project_name="shop",
        project_id="p-1",
        region="eu-west-1",
        bucket="shop-artifacts",
        endpoint_role_arn="arn:aws:iam::123456789012:role/endpoint",
    ),
    template=template(SEVEN),
)


def stack(status, change_set=""):
    return Stack("shop-staging-endpoint", "arn:stack", status, datetime.now(UTC), change_set=change_set)


def live(arn=SEVEN, status="InService"):
    return Live(Endpoint("shop-staging", status, "EndpointConfig-x"), "Model-x", arn)


def step(stack_=None, template_=None, live_=None):
    return next_step.next_step(TARGET, Observed(stack_, template_, live_))


@pytest.mark.parametrize("found", [None, stack("REVIEW_IN_PROGRESS"), stack("DELETE_COMPLETE")])
def test_where_there_is_no_stack_one_is_created(found):
    planned = step(found)
    assert isinstance(planned, Apply)
    assert planned.kind == "CREATE"
    assert {change.kind for change in planned.changes} == {Kind.ADD}


def test_another_version_updates_the_stack():
    planned = step(stack("UPDATE_COMPLETE"), template(SIX), live(SIX))
    assert planned == Apply("UPDATE", template_diff.compare(template(SIX), template(SEVEN)))


def test_where_everything_is_as_wanted_nothing_is_done():
    assert step(stack("CREATE_COMPLETE"), template(SEVEN), live()) is None


def test_the_layout_of_a_template_is_no_change():
    spaced = json.dumps(json.loads(template(SEVEN)), indent=7)
    assert step(stack("CREATE_COMPLETE"), spaced, live()) is None


def test_an_endpoint_that_serves_another_version_than_its_stack_says_was_rolled_back():
    found = stack("UPDATE_COMPLETE")
    assert step(found, template(SEVEN), live(SIX)) == Reconcile(found, SIX)


def test_an_endpoint_with_a_model_of_no_package_is_left_to_a_person():
    with pytest.raises(StackError, match="was not made from a model package"):
        step(stack("UPDATE_COMPLETE"), template(SEVEN), live(None))


def test_what_is_in_progress_is_waited_for_and_known_as_ones_own_by_the_change_set():
    own = stack("UPDATE_IN_PROGRESS", TARGET.change_set)
    assert step(own, None, live(SIX, "Updating")) == Wait(own, own=True)
    other = stack("UPDATE_IN_PROGRESS", "rollout-of-something-else")
    assert step(other, None, live(SIX, "Updating")) == Wait(other, own=False)


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED"])
def test_a_stack_that_never_came_to_be_is_deleted(status):
    found = stack(status)
    assert step(found) == Delete(found, f"it is {status}")


def test_a_rollback_that_failed_is_continued():
    found = stack("UPDATE_ROLLBACK_FAILED")
    assert step(found, None, live(SIX)) == ContinueRollback(found)


def test_an_endpoint_that_was_deleted_by_hand_is_restored():
    found = stack("UPDATE_COMPLETE")
    assert step(found, template(SEVEN), None) == Restore(found)


def test_an_endpoint_that_is_being_changed_by_something_else_is_waited_for():
    assert step(stack("UPDATE_COMPLETE"), template(SEVEN), live(SEVEN, "Updating")) == WaitForEndpoint(
        "Updating"
    )
    assert step(None, None, live(SEVEN, "Deleting")) == WaitForEndpoint("Deleting")


@pytest.mark.parametrize("status", ["Failed", "OutOfService"])
def test_an_endpoint_that_serves_nothing_is_created_anew(status):
    found = stack("UPDATE_COMPLETE")
    assert step(found, template(SEVEN), live(SEVEN, status)) == Delete(found, f"its endpoint is {status}")


def test_an_endpoint_without_a_stack_is_left_to_a_person():
    with pytest.raises(StackError, match=r"There is an endpoint shop-staging .*delete-endpoint"):
        step(None, None, live())


def test_equal_targets_ask_for_the_same_change_set_and_others_for_another():
    again = replace(TARGET, template=template(SEVEN))
    assert again.change_set == TARGET.change_set
    assert replace(TARGET, template=template(SIX)).change_set != TARGET.change_set
    assert replace(TARGET, purpose="reconcile").change_set.startswith("reconcile-")


def test_every_step_is_described_in_words():
    found = stack("ROLLBACK_COMPLETE")
    steps = [
        Apply("CREATE", ()),
        Wait(found, own=True),
        WaitForEndpoint("Updating"),
        Delete(found, "it is ROLLBACK_COMPLETE"),
        ContinueRollback(found),
        Restore(found),
        Reconcile(found, SIX),
    ]
    assert len({str(each) for each in steps}) == len(steps)


# The changes of a template


def test_another_package_replaces_model_and_configuration_and_only_modifies_the_endpoint():
    assert template_diff.compare(template(SIX), template(SEVEN)) == (
        Change(Kind.MODIFY, "Endpoint", "AWS::SageMaker::Endpoint", ("EndpointConfigName",)),
        Change(
            Kind.MODIFY,
            "EndpointConfig",
            "AWS::SageMaker::EndpointConfig",
            ("ProductionVariants",),
            replaced=True,
        ),
        Change(Kind.MODIFY, "Model", "AWS::SageMaker::Model", ("PrimaryContainer",), replaced=True),
    )


def test_resources_are_added_removed_and_modified_in_place():
    old = {
        "A": {"Type": "AWS::SNS::Topic"},
        "B": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x"}},
    }
    new = {
        "B": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "y"}},
        "C": {"Type": "AWS::SQS::Queue"},
    }
    assert template_diff.compare(json.dumps({"Resources": old}), json.dumps({"Resources": new})) == (
        Change(Kind.REMOVE, "A", "AWS::SNS::Topic"),
        Change(Kind.MODIFY, "B", "AWS::SNS::Topic", ("DisplayName",)),
        Change(Kind.ADD, "C", "AWS::SQS::Queue"),
    )


def test_tags_replace_nothing_and_a_change_says_what_it_does():
    tagged = json.loads(template(SEVEN))
    tagged["Resources"]["Model"]["Properties"]["Tags"] = [{"Key": "a", "Value": "b"}]
    [change] = template_diff.compare(template(SEVEN), json.dumps(tagged))
    assert str(change) == "Modify Model AWS::SageMaker::Model: Tags"


def test_the_package_of_a_template_is_its_output():
    assert template_diff.package_of(template(SIX)) == SIX
    assert template_diff.package_of("{}") is None
