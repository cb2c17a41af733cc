"""Change sets: what they say would change, and what becomes of them."""

import json

import pytest
from botocore.exceptions import ClientError


def changes(described):
    """{logical id: (action, replacement)}"""
    found = [change["ResourceChange"] for change in described["Changes"]]
    return {each["LogicalResourceId"]: (each["Action"], each.get("Replacement")) for each in found}


def details(described, logical_id):
    """(property, requires recreation, evaluation, source, cause) of each detail."""
    (change,) = [
        change["ResourceChange"]
        for change in described["Changes"]
        if change["ResourceChange"]["LogicalResourceId"] == logical_id
    ]
    return [
        (
            detail["Target"].get("Name"),
            detail["Target"]["RequiresRecreation"],
            detail["Evaluation"],
            detail["ChangeSource"],
            detail.get("CausingEntity"),
        )
        for detail in change["Details"]
    ]


def error(caught):
    return caught.value.response["Error"]


def test_added_modified_and_removed_resources_are_told_apart(stacks, things):
    stacks.create("apart", things(Same={}, Size={"Size": 1}, Kind={"Kind": "old"}, Gone={}))
    physical = {name: physical_id for name, (_, physical_id) in stacks.resources("apart").items()}

    described = stacks.change_set("apart", things(Same={}, Size={"Size": 2}, Kind={"Kind": "new"}, New={}))

    assert (described["Status"], described["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert changes(described) == {
        "Gone": ("Remove", None),
        "Kind": ("Modify", "True"),
        "New": ("Add", None),
        "Size": ("Modify", "False"),
    }
    by_name = {
        change["ResourceChange"]["LogicalResourceId"]: change["ResourceChange"]
        for change in described["Changes"]
    }
    assert by_name["Kind"]["PhysicalResourceId"] == physical["Kind"]
    assert (by_name["Kind"]["PolicyAction"], by_name["Gone"]["PolicyAction"]) == (
        "ReplaceAndDelete",
        "Delete",
    )
    assert details(described, "Size") == [("Size", "Never", "Static", "DirectModification", None)]
    assert details(described, "Kind") == [("Kind", "Always", "Static", "DirectModification", None)]


def test_a_replacement_reaches_those_that_refer_to_it(stacks, things):
    def chain(kind):
        return things(
            Model={"Kind": kind},
            Config={"Kind": {"Fn::GetAtt": ["Model", "Serial"]}},
            Endpoint={"Of": {"Ref": "Config"}},
            Alarm={"Of": "a literal name"},
        )

    stacks.create("chain", chain("old"))

    described = stacks.change_set("chain", chain("new"))

    assert changes(described) == {
        "Model": ("Modify", "True"),
        "Config": ("Modify", "Conditional"),
        "Endpoint": ("Modify", "False"),
    }
    assert details(described, "Config") == [
        ("Kind", "Always", "Dynamic", "ResourceAttribute", "Model.Serial")
    ]
    assert details(described, "Endpoint") == [("Of", "Never", "Dynamic", "ResourceReference", "Config")]


def test_a_change_in_place_reaches_attributes_but_not_references(stacks, things):
    def template(size):
        return things(
            A={"Size": size}, ByRef={"Of": {"Ref": "A"}}, ByAttribute={"Of": {"Fn::Sub": "size ${A.Size}"}}
        )

    stacks.create("attribute", template(1))

    described = stacks.change_set("attribute", template(2))

    assert changes(described) == {"A": ("Modify", "False"), "ByAttribute": ("Modify", "False")}


def test_a_changed_parameter_is_named_as_the_cause(stacks, things):
    template = things(A={"Size": {"Ref": "Size"}, "Of": "x"}) | {
        "Parameters": {"Size": {"Type": "Number", "Default": 1}}
    }
    stacks.create("cause", template)

    described = stacks.change_set(
        "cause", template, Parameters=[{"ParameterKey": "Size", "ParameterValue": "2"}]
    )

    assert details(described, "A") == [("Size", "Never", "Static", "ParameterReference", "Size")]
    assert described["Parameters"] == [{"ParameterKey": "Size", "ParameterValue": "2"}]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("Metadata", {"m": 1}), ("DeletionPolicy", "Retain"), ("UpdateReplacePolicy", "Retain")],
)
def test_attributes_beside_the_properties_change_in_their_own_scope(stacks, things, attribute, value):
    stacks.create("scope", things(A={"Size": 1}))

    described = stacks.change_set("scope", things(A={"Properties": {"Size": 1}, attribute: value}))

    assert described["Changes"][0]["ResourceChange"]["Scope"] == [attribute]
    assert changes(described) == {"A": ("Modify", "False")}


