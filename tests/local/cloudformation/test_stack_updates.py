"""Updating stacks: in place, by replacement, with clean-up; and back again when something fails."""

import pytest
from botocore.exceptions import ClientError


def test_a_changed_resource_is_updated_in_place_and_the_others_are_left_alone(stacks, world, things):
    stacks.create("place", things(A={"Size": 1}, B={}))
    before = stacks.resources("place")
    world.journal.clear()

    stack = stacks.update("place", things(A={"Size": 2}, B={}))

    assert (stack["StackStatus"], world.journal) == ("UPDATE_COMPLETE", ["update A"])
    after = stacks.resources("place")
    assert after["A"] == ("UPDATE_COMPLETE", before["A"][1])
    assert after["B"] == before["B"]
    assert world.things[after["A"][1]]["Size"] == 2
    assert stacks.statuses("place")[2:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_COMPLETE",
    ]


def test_a_replacement_is_created_first_reaches_its_dependents_and_is_cleaned_up_after(stacks, world, things):
    """A -> B by Ref in a create-only property -> C by Ref in one that is not: as model, configuration, endpoint."""

    def chain(kind):
        return things(A={"Kind": kind}, B={"Kind": {"Ref": "A"}}, C={"Of": {"Ref": "B"}})

    stacks.create("reach", chain("old"))
    before = {name: physical_id for name, (_, physical_id) in stacks.resources("reach").items()}
    world.journal.clear()

    stacks.update("reach", chain("new"))

    after = {name: physical_id for name, (_, physical_id) in stacks.resources("reach").items()}
    assert world.journal == ["create A", "create B", "update C", "delete B", "delete A"]
    assert (after["A"] != before["A"], after["B"] != before["B"], after["C"] == before["C"]) == (
        True,
        True,
        True,
    )
    assert world.things[after["C"]]["Of"] == after["B"]
    assert set(world.things) == set(after.values())
    replacing = "Requested update requires the creation of a new physical resource; hence creating one."
    told = [
        (event["ResourceStatus"], event["PhysicalResourceId"], event.get("ResourceStatusReason"))
        for event in stacks.history("reach")
        if event["LogicalResourceId"] == "A"
    ]
    assert told[3:] == [
        ("UPDATE_IN_PROGRESS", before["A"], replacing),
        ("UPDATE_IN_PROGRESS", after["A"], "Resource creation Initiated"),
        ("UPDATE_COMPLETE", after["A"], None),
        ("DELETE_IN_PROGRESS", before["A"], None),
        ("DELETE_COMPLETE", before["A"], None),
    ]


def test_a_replaced_resource_is_retained_where_its_policy_says_so(stacks, world, things):
    def kept(kind):
        return things(A={"Properties": {"Kind": kind}, "UpdateReplacePolicy": "Retain"})

    stacks.create("retain", kept("old"))
    old = stacks.resources("retain")["A"][1]

    stacks.update("retain", kept("new"))

    assert old in world.things
    assert ("A", "DELETE_SKIPPED") in stacks.events("retain")
    assert stacks.resources("retain")["A"][0] == "UPDATE_COMPLETE"


def test_what_is_no_longer_in_the_template_is_deleted_in_the_clean_up(stacks, world, things):
    stacks.create("fewer", things(A={}, B={}, C={"Properties": {}, "DeletionPolicy": "Retain"}))
    kept = stacks.resources("fewer")["C"][1]
    world.journal.clear()

    stacks.update("fewer", things(A={}, D={}))

    assert world.journal == ["create D", "delete B"]
    assert set(stacks.resources("fewer")) == {"A", "D"}
    assert kept in world.things


def test_a_clean_up_that_fails_does_not_fail_the_update(stacks, world, things):
    stacks.create("messy", things(A={}, B={}))
    world.refused["delete B"] = "somebody uses it"

    stack = stacks.update("messy", things(A={}))

    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.reason("messy", "B", "DELETE_FAILED") == "somebody uses it"
    assert set(stacks.resources("messy")) == {"A"}


def test_a_custom_named_resource_cannot_be_replaced_under_its_name(stacks, things):
    stacks.create("named", things(A={"Name": "mine", "Kind": "old"}))

    stack = stacks.update("named", things(A={"Name": "mine", "Kind": "new"}))

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reason("named", "A", "UPDATE_FAILED") == (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing."
        " Rename mine and update the stack again."
    )


