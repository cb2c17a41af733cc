"""Creating stacks: order, parallel work, failures and what becomes of what was made."""

import json

import pytest
from botocore.exceptions import ClientError

from local_aws.cloudformation.store import Store


def error(caught):
    return caught.value.response["Error"]


def test_a_stack_is_created_with_its_resources_and_outputs(stacks, world, things):
    template = things(A={"Size": 3}) | {
        "Description": "one thing",
        "Outputs": {
            "Id": {"Value": {"Ref": "A"}, "Description": "of A"},
            "Size": {"Value": {"Fn::GetAtt": "A.Size"}},
        },
    }

    stack = stacks.create("one", template, Tags=[{"Key": "team", "Value": "reviews"}])

    status, physical_id = stacks.resources("one")["A"]
    assert (stack["StackStatus"], status) == ("CREATE_COMPLETE", "CREATE_COMPLETE")
    assert world.things[physical_id]["Size"] == 3
    assert stack["Description"] == "one thing"
    assert stack["Outputs"] == [
        {"OutputKey": "Id", "OutputValue": physical_id, "Description": "of A"},
        {"OutputKey": "Size", "OutputValue": "3"},
    ]
    assert stack["Tags"] == [{"Key": "team", "Value": "reviews"}]


def test_the_events_tell_the_story_with_physical_ids_as_they_become_known(stacks, things):
    stacks.create("story", things(A={}))

    physical_id = stacks.resources("story")["A"][1]
    told = [
        (event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason"))
        for event in stacks.history("story")
    ]
    assert told == [
        ("stack", "CREATE_IN_PROGRESS", "User Initiated"),
        ("A", "CREATE_IN_PROGRESS", None),
        ("A", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("A", "CREATE_COMPLETE", None),
        ("stack", "CREATE_COMPLETE", None),
    ]
    assert [event["PhysicalResourceId"] for event in stacks.history("story")[1:4]] == [
        "",
        physical_id,
        physical_id,
    ]


def test_a_resource_waits_for_what_it_refers_to_and_depends_on(stacks, world, things):
    stacks.create(
        "chain",
        things(
            C={"Properties": {}, "DependsOn": "B"},
            B={"Of": {"Fn::Join": ["/", ["x", {"Ref": "A"}]]}},
            A={},
        ),
    )

    assert world.journal == ["create A", "create B", "create C"]
    first = stacks.resources("chain")["A"][1]
    assert world.things[stacks.resources("chain")["B"][1]]["Of"] == f"x/{first}"


def test_independent_resources_are_created_at_the_same_time(stacks, world, things):
    release = [world.hold("create A"), world.hold("create B")]

    stacks.begin("create", "both", things(A={}, B={}))

    world.until("create A")
    world.until("create B")
    assert stacks.describe("both")["StackStatus"] == "CREATE_IN_PROGRESS"
    for let_go in release:
        let_go()
    assert stacks.wait("both")["StackStatus"] == "CREATE_COMPLETE"


def test_a_failure_cancels_what_is_under_way_and_rolls_everything_back(stacks, world, things):
    world.hold("create Slow")
    world.refused["create Bad"] = "no room left"

    stack = stacks.create(
        "bad", things(Good={}, Bad={"Of": {"Ref": "Good"}}, Slow={}, Never={"Of": {"Ref": "Bad"}})
    )

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stacks.statuses("bad") == ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]
    assert stacks.reason("bad", "Bad", "CREATE_FAILED") == "no room left"
    assert stacks.reason("bad", "Slow", "CREATE_FAILED") == "Resource creation cancelled"
    why = stacks.reason("bad", "stack", "ROLLBACK_IN_PROGRESS")
    assert why.startswith("The following resource(s) failed to create: [")
    assert why.endswith("]. Rollback requested by user.")
    assert world.things == {}
    assert "create Never" not in world.journal
    assert world.journal.index("delete Bad") < world.journal.index("delete Good")


@pytest.mark.parametrize(
    ("request_", "status", "left"),
    [
        ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED", 2),
        ({"DisableRollback": True}, "CREATE_FAILED", 2),
        ({"OnFailure": "DELETE"}, "DELETE_COMPLETE", 0),
    ],
)
def test_the_user_decides_what_becomes_of_a_stack_that_fails(stacks, world, things, request_, status, left):
    world.refused["create Bad"] = "no"

    stack_id = stacks.begin("create", "failing", things(Good={}, Bad={"Of": {"Ref": "Good"}}), **request_)

    stack = stacks.wait(stack_id)
    assert (stack["StackStatus"], len(world.things)) == (status, left)


def test_a_rollback_that_cannot_delete_leaves_the_stack_in_rollback_failed(stacks, world, things):
    world.refused |= {"create Bad": "no", "delete Good": "it is in use"}

    stack = stacks.create("stuck", things(Good={}, Bad={"Of": {"Ref": "Good"}}))

    assert stack["StackStatus"] == "ROLLBACK_FAILED"
    assert stack["StackStatusReason"] == "The following resource(s) failed to delete: [Good]. "
    assert stacks.reason("stuck", "Good", "DELETE_FAILED") == "it is in use"


def test_a_creation_that_takes_too_long_is_rolled_back(stacks, world, things):
    world.hold("create Slow")

    stack = stacks.create("late", things(Slow={}), TimeoutInMinutes=1)

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stacks.reason("late", "Slow", "CREATE_FAILED") == "Resource creation cancelled"


def test_a_property_that_a_type_does_not_have_here_is_refused_before_anything_is_made(stacks, world):
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"Colour": "red"}}

    with pytest.raises(ClientError) as caught:
        stacks.begin("create", "wrong", {"Resources": {"Topic": topic}})
    assert "Properties validation failed for resource Topic" in error(caught)["Message"]
    assert "extraneous key [Colour] is not permitted" in error(caught)["Message"]