def test_tags_of_the_stack_change_what_has_tags(stacks, things):
    stacks.create("tags", things(A={}))

    described = stacks.change_set("tags", things(A={}), Tags=[{"Key": "team", "Value": "x"}])

    assert described["Changes"][0]["ResourceChange"]["Scope"] == ["Tags"]
    assert described["Tags"] == [{"Key": "team", "Value": "x"}]


def test_without_changes_a_change_set_fails_and_cannot_be_executed(stacks, things):
    stacks.create("same", things(A={}))

    described = stacks.change_set("same", things(A={}))

    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert described["StatusReason"] == (
        "The submitted information didn't contain changes. Submit different information to create a change set."
    )
    with pytest.raises(ClientError) as caught:
        stacks.client.execute_change_set(ChangeSetName=described["ChangeSetId"])
    assert error(caught)["Code"] == "InvalidChangeSetStatus"
    assert "cannot be executed in its current status of [FAILED]" in error(caught)["Message"]


def test_a_change_of_outputs_alone_is_one_without_changes_of_resources(stacks, things):
    stacks.create("outputs", things(A={}))

    described = stacks.change_set("outputs", things(A={}) | {"Outputs": {"O": {"Value": "v"}}})

    assert (described["Status"], described["Changes"]) == ("CREATE_COMPLETE", [])


def test_a_change_of_type_fails_the_change_set_with_the_reason(stacks, things):
    stacks.create("type", things(A={}))

    described = stacks.change_set("type", {"Resources": {"A": {"Type": "AWS::SNS::Topic"}}})

    assert described["Status"] == "FAILED"
    assert "Update of resource type is not permitted" in described["StatusReason"]


def test_executing_a_change_set_updates_the_stack(stacks, world, things):
    stacks.create("execute", things(A={"Size": 1}))
    described = stacks.change_set("execute", things(A={"Size": 2}), Description="bigger")
    assert world.journal == ["create A"]

    stacks.client.execute_change_set(ChangeSetName="changes", StackName=stacks.named("execute"))

    stack = stacks.wait("execute")
    assert (stack["StackStatus"], stack["ChangeSetId"]) == ("UPDATE_COMPLETE", described["ChangeSetId"])
    assert world.journal == ["create A", "update A"]
    with pytest.raises(ClientError, match="cannot be executed in its current status"):
        stacks.client.execute_change_set(ChangeSetName=described["ChangeSetId"])