def test_a_failed_update_restores_updated_replaced_and_created_resources(stacks, world, things):
    stacks.create("back", things(Up={"Size": 1}, Re={"Kind": "old"}, Same={}, Last={"Size": 1}))
    before = stacks.resources("back")
    world.refused_once["update Last"] = "out of luck"
    world.journal.clear()

    stack = stacks.update(
        "back",
        things(
            Up={"Size": 2},
            Re={"Kind": "new"},
            Same={},
            New={},
            Last={"Properties": {"Size": 2}, "DependsOn": ["Up", "Re", "New"]},
        )
        | {"Outputs": {"O": {"Value": "new"}}},
    )

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.get("Outputs", []) == []
    assert stacks.statuses("back")[2:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]
    assert stacks.reason("back", "stack", "UPDATE_ROLLBACK_IN_PROGRESS") == (
        "The following resource(s) failed to update: [Last]. "
    )
    assert stacks.reason("back", "Last", "UPDATE_FAILED") == "out of luck"
    after = stacks.resources("back")
    assert {name: found[1] for name, found in after.items()} == {
        name: found[1] for name, found in before.items()
    }
    assert set(world.things) == {physical_id for _, physical_id in after.values()}
    assert world.things[after["Up"][1]]["Size"] == 1
    assert world.journal.count("update Up") == 2
    assert sorted(world.journal[-2:]) == ["delete New", "delete Re"]


def test_after_a_rollback_the_same_update_can_be_tried_again(stacks, world, things):
    stacks.create("again", things(A={"Size": 1}))
    world.refused_once["update A"] = "not now"
    assert stacks.update("again", things(A={"Size": 2}))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"

    assert stacks.update("again", things(A={"Size": 2}))["StackStatus"] == "UPDATE_COMPLETE"


def test_a_rollback_that_fails_waits_to_be_continued(stacks, world, things):
    stacks.create("stuck", things(A={"Size": 1}, B={"Kind": "old"}))
    old = stacks.resources("stuck")
    world.refused["update A"] = "broken"

    stack = stacks.update(
        "stuck", things(A={"Properties": {"Size": 2}, "DependsOn": "B"}, B={"Kind": "new"}, C={})
    )

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    assert stack["StackStatusReason"] == "The following resource(s) failed to update: [A]. "
    with pytest.raises(ClientError, match="is in UPDATE_ROLLBACK_FAILED state and can not be updated"):
        stacks.update("stuck", things(A={"Size": 1}))

    stacks.client.continue_update_rollback(StackName=stacks.named("stuck"))
    assert stacks.wait("stuck")["StackStatus"] == "UPDATE_ROLLBACK_FAILED"

    with pytest.raises(ClientError, match="only resources in UPDATE_FAILED can"):
        stacks.client.continue_update_rollback(StackName=stacks.named("stuck"), ResourcesToSkip=["B"])

    stacks.client.continue_update_rollback(StackName=stacks.named("stuck"), ResourcesToSkip=["A"])
    assert stacks.wait("stuck")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    after = stacks.resources("stuck")
    assert after["A"] == ("UPDATE_COMPLETE", old["A"][1])
    assert after["B"][1] == old["B"][1]
    assert set(world.things) == {old["A"][1], old["B"][1]}


def test_only_a_failed_rollback_can_be_continued(stacks, things):
    stacks.create("well", things(A={}))

    with pytest.raises(ClientError, match="is in CREATE_COMPLETE state and can not be rolled back"):
        stacks.client.continue_update_rollback(StackName=stacks.named("well"))


def test_a_stack_whose_rollback_failed_can_be_deleted_with_all_that_it_left_behind(stacks, world, things):
    stacks.create("mess", things(A={"Size": 1}, B={"Kind": "old"}))
    world.refused["update A"] = "broken"
    stacks.update("mess", things(A={"Properties": {"Size": 2}, "DependsOn": "B"}, B={"Kind": "new"}))

    stack = stacks.delete("mess")

    assert (stack["StackStatus"], world.things) == ("DELETE_COMPLETE", {})


def test_without_rollback_a_failed_update_stays_where_it_is(stacks, world, things):
    stacks.create("stay", things(A={"Size": 1}))
    world.refused["update A"] = "broken"

    stack = stacks.update("stay", things(A={"Size": 2}, B={}), DisableRollback=True)

    assert stack["StackStatus"] == "UPDATE_FAILED"
    with pytest.raises(ClientError, match="does not have RollbackStack: delete the stack"):
        stacks.update("stay", things(A={"Size": 1}))
    assert stacks.delete("stay")["StackStatus"] == "DELETE_COMPLETE"
    assert world.things == {}


def test_the_rollback_of_a_replacement_keeps_the_new_one_where_its_policy_says_so(stacks, world, things):
    def template(kind, size):
        return things(
            A={"Properties": {"Kind": kind}, "UpdateReplacePolicy": "Retain"},
            B={"Properties": {"Size": size}, "DependsOn": "A"},
        )

    stacks.create("both", template("old", 1))
    world.refused_once["update B"] = "no"
    stacks.update("both", template("new", 2))

    assert len([name for name in world.things if name.startswith("A-")]) == 2