def test_a_property_that_is_missing_fails_the_resource_naming_it(stacks, world):
    stack = stacks.create("wrong", {"Resources": {"Role": {"Type": "AWS::S3::BucketPolicy"}}})

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "required key [Bucket] not found" in stacks.reason("wrong", "Role", "CREATE_FAILED")


def test_a_name_is_taken_until_the_stack_is_deleted(stacks, things):
    stacks.create("taken", things(A={}))

    with pytest.raises(ClientError) as caught:
        stacks.create("taken", things(A={}))
    assert error(caught)["Code"] == "AlreadyExistsException"
    assert error(caught)["Message"] == f"Stack [{stacks.named('taken')}] already exists"

    stacks.delete("taken")
    assert stacks.create("taken", things(A={}))["StackStatus"] == "CREATE_COMPLETE"


def test_a_request_with_the_same_token_is_the_same_request(stacks, world, things):
    first = stacks.begin("create", "token", things(A={}), ClientRequestToken="once")
    stacks.wait("token")

    assert stacks.begin("create", "token", things(A={}), ClientRequestToken="once") == first
    assert world.journal == ["create A"]
    assert {event["ClientRequestToken"] for event in stacks.history("token")} == {"once"}


def test_iam_resources_need_an_acknowledgement_and_named_ones_a_stronger_one(stacks):
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
    named = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}, "RoleName": "r"}}

    for resource, given, missing in (
        (role, [], "CAPABILITY_IAM"),
        (named, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
    ):
        with pytest.raises(ClientError) as caught:
            stacks.create("iam", {"Resources": {"Role": resource}}, Capabilities=given)
        assert error(caught)["Code"] == "InsufficientCapabilitiesException"
        assert error(caught)["Message"] == f"Requires capabilities : [{missing}]"


@pytest.mark.parametrize(
    "parameter",
    [
        {"StackPolicyBody": "{}"},
        {"RollbackConfiguration": {"RollbackTriggers": [{"Arn": "a", "Type": "AWS::CloudWatch::Alarm"}]}},
        {"RetainExceptOnCreate": True},
    ],
)
def test_what_would_change_the_outcome_and_is_not_there_is_refused_by_name(stacks, things, parameter):
    with pytest.raises(ClientError, match="does not have") as caught:
        stacks.create("policy", things(A={}), **parameter)
    assert next(iter(parameter)) in error(caught)["Message"]


def test_a_stack_name_must_be_one(stacks, things):
    with pytest.raises(ClientError, match="at 'stackName' failed to satisfy constraint"):
        stacks.client.create_stack(StackName="under_score", TemplateBody='{"Resources": {}}')


def test_stack_tags_reach_resources_beside_their_own_and_the_systems(stacks, world, things):
    stacks.create(
        "tags",
        things(A={"Tags": [{"Key": "team", "Value": "own"}]}),
        Tags=[{"Key": "team", "Value": "stack"}, {"Key": "cost", "Value": "1"}],
    )

    (thing,) = world.things.values()
    tags = {tag["Key"]: tag["Value"] for tag in thing["Tags"]}
    assert tags == {
        "team": "own",
        "cost": "1",
        "aws:cloudformation:stack-name": stacks.named("tags"),
        "aws:cloudformation:stack-id": stacks.describe("tags")["StackId"],
        "aws:cloudformation:logical-id": "A",
    }


def test_settings_of_the_request_are_shown(stacks, things):
    stack = stacks.create(
        "settings",
        things(A={}),
        RoleARN="arn:aws:iam::123456789012:role/deployer",
        NotificationARNs=["arn:aws:sns:eu-west-1:123456789012:told"],
        TimeoutInMinutes=30,
        EnableTerminationProtection=True,
    )

    assert stack["RoleARN"] == "arn:aws:iam::123456789012:role/deployer"
    assert stack["NotificationARNs"] == ["arn:aws:sns:eu-west-1:123456789012:told"]
    assert (stack["TimeoutInMinutes"], stack["EnableTerminationProtection"]) == (30, True)


def test_closing_the_server_waits_for_nothing_and_leaves_the_stack_as_it_is(closing, world, things):
    world.hold("create Slow")
    handler = closing()
    handler.create_stack({"StackName": "cut", "TemplateBody": json.dumps(things(Slow={}))})
    world.until("create Slow")

    handler.close()

    assert world.journal == ["create Slow"]
    assert len(world.things) == 1


def test_a_stack_is_found_only_once_it_has_a_status(stacks, things, monkeypatch):
    found, add = [], Store.add

    def added(self, stack):
        found.append(stack.status)
        add(self, stack)

    monkeypatch.setattr(Store, "add", added)
    stacks.create("created", things(A={}))
    stacks.change_set("reviewed", things(A={}), ChangeSetType="CREATE")

    assert found == ["CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS"]
