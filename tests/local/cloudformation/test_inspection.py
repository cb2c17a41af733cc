"""Looking at stacks: lists, resources, pages of events."""

import pytest
from botocore.exceptions import ClientError


def test_stacks_are_listed_by_status_with_deleted_ones_and_described_without(stacks, things):
    stacks.create("here", things(A={}))
    stacks.create("gone", things(A={}))
    gone = stacks.delete("gone")["StackId"]

    pages = stacks.client.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
    assert gone in [stack["StackId"] for page in pages for stack in page["StackSummaries"]]
    names = [stack["StackName"] for stack in stacks.client.describe_stacks()["Stacks"]]
    assert stacks.named("here") in names
    assert stacks.named("gone") not in names


def test_events_come_newest_first_in_pages(stacks, things):
    stacks.create("long", things(**{f"T{number}": {} for number in range(40)}))

    name = stacks.named("long")
    first = stacks.client.describe_stack_events(StackName=name)
    second = stacks.client.describe_stack_events(StackName=name, NextToken=first["NextToken"])

    assert (len(first["StackEvents"]), len(second["StackEvents"]), "NextToken" in second) == (100, 22, False)
    moments = [event["Timestamp"] for event in first["StackEvents"] + second["StackEvents"]]
    assert moments == sorted(moments, reverse=True)
    assert first["StackEvents"][0]["ResourceStatus"] == "CREATE_COMPLETE"


def test_resources_are_found_by_name_and_by_physical_id(stacks, things):
    template = things(A={"Properties": {}, "Metadata": {"why": "asked"}}, B={})
    stacks.create("found", template)
    name = stacks.named("found")
    physical_id = stacks.resources("found")["A"][1]

    (one,) = stacks.client.describe_stack_resources(StackName=name, LogicalResourceId="A")["StackResources"]
    by_physical_id = stacks.client.describe_stack_resources(PhysicalResourceId=physical_id)["StackResources"]
    detail = stacks.client.describe_stack_resource(StackName=name, LogicalResourceId="A")[
        "StackResourceDetail"
    ]
    listed = stacks.client.list_stack_resources(StackName=name)["StackResourceSummaries"]

    assert one["PhysicalResourceId"] == detail["PhysicalResourceId"] == physical_id
    assert {each["LogicalResourceId"] for each in by_physical_id} == {"A", "B"}
    assert detail["Metadata"] == '{"why": "asked"}'
    assert [each["ResourceStatus"] for each in listed] == ["CREATE_COMPLETE"] * 2


@pytest.mark.parametrize(
    ("operation", "request_", "said"),
    [
        ("describe_stacks", {"StackName": "no"}, "Stack with id no does not exist"),
        ("describe_stack_events", {"StackName": "no"}, "Stack [no] does not exist"),
        ("describe_stack_resources", {"StackName": "no"}, "Stack with id no does not exist"),
        ("describe_stack_resources", {"PhysicalResourceId": "no"}, "Stack for no does not exist"),
        (
            "describe_stack_resource",
            {"StackName": "no", "LogicalResourceId": "A"},
            "Stack 'no' does not exist",
        ),
        ("list_stack_resources", {"StackName": "no"}, "Stack with id no does not exist"),
        ("get_template", {"StackName": "no"}, "Stack with id no does not exist"),
        ("continue_update_rollback", {"StackName": "no"}, "Stack [no] does not exist"),
        ("list_change_sets", {"StackName": "no"}, "Stack [no] does not exist"),
    ],
)
def test_what_is_not_there_is_a_validation_error_in_the_apis_words(stacks, operation, request_, said):
    with pytest.raises(ClientError) as caught:
        getattr(stacks.client, operation)(**request_)
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ValidationError", said)


def test_a_request_that_does_not_fit_the_model_is_a_validation_error_too(stacks):
    with pytest.raises(ClientError) as caught:
        stacks.client.list_stacks(StackStatusFilter=["SLEEPING"])
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationError"
    assert "Member must satisfy enum value set" in error["Message"]


def test_a_resource_that_a_stack_does_not_have_is_named(stacks, things):
    stacks.create("small", things(A={}))

    with pytest.raises(ClientError, match=f"Resource B does not exist for stack {stacks.named('small')}"):
        stacks.client.describe_stack_resource(StackName=stacks.named("small"), LogicalResourceId="B")