@pytest.mark.parametrize(
    "same",
    [
        lambda template: template,
        lambda template: template | {"Description": "only said differently"},
        lambda template: template | {"Parameters": {"P": {"Type": "String", "Default": "unused"}}},
    ],
)
def test_an_update_that_changes_nothing_is_refused(stacks, things, same):
    stacks.create("same", things(A={"Size": 1}))

    with pytest.raises(ClientError) as caught:
        stacks.update("same", same(things(A={"Size": 1})))

    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ValidationError", "No updates are to be performed.")


@pytest.mark.parametrize(
    "changed",
    [
        lambda template: template | {"Outputs": {"O": {"Value": "new"}}},
        lambda template: {"Resources": {"A": template["Resources"]["A"] | {"Metadata": {"m": 1}}}},
        lambda template: {"Resources": {"A": template["Resources"]["A"] | {"DeletionPolicy": "Retain"}}},
    ],
)
def test_outputs_metadata_and_policies_alone_are_an_update(stacks, world, things, changed):
    stacks.create("little", things(A={"Size": 1}))

    assert stacks.update("little", changed(things(A={"Size": 1})))["StackStatus"] == "UPDATE_COMPLETE"
    assert world.journal == ["create A"]


def test_a_deletion_policy_that_changed_alone_counts(stacks, world, things):
    stacks.create("policy", things(A={}))
    stacks.update("policy", things(A={"Properties": {}, "DeletionPolicy": "Retain"}))

    stacks.delete("policy")

    assert len(world.things) == 1


def test_the_stacks_tags_alone_are_an_update_of_what_has_tags(stacks, world, things):
    stacks.create("tags", things(A={}), Tags=[{"Key": "team", "Value": "a"}])

    stack = stacks.update("tags", things(A={}), Tags=[{"Key": "team", "Value": "b"}])

    assert stack["Tags"] == [{"Key": "team", "Value": "b"}]
    (thing,) = world.things.values()
    assert {"Key": "team", "Value": "b"} in thing["Tags"]


def test_tags_and_role_stay_where_an_update_is_silent(stacks, things):
    role = "arn:aws:iam::123456789012:role/deployer"
    stacks.create("silent", things(A={}), Tags=[{"Key": "team", "Value": "a"}], RoleARN=role)

    stack = stacks.update("silent", things(A={"Size": 1}))

    assert (stack["Tags"], stack["RoleARN"]) == ([{"Key": "team", "Value": "a"}], role)


def test_the_previous_template_and_parameter_values_can_be_used_again(stacks, world, things):
    template = things(A={"Size": {"Ref": "Size"}, "Of": {"Ref": "Of"}}) | {
        "Parameters": {"Size": {"Type": "Number"}, "Of": {"Type": "String"}}
    }
    values = [{"ParameterKey": "Size", "ParameterValue": "1"}, {"ParameterKey": "Of", "ParameterValue": "x"}]
    stacks.create("previous", template, Parameters=values)

    stacks.client.update_stack(
        StackName=stacks.named("previous"),
        UsePreviousTemplate=True,
        Parameters=[
            {"ParameterKey": "Size", "ParameterValue": "2"},
            {"ParameterKey": "Of", "UsePreviousValue": True},
        ],
    )

    assert stacks.wait("previous")["StackStatus"] == "UPDATE_COMPLETE"
    (thing,) = world.things.values()
    assert (thing["Size"], thing["Of"]) == ("2", "x")


def test_the_type_of_a_resource_cannot_change(stacks, things):
    stacks.create("type", things(A={}))

    with pytest.raises(ClientError, match=r"Update of resource type is not permitted.*\[A\]"):
        stacks.update("type", {"Resources": {"A": {"Type": "AWS::SNS::Topic"}}})


def test_a_stack_in_progress_cannot_be_updated(stacks, world, things):
    stacks.create("busy", things(A={"Size": 1}))
    let_go = world.hold("update A")
    stacks.begin("update", "busy", things(A={"Size": 2}))

    with pytest.raises(ClientError, match="is in UPDATE_IN_PROGRESS state and can not be updated"):
        stacks.update("busy", things(A={"Size": 3}))

    let_go()
    stacks.wait("busy")


def test_a_stack_that_is_not_there_cannot_be_updated(stacks, things):
    with pytest.raises(ClientError, match=rf"Stack \[{stacks.named('nowhere')}\] does not exist"):
        stacks.update("nowhere", things(A={}))


def test_an_update_with_the_same_token_is_the_same_update(stacks, world, things):
    stacks.create("token", things(A={"Size": 1}))
    stacks.update("token", things(A={"Size": 2}), ClientRequestToken="once")

    stacks.update("token", things(A={"Size": 2}), ClientRequestToken="once")

    assert world.journal == ["create A", "update A"]
