"""Exports and Fn::ImportValue: what CloudFormation allows with them, and what it refuses."""

import pytest
from botocore.exceptions import ClientError


def exporting(things, name, value="Serial", **sizes):
    """A template whose output `O` is exported under `name`: an attribute of thing A."""
    template = things(A=sizes or {"Size": 1})
    output = {"Value": {"Fn::GetAtt": ["A", value]}, "Export": {"Name": name}}
    return {**template, "Outputs": {"O": output}}


def importing(things, name):
    return things(B={"Size": {"Fn::ImportValue": name}})


@pytest.fixture
def export(stacks):
    return f"export-{stacks.number}"


def test_an_exported_value_reaches_the_stack_that_imports_it(stacks, things, world, export):
    stacks.create("giver", exporting(things, export))
    stacks.create("taker", importing(things, {"Fn::Sub": export}))
    [listed] = [each for each in stacks.client.list_exports()["Exports"] if each["Name"] == export]
    assert listed["ExportingStackId"] == stacks.describe("giver")["StackId"]
    assert [thing["Size"] for thing in world.things.values() if thing["Size"] != 1] == [listed["Value"]]
    assert stacks.client.list_imports(ExportName=export)["Imports"] == [stacks.named("taker")]
    described = stacks.describe("giver")["Outputs"]
    assert described == [{"OutputKey": "O", "OutputValue": listed["Value"], "ExportName": export}]


def test_an_import_inside_of_other_functions_is_resolved(stacks, things, world, export):
    stacks.create("giver", exporting(things, export, value="Size", Size=7))
    joined = {"Fn::Sub": ["${Seen} things", {"Seen": {"Fn::ImportValue": export}}]}
    stacks.create("taker", things(B={"Size": joined}))
    assert "7 things" in [thing["Size"] for thing in world.things.values()]


def test_an_import_of_what_nobody_exports_rolls_the_stack_back(stacks, things, world, export):
    stack = stacks.create("taker", importing(things, export))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = stacks.reason("taker", "stack", "ROLLBACK_IN_PROGRESS")
    assert reason == f"No export named {export} found. Rollback requested by user."
    assert world.journal == []
    found = stacks.change_set("other", importing(things, export), ChangeSetType="CREATE")
    assert (found["Status"], found["StatusReason"]) == ("FAILED", f"No export named {export} found.")


@pytest.mark.parametrize("value", [{"Ref": "AWS::NoValue"}, ["a"], {"Fn::Split": [",", "a,b"]}])
def test_an_output_that_is_no_text_rolls_the_stack_back(stacks, things, world, value):
    stack = stacks.create("one", {**things(A={"Size": 1}), "Outputs": {"O": {"Value": value}}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "must evaluate to a String" in stacks.reason("one", "stack", "ROLLBACK_IN_PROGRESS")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.b", "must be specified and consist only of alphanumeric characters, colons, or hyphens"),
        ("", "must be specified and consist only of"),
        ({"Fn::Sub": "${AWS::StackName}/x"}, "must be specified and consist only of"),
        ("x" * 257, "must not be longer than 256 characters"),
        ({"Fn::Sub": "x-${A.Serial}"}, "must not depend on any resources, imported values, or Fn::GetAZs"),
    ],
)
def test_an_exports_name_is_refused_before_anything_is_made(stacks, things, world, name, said):
    with pytest.raises(ClientError, match=said):
        stacks.create("giver", exporting(things, name))
    assert world.journal == []


def test_two_outputs_of_a_template_have_two_names(stacks, things, world, export):
    template = exporting(things, export)
    template["Outputs"]["P"] = {"Value": "v", "Export": {"Name": export}}
    with pytest.raises(ClientError, match=f"Outputs O and P have the same Export name {export}"):
        stacks.create("giver", template)
    assert world.journal == []


@pytest.mark.parametrize(("length", "status"), [(1024, "CREATE_COMPLETE"), (1025, "ROLLBACK_COMPLETE")])
def test_an_exported_value_has_1024_characters(stacks, things, world, export, length, status):
    output = {"Value": "v" * length, "Export": {"Name": export}}
    stack = stacks.create("giver", {**things(A={"Size": 1}), "Outputs": {"O": output}})
    assert stack["StackStatus"] == status


def test_a_name_is_exported_once(stacks, things, world, export):
    stacks.create("giver", exporting(things, export))
    stack = stacks.create("second", exporting(things, export))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    said = f"Export with name {export} is already exported by stack {stacks.named('giver')}."
    assert said in stacks.reason("second", "stack", "ROLLBACK_IN_PROGRESS")


def test_a_stack_whose_export_is_in_use_is_not_deleted(stacks, things, world, export):
    stacks.create("giver", exporting(things, export))
    stacks.create("taker", importing(things, export))
    assert stacks.delete("giver")["StackStatus"] == "DELETE_FAILED"
    reason = stacks.reason("giver", "stack", "DELETE_FAILED")
    assert reason == (
        f"Delete canceled. Cannot delete export {export} as it is in use by {stacks.named('taker')}."
    )
    assert "delete A" not in world.journal
    stacks.delete("taker")
    assert stacks.delete("giver")["StackStatus"] == "DELETE_COMPLETE"
    assert export not in [each["Name"] for each in stacks.client.list_exports()["Exports"]]


@pytest.mark.parametrize(
    ("change", "done"),
    [
        (lambda things, name: exporting(things, name, value="Size", Size=2), "updated"),
        (lambda things, name: exporting(things, f"{name}-other", value="Size"), "deleted"),
        (lambda things, name: things(A={"Size": 2}), "deleted"),
    ],
)
def test_an_export_that_is_in_use_neither_changes_nor_goes(stacks, things, world, export, change, done):
    stacks.create("giver", exporting(things, export, value="Size"))
    stacks.create("taker", importing(things, export))
    stack = stacks.update("giver", change(things, export))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reason = stacks.reason("giver", "stack", "UPDATE_ROLLBACK_IN_PROGRESS")
    assert f"Export {export} cannot be {done} as it is in use by {stacks.named('taker')}" in reason
    assert stack["Outputs"][0]["OutputValue"] == "1"


def test_an_export_that_nobody_uses_may_change(stacks, things, world, export):
    stacks.create("giver", exporting(things, export, value="Size"))
    stack = stacks.update("giver", exporting(things, export, value="Size", Size=2))
    assert (stack["StackStatus"], stack["Outputs"][0]["OutputValue"]) == ("UPDATE_COMPLETE", "2")


def test_an_import_cannot_depend_on_a_resource(stacks, things, world):
    template = things(A={"Size": 1}, B={"Size": {"Fn::ImportValue": {"Ref": "A"}}})
    with pytest.raises(ClientError, match="Fn::ImportValue must not depend on any resources"):
        stacks.begin("create", "s", template)


def test_an_export_that_nobody_imports_has_no_imports_to_list(stacks, things, world, export):
    stacks.create("giver", exporting(things, export))
    with pytest.raises(ClientError, match=f"Export '{export}' is not imported by any stack."):
        stacks.client.list_imports(ExportName=export)