def test_a_change_set_for_a_new_stack_leaves_it_in_review_until_it_is_executed(stacks, world, things):
    described = stacks.change_set("new", things(A={}), ChangeSetType="CREATE")

    assert (changes(described), world.journal) == ({"A": ("Add", None)}, [])
    assert stacks.describe("new")["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert stacks.resources("new") == {}
    with pytest.raises(ClientError, match="is in REVIEW_IN_PROGRESS state and can not be updated"):
        stacks.update("new", things(A={}))

    stacks.client.execute_change_set(ChangeSetName=described["ChangeSetId"])

    assert stacks.wait("new")["StackStatus"] == "CREATE_COMPLETE"
    assert stacks.statuses("new") == ["REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]


def test_a_stack_in_review_can_be_deleted(stacks, things):
    stacks.change_set("review", things(A={}), ChangeSetType="CREATE")
    stack_id = stacks.describe("review")["StackId"]

    stacks.client.delete_stack(StackName=stack_id)

    assert stacks.wait(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert stacks.statuses(stack_id) == ["REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_what_becomes_of_a_failing_new_stack_is_stated_with_its_change_set(stacks, world, things):
    world.refused["create A"] = "no"
    described = stacks.change_set("do", things(A={}), ChangeSetType="CREATE", OnStackFailure="DO_NOTHING")

    stacks.client.execute_change_set(ChangeSetName=described["ChangeSetId"])

    assert stacks.wait("do")["StackStatus"] == "CREATE_FAILED"


@pytest.mark.parametrize(
    ("kind", "exists", "code", "said"),
    [
        (
            "CREATE",
            True,
            "AlreadyExistsException",
            "already exists and cannot be created again with the changeSet",
        ),
        ("UPDATE", False, "ValidationError", "does not exist"),
    ],
)
def test_the_type_of_a_change_set_must_fit_the_stack(stacks, things, kind, exists, code, said):
    if exists:
        stacks.create("fit", things(A={}))

    with pytest.raises(ClientError) as caught:
        stacks.change_set("fit", things(A={}, B={}), ChangeSetType=kind)
    assert (error(caught)["Code"], said in error(caught)["Message"]) == (code, True)


def test_a_change_set_is_obsolete_once_the_stack_has_changed_otherwise(stacks, things):
    stacks.create("stale", things(A={"Size": 1}))
    described = stacks.change_set("stale", things(A={"Size": 2}))
    stacks.update("stale", things(A={"Size": 3}))

    with pytest.raises(ClientError, match=r"current status of \[OBSOLETE\]"):
        stacks.client.execute_change_set(ChangeSetName=described["ChangeSetId"])


def test_executing_one_change_set_deletes_the_others(stacks, things):
    stacks.create("others", things(A={"Size": 1}))
    one = stacks.change_set("others", things(A={"Size": 2}), "one")
    two = stacks.change_set("others", things(A={"Size": 3}), "two")
    name = stacks.named("others")
    listed = stacks.client.list_change_sets(StackName=name)["Summaries"]
    assert [each["ChangeSetName"] for each in listed] == ["one", "two"]

    stacks.client.execute_change_set(ChangeSetName=two["ChangeSetId"])
    stacks.wait("others")

    assert stacks.client.list_change_sets(StackName=name)["Summaries"] == []
    with pytest.raises(stacks.client.exceptions.ChangeSetNotFoundException):
        stacks.client.describe_change_set(ChangeSetName=one["ChangeSetId"])


def test_a_deleted_change_set_is_gone_and_deleting_it_again_succeeds(stacks, things):
    stacks.create("deleted", things(A={}))
    name = {"StackName": stacks.named("deleted"), "ChangeSetName": "changes"}
    stacks.change_set("deleted", things(A={}, B={}))

    stacks.client.delete_change_set(**name)
    stacks.client.delete_change_set(**name)

    with pytest.raises(stacks.client.exceptions.ChangeSetNotFoundException, match=r"ChangeSet \[changes\]"):
        stacks.client.execute_change_set(**name)


def test_a_name_is_taken_while_the_change_set_is_there_unless_the_request_is_the_same(stacks, things):
    stacks.create("taken", things(A={}))
    first = stacks.change_set("taken", things(A={}, B={}), ClientToken="once")

    assert (
        stacks.change_set("taken", things(A={}, B={}), ClientToken="once")["ChangeSetId"]
        == first["ChangeSetId"]
    )
    with pytest.raises(ClientError) as caught:
        stacks.change_set("taken", things(A={}, C={}))
    assert error(caught)["Code"] == "AlreadyExistsException"


def test_the_previous_template_can_be_changed_by_parameters_alone(stacks, things):
    template = things(A={"Size": {"Ref": "Size"}}) | {
        "Parameters": {"Size": {"Type": "Number", "Default": 1}}
    }
    stacks.create("previous", template)

    stacks.client.create_change_set(
        StackName=stacks.named("previous"),
        ChangeSetName="bigger",
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": "Size", "ParameterValue": "2"}],
    )
    stacks.client.get_waiter("change_set_create_complete").wait(
        StackName=stacks.named("previous"),
        ChangeSetName="bigger",
        WaiterConfig={"Delay": 0, "MaxAttempts": 200},
    )

    body = stacks.client.get_template(StackName=stacks.named("previous"), ChangeSetName="bigger")
    assert body["TemplateBody"] == json.loads(json.dumps(template))


def test_an_unsupported_kind_of_change_set_is_refused_by_name(stacks, things):
    with pytest.raises(ClientError, match="does not have the parameter ResourcesToImport"):
        stacks.change_set(
            "import",
            things(A={}),
            ResourcesToImport=[
                {"ResourceType": "Test::Thing", "LogicalResourceId": "A", "ResourceIdentifier": {"Id": "x"}}
            ],
        )
