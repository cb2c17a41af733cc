"""A stack as CloudFormation describes it: status, operation, resources."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from model_deploy.aws import stack
from model_deploy.core.plan.observed import Stack

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 1, 13, tzinfo=UTC)
ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop-staging-endpoint/1"
SET = "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/rollout-abc/2"


def described(**members):
    return {
        "StackName": "shop-staging-endpoint",
        "StackId": ID,
        "StackStatus": "UPDATE_COMPLETE",
        "CreationTime": NOON,
        **members,
    }


def test_a_stack_is_its_status_its_operation_and_its_outputs(clients, stub):
    answer = described(
        LastUpdatedTime=LATER,
        StackStatusReason="It was asked for",
        ChangeSetId=SET,
        Outputs=[{"OutputKey": "ApiUrl", "OutputValue": "https://x/classify"}],
    )
    stub("cloudformation").add_response(
        "describe_stacks", {"Stacks": [answer]}, {"StackName": "shop-staging-endpoint"}
    )
    assert stack.describe(clients, "shop-staging-endpoint") == Stack(
        name="shop-staging-endpoint",
        id=ID,
        status="UPDATE_COMPLETE",
        changed=LATER,
        reason="It was asked for",
        change_set="rollout-abc",
        outputs={"ApiUrl": "https://x/classify"},
    )


def test_a_stack_that_was_never_updated_changed_when_it_was_created():
    found = stack.parse(described())
    assert (found.changed, found.reason, found.change_set, found.outputs) == (NOON, "", "", {})


@pytest.mark.parametrize(
    "text", ["", "rollout-abc", "arn:aws:cloudformation:eu-west-1:1:changeSet/rollout-abc"]
)
def test_what_is_no_arn_of_a_change_set_names_none(text):
    assert stack.parse(described(ChangeSetId=text)).change_set == ""


def test_where_there_is_no_stack_there_is_nothing(clients, stub):
    cloudformation = stub("cloudformation")
    cloudformation.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
    cloudformation.add_client_error(
        "list_stack_resources", "ValidationError", "Stack with id x does not exist"
    )
    assert stack.describe(clients, "x") is None
    assert stack.resources(clients, "x") == {}


@pytest.mark.parametrize("call", ["describe_stacks", "list_stack_resources"])
def test_what_may_not_be_described_is_an_error(clients, stub, call):
    stub("cloudformation").add_client_error(call, "AccessDenied", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        (stack.describe if call == "describe_stacks" else stack.resources)(clients, "x")


def event(number, kind, status):
    return {
        "StackId": ID,
        "StackName": "shop",
        "EventId": str(number),
        "LogicalResourceId": "Endpoint",
        "ResourceType": kind,
        "ResourceStatus": status,
        "Timestamp": NOON,
    }


WHOLE, PART = "AWS::CloudFormation::Stack", "AWS::SageMaker::Endpoint"


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([(4, WHOLE, "UPDATE_COMPLETE"), (3, PART, "UPDATE_IN_PROGRESS"), (2, WHOLE, "UPDATE_IN_PROGRESS"),
          (1, WHOLE, "CREATE_COMPLETE")], ["2", "3", "4"]),
        ([(2, PART, "CREATE_IN_PROGRESS"), (1, WHOLE, "CREATE_IN_PROGRESS")], ["1", "2"]),
        ([(2, PART, "CREATE_FAILED"), (1, PART, "CREATE_IN_PROGRESS")], ["1", "2"]),
        ([], []),
    ],
    ids=["an update", "the creation", "its beginning is gone", "none"],
)  # fmt: skip
def test_the_last_operation_is_its_events_from_its_beginning(clients, stub, events, expected):
    answer = {"StackEvents": [event(*each) for each in events]}
    stub("cloudformation").add_response("describe_stack_events", answer, {"StackName": "shop"})
    assert [each.id for each in stack.last_operation(clients, "shop")] == expected


def resource(logical, kind, physical, status="CREATE_COMPLETE"):
    found = {
        "LogicalResourceId": logical,
        "ResourceType": kind,
        "ResourceStatus": status,
        "LastUpdatedTimestamp": NOON,
    }
    return found | ({"PhysicalResourceId": physical} if physical is not None else {})


def test_resources_are_named_as_their_own_service_names_them(clients, stub):
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:model/Model-1"
    first = [resource("Model", "AWS::SageMaker::Model", arn), resource("Role", "AWS::IAM::Role", "shop-role")]
    second = [
        resource("Log", "AWS::Logs::LogGroup", "/model-deploy/shop/api", "UPDATE_FAILED"),
        resource("Gone", "AWS::Lambda::Url", "x", "DELETE_COMPLETE"),
        resource("Kept", "AWS::SageMaker::Model", "y", "DELETE_SKIPPED"),
        resource("Never", "AWS::Lambda::Url", None, "CREATE_FAILED"),
        resource("Nameless", "AWS::Lambda::Url", "", "CREATE_FAILED"),
    ]
    cloudformation = stub("cloudformation")
    cloudformation.add_response(
        "list_stack_resources", {"StackResourceSummaries": first, "NextToken": "more"}
    )
    cloudformation.add_response("list_stack_resources", {"StackResourceSummaries": second})
    assert stack.resources(clients, "shop") == {
        "Model": ("AWS::SageMaker::Model", "Model-1"),
        "Role": ("AWS::IAM::Role", "shop-role"),
        "Log": ("AWS::Logs::LogGroup", "/model-deploy/shop/api"),
    }


def test_a_stack_is_deleted_by_its_id(clients, stub):
    stub("cloudformation").add_response("delete_stack", {}, {"StackName": ID})
    stack.delete(clients, stack.parse(described()))
