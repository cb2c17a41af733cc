"""Deleting stacks: order, what is retained, what cannot be deleted, and deletion in the middle of creation."""

import pytest
from botocore.exceptions import ClientError


def test_resources_are_deleted_before_what_they_depend_on_and_the_stack_is_found_by_id_only(
    stacks, world, things
):
    stack_id = stacks.create("gone", things(A={}, B={"Of": {"Ref": "A"}}))["StackId"]
    world.journal.clear()

    stack = stacks.delete("gone")

    assert stack["StackStatus"] == "DELETE_COMPLETE"
    assert (world.journal, world.things) == (["delete B", "delete A"], {})
    assert stacks.describe(stack_id)["DeletionTime"] >= stack["CreationTime"]
    assert {status for status, _ in stacks.resources(stack_id).values()} == {"DELETE_COMPLETE"}
    with pytest.raises(ClientError, match=f"Stack with id {stacks.named('gone')} does not exist"):
        stacks.describe("gone")


def test_deleting_what_is_not_there_succeeds(stacks):
    stacks.client.delete_stack(StackName="never-was")


@pytest.mark.parametrize("policy", ["Retain", "RetainExceptOnCreate"])
def test_retained_resources_outlive_their_stack(stacks, world, things, policy):
    stacks.create("kept", things(A={"Properties": {}, "DeletionPolicy": policy}, B={}))
    kept = stacks.resources("kept")["A"][1]

    stack = stacks.delete("kept")

    assert stack["StackStatus"] == "DELETE_COMPLETE"
    assert stacks.resources(stack["StackId"])["A"] == ("DELETE_SKIPPED", kept)
    assert list(world.things) == [kept]


@pytest.mark.parametrize(("policy", "left"), [("Retain", 1), ("RetainExceptOnCreate", 0), ("Delete", 0)])
def test_a_creation_rolled_back_deletes_what_is_not_retained_even_then(stacks, world, things, policy, left):
    world.refused["create Bad"] = "no"

    stacks.create(
        "undone",
        things(A={"Properties": {}, "DeletionPolicy": policy}, Bad={"Of": {"Ref": "A"}}),
    )

    assert len(world.things) == left


def test_what_cannot_be_deleted_fails_the_deletion_and_can_then_be_retained(stacks, world, things):
    stacks.create("full", things(A={}, B={"Of": {"Ref": "A"}}, C={}))
    world.refused["delete B"] = "it is not empty"

    stack = stacks.delete("full")

    assert stack["StackStatus"] == "DELETE_FAILED"
    assert stack["StackStatusReason"] == "The following resource(s) failed to delete: [B]. "
    assert stacks.reason("full", "B", "DELETE_FAILED") == "it is not empty"
    statuses = {name: status for name, (status, _) in stacks.resources("full").items()}
    assert statuses == {"A": "CREATE_COMPLETE", "B": "DELETE_FAILED", "C": "DELETE_COMPLETE"}
    with pytest.raises(ClientError, match="Do not specify resources that are in the DELETE_COMPLETE state"):
        stacks.delete("full", RetainResources=["C"])

    stack = stacks.delete("full", RetainResources=["B"])

    assert stack["StackStatus"] == "DELETE_COMPLETE"
    assert [name.partition("-")[0] for name in world.things] == ["B"]


def test_resources_can_be_retained_only_where_deletion_failed(stacks, things):
    stacks.create("fine", things(A={}))

    with pytest.raises(ClientError, match="only while it is in DELETE_FAILED"):
        stacks.delete("fine", RetainResources=["A"])


def test_a_protected_stack_cannot_be_deleted_until_the_protection_is_lifted(stacks, things):
    stacks.create("safe", things(A={}), EnableTerminationProtection=True)

    with pytest.raises(ClientError, match="cannot be deleted while TerminationProtection is enabled"):
        stacks.delete("safe")

    stacks.client.update_termination_protection(
        StackName=stacks.named("safe"), EnableTerminationProtection=False
    )
    assert stacks.delete("safe")["StackStatus"] == "DELETE_COMPLETE"


def test_a_stack_can_be_deleted_while_it_is_being_created(stacks, world, things):
    world.hold("create Slow")
    stack_id = stacks.begin("create", "hasty", things(Fast={}, Slow={}))
    world.until("create Slow")

    stack = stacks.delete("hasty")

    assert (stack["StackStatus"], world.things) == ("DELETE_COMPLETE", {})
    assert stacks.statuses(stack_id) == ["CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_a_stack_cannot_be_deleted_while_it_is_being_updated(stacks, world, things):
    stacks.create("busy", things(A={"Size": 1}))
    let_go = world.hold("update A")
    stacks.begin("update", "busy", things(A={"Size": 2}))

    with pytest.raises(ClientError, match="cannot be deleted while in status UPDATE_IN_PROGRESS"):
        stacks.delete("busy")

    let_go()
    assert stacks.wait("busy")["StackStatus"] == "UPDATE_COMPLETE"


def test_a_stack_in_rollback_complete_can_only_be_deleted(stacks, world, things):
    world.refused["create A"] = "no"
    stack_id = stacks.create("failed", things(A={}))["StackId"]

    message = f"Stack:{stack_id} is in ROLLBACK_COMPLETE state and can not be updated."
    with pytest.raises(ClientError, match=message):
        stacks.update("failed", things(A={}, B={}))

    assert stacks.delete("failed")["StackStatus"] == "DELETE_COMPLETE"
