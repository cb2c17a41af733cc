"""Custom resources: what the function is told, what it may answer, and what follows from its physical ids."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

TOKEN = "arn:aws:lambda:eu-west-1:123456789012:function:maker"


@dataclass
class Maker:
    """A function that notes each event, and answers what `answers` hold for its type of request."""

    events: list[Any] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)

    def __call__(self, event):
        self.events.append(event)
        response = {"Status": "SUCCESS", "PhysicalResourceId": event.get("PhysicalResourceId", "made-1")}
        response |= self.answers.get(event["RequestType"], {})
        if response["Status"] == "SILENCE":
            return
        body = response.pop("Body", None) or json.dumps(response)
        requests.put(event["ResponseURL"], data=body, timeout=10).raise_for_status()

    def told(self):
        return [(event["RequestType"], event.get("PhysicalResourceId")) for event in self.events]


@pytest.fixture
def maker(world):
    world.functions["maker"] = maker = Maker()
    return maker


def custom(outputs=(), **properties):
    return {
        "Resources": {"Made": {"Type": "Custom::Made", "Properties": {"ServiceToken": TOKEN, **properties}}},
        "Outputs": {name: {"Value": value} for name, value in dict(outputs).items()},
    }


def test_the_function_makes_the_resource_and_its_data_are_attributes(stacks, maker):
    maker.answers["Create"] = {"PhysicalResourceId": "repo-7", "Data": {"Url": "https://x"}}

    stack = stacks.create(
        "made",
        custom(
            {"Id": {"Ref": "Made"}, "Url": {"Fn::GetAtt": "Made.Url"}},
            Count=3,
            Private=True,
            Names=["a", {"b": 1}],
        ),
    )

    assert {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]} == {
        "Id": "repo-7",
        "Url": "https://x",
    }
    assert stacks.resources("made") == {"Made": ("CREATE_COMPLETE", "repo-7")}
    (event,) = maker.events
    assert event["ResourceProperties"] == {
        "ServiceToken": TOKEN,
        "Count": "3",
        "Private": "true",
        "Names": ["a", {"b": "1"}],
    }
    assert (event["RequestType"], event["ResourceType"]) == ("Create", "Custom::Made")
    assert (event["LogicalResourceId"], event["StackId"]) == ("Made", stack["StackId"])


def test_an_update_tells_the_old_properties_and_a_delete_the_last_ones(stacks, maker):
    stacks.create("told", custom(Size=1))
    stacks.update("told", custom(Size=2))
    stacks.delete("told")

    assert maker.told() == [("Create", None), ("Update", "made-1"), ("Delete", "made-1")]
    update, delete = maker.events[1:]
    assert update["OldResourceProperties"]["Size"] == "1"
    assert update["ResourceProperties"]["Size"] == "2"
    assert delete["ResourceProperties"]["Size"] == "2"


def test_another_physical_id_deletes_the_old_resource_in_the_clean_up(stacks, maker):
    stacks.create("other", custom(Size=1))
    maker.answers["Update"] = {"PhysicalResourceId": "made-2"}

    stacks.update("other", custom(Size=2))

    assert maker.told() == [("Create", None), ("Update", "made-1"), ("Delete", "made-1")]
    assert stacks.resources("other") == {"Made": ("UPDATE_COMPLETE", "made-2")}
    statuses = stacks.events("other")
    cleaning = statuses.index(("stack", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"))
    assert statuses.index(("Made", "DELETE_COMPLETE")) > cleaning


def test_the_rollback_of_another_physical_id_asks_the_function_to_go_back(stacks, world, maker):
    def template(size):
        thing = {"Type": "Test::Thing", "Properties": {"Size": size}, "DependsOn": "Made"}
        found = custom(Size=size)
        return {"Resources": {**found["Resources"], "Thing": thing}}

    stacks.create("return", template(1))
    world.refused_once["update Thing"] = "no"
    maker.answers["Update"] = {"PhysicalResourceId": "made-2"}

    stacks.update("return", template(2))

    assert maker.told()[1:] == [("Update", "made-1"), ("Update", "made-2"), ("Delete", "made-1")]
    assert maker.events[2]["ResourceProperties"]["Size"] == "1"
    assert stacks.resources("return")["Made"] == ("UPDATE_COMPLETE", "made-2")


def test_a_failure_is_the_resources_with_its_reason_and_what_was_made_is_deleted(stacks, maker):
    maker.answers["Create"] = {
        "Status": "FAILED",
        "Reason": "the repository exists",
        "PhysicalResourceId": "half-made",
    }

    stack = stacks.create("failed", custom())

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = stacks.reason("failed", "Made", "CREATE_FAILED")
    assert reason.startswith(
        "Received response status [FAILED] from custom resource. Message returned: the repository exists (RequestId: "
    )
    assert maker.told() == [("Create", None), ("Delete", "half-made")]


def test_a_function_that_never_answers_times_out(stacks, maker):
    maker.answers = {kind: {"Status": "SILENCE"} for kind in ("Create", "Delete")}

    stack = stacks.create("silent", custom(ServiceTimeout=100))

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "CloudFormation did not receive a response from your Custom Resource" in stacks.reason(
        "silent", "Made", "CREATE_FAILED"
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"Body": "no json"}, "Invalid response from the custom resource: no JSON ('no json')"),
        ({"Body": '{"Status": "MAYBE"}'}, "has no Status"),
        ({"Body": '{"Status": "SUCCESS"}'}, "Invalid PhysicalResourceId"),
    ],
)
def test_an_answer_that_is_none_fails_the_resource(stacks, maker, answer, said):
    maker.answers["Create"] = answer

    stacks.create("wrong", custom())

    assert said in stacks.reason("wrong", "Made", "CREATE_FAILED")


def test_an_answer_that_nobody_waits_for_is_refused(stacks, maker):
    stacks.create("once", custom())

    late = requests.put(maker.events[0]["ResponseURL"], data="{}", timeout=10)

    assert late.status_code == 403


def test_only_functions_can_be_asked(stacks, world):
    template = custom()
    template["Resources"]["Made"]["Properties"]["ServiceToken"] = "arn:aws:sns:eu-west-1:123456789012:topic"

    stacks.create("topic", template)

    assert "by Lambda only" in stacks.reason("topic", "Made", "CREATE_FAILED")


def test_an_output_that_the_function_did_not_give_fails_the_stack(stacks, maker):
    stack = stacks.create("missing", custom({"Missing": {"Fn::GetAtt": ["Made", "Nothing"]}}))

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    why = stacks.reason("missing", "stack", "ROLLBACK_IN_PROGRESS")
    assert "resource Made does not support attribute type Nothing" in why


def test_a_function_of_the_same_stack_can_be_asked(real_stacks):
    """End to end: the stack's own role and function, whose source is in the template, make its custom resource."""
    source = """
import json
import urllib.request


def handler(event, context):
    answer = {"Status": "SUCCESS", "PhysicalResourceId": "p-1", "Data": {"Said": event["ResourceProperties"]["Say"]}}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(request)
"""
    trust = {
        "Statement": {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        },
        "Version": "2012-10-17",
    }
    template = {
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.12",
                    "Handler": "index.handler",
                    "Role": {"Fn::GetAtt": "Role.Arn"},
                    "Code": {"ZipFile": source},
                },
            },
            "Made": {
                "Type": "Custom::Made",
                "Properties": {"ServiceToken": {"Fn::GetAtt": "Function.Arn"}, "Say": "hello"},
            },
        },
        "Outputs": {"Said": {"Value": {"Fn::GetAtt": "Made.Said"}}},
    }

    stack = real_stacks.create("lambda", template, Capabilities=["CAPABILITY_IAM"])

    assert stack["StackStatus"] == "CREATE_COMPLETE", "; ".join(
        each.get("ResourceStatusReason", "") for each in real_stacks.history("lambda")
    )
    assert stack["Outputs"] == [{"OutputKey": "Said", "OutputValue": "hello"}]
    assert real_stacks.delete("lambda")["StackStatus"] == "DELETE_COMPLETE"
