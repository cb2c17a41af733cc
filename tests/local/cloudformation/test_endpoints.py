"""Endpoints in a stack: what the stack says of a deployment that SageMaker rolls back by itself."""

import pytest

ALARMS = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}


def endpoint(variant="good", policy="Delete", **properties):
    """A template of an endpoint and its configuration; the configuration is retained or not."""
    production = {
        "VariantName": variant,
        "ModelName": "m",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    return {
        "Resources": {
            "Config": {
                "Type": "AWS::SageMaker::EndpointConfig",
                "UpdateReplacePolicy": policy,
                "Properties": {"ProductionVariants": [production]},
            },
            "Endpoint": {
                "Type": "AWS::SageMaker::Endpoint",
                "Properties": {
                    "EndpointName": "reviews",
                    "EndpointConfigName": {"Fn::GetAtt": "Config.EndpointConfigName"},
                    **properties,
                },
            },
        }
    }


def serving(world):
    """The variant of the configuration that the endpoint serves; None when that was deleted."""
    return world.configs.get(world.endpoints["reviews"]["EndpointConfigName"])


def test_a_new_configuration_is_deployed_to_the_same_endpoint_and_the_old_one_deleted(stacks, world):
    stacks.create("deploy", endpoint("good"))
    before = stacks.resources("deploy")["Endpoint"][1]

    stack = stacks.update("deploy", endpoint("better", DeploymentConfig=ALARMS))

    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.resources("deploy")["Endpoint"] == ("UPDATE_COMPLETE", before)
    assert (serving(world), list(world.configs.values())) == ("better", ["better"])
    assert world.journal == ["create reviews", "update reviews"]


def test_an_endpoint_that_never_comes_up_fails_with_its_own_reason(stacks, world):
    stack = stacks.create("bad", endpoint("bad"))

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "The alarm errors fired." in stacks.reason("bad", "Endpoint", "CREATE_FAILED")
    assert (world.endpoints, world.configs) == ({}, {})


def test_an_endpoint_that_rolled_itself_back_fails_the_update(stacks, world, faults):
    faults.endpoint_rollback = "fails"
    stacks.create("fails", endpoint("good"))

    stack = stacks.update("fails", endpoint("bad"))

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reason = stacks.reason("fails", "Endpoint", "UPDATE_FAILED")
    assert 'Resource handler returned message: "The alarm errors fired." (RequestToken: ' in reason
    assert (serving(world), list(world.configs.values())) == ("good", ["good"])
    assert world.journal == ["create reviews", "update reviews"]  # it serves the old one already


@pytest.mark.parametrize(("policy", "served"), [("Delete", None), ("Retain", "good")])
def test_an_endpoint_that_rolled_itself_back_may_be_reported_as_a_success(
    stacks, world, faults, policy, served
):
    faults.endpoint_rollback = "reports-success"
    stacks.create("lies", endpoint("good", policy))

    stack = stacks.update("lies", endpoint("bad", policy))

    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.resources("lies")["Endpoint"][0] == "UPDATE_COMPLETE"
    assert serving(world) == served  # the clean-up deleted what is served, unless it is retained


def test_tags_alone_deploy_nothing(stacks, world):
    stacks.create("tags", endpoint())

    stacks.update("tags", endpoint(Tags=[{"Key": "team", "Value": "x"}]))

    assert world.journal == ["create reviews", "tag"]


def test_an_endpoint_deleted_by_hand_can_still_be_deleted_with_its_stack(stacks, world):
    stacks.create("by-hand", endpoint())
    world.endpoints.clear()

    assert stacks.delete("by-hand")["StackStatus"] == "DELETE_COMPLETE"
    assert world.configs == {}


def test_an_endpoint_deleted_by_hand_cannot_be_updated_and_says_so(stacks, world):
    stacks.create("missing", endpoint("good"))
    world.endpoints.clear()

    stack = stacks.update("missing", endpoint("better"))

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    assert "Could not find endpoint" in stacks.reason("missing", "Endpoint", "UPDATE_FAILED")
