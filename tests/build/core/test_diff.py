"""What would change, readably: steps and parameters added, removed, changed, with old and new values."""

import json
from typing import Any

import pytest

from model_build.core.diff import compare, steps

PREPARE: dict[str, Any] = {
    "Name": "Prepare",
    "Type": "Processing",
    "Arguments": {
        "ProcessingInputs": [
            {"InputName": "code", "S3Input": {"S3Uri": "s3://b/code/1/"}},
            {"InputName": "data", "S3Input": {"S3Uri": {"Get": "Parameters.Data"}}},
        ],
    },
}
TRAIN = {
    "Name": "Train",
    "Type": "Training",
    "Arguments": {"HyperParameters": {"epochs": "5", "mode": "supervised"}},
}
FAIL = {"Name": "Fail", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}


def definition(*listed, parameters=()):
    return json.dumps({"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(listed)})


def gate(*otherwise):
    return {"Name": "Gate", "Type": "Condition", "Arguments": {"IfSteps": [], "ElseSteps": list(otherwise)}}


def changed(before, after):
    return [str(change) for change in compare(before, after)]


def test_the_same_definition_has_no_changes():
    assert (
        changed(definition(PREPARE, TRAIN), json.dumps(json.loads(definition(PREPARE, TRAIN)), indent=4))
        == []
    )


def test_without_a_pipeline_all_is_new():
    data = {"Name": "Data", "Type": "String"}
    assert changed(None, definition(PREPARE, gate(FAIL), parameters=[data])) == [
        "+ pipeline",
        "+ parameter Data",
        "+ step Prepare",
        "+ step Gate",
        "+ step Fail",
    ]


def test_steps_that_come_and_go_are_named_once():
    assert changed(definition(PREPARE), definition(TRAIN)) == ["+ step Train", "- step Prepare"]


@pytest.mark.parametrize(
    ("hyperparameters", "expected"),
    [
        ({"epochs": "10", "mode": "supervised"}, '~ step Train: HyperParameters.epochs "5" -> "10"'),
        ({"mode": "supervised"}, '- step Train: HyperParameters.epochs (was "5")'),
        (
            {"epochs": "5", "mode": "supervised", "vector_dim": "10"},
            '+ step Train: HyperParameters.vector_dim = "10"',
        ),
    ],
)
def test_a_changed_key_shows_its_path_and_values(hyperparameters, expected):
    after = {**TRAIN, "Arguments": {"HyperParameters": hyperparameters}}
    assert changed(definition(TRAIN), definition(after)) == [expected]


def test_items_of_a_list_go_by_their_names():
    code, data = PREPARE["Arguments"]["ProcessingInputs"]
    moved = {**code, "S3Input": {"S3Uri": "s3://b/code/2/"}}
    after = {**PREPARE, "Arguments": {"ProcessingInputs": [moved, data]}}
    assert changed(definition(PREPARE), definition(after)) == [
        '~ step Prepare: ProcessingInputs[code].S3Input.S3Uri "s3://b/code/1/" -> "s3://b/code/2/"'
    ]


def test_references_read_as_what_they_refer_to():
    code, data = PREPARE["Arguments"]["ProcessingInputs"]
    joined = {"Std:Join": {"On": "/", "Values": ["s3://b", {"Get": "Execution.PipelineExecutionId"}, "x"]}}
    after = {**PREPARE, "Arguments": {"ProcessingInputs": [code, {**data, "S3Input": {"S3Uri": joined}}]}}
    assert changed(definition(PREPARE), definition(after)) == [
        "~ step Prepare: ProcessingInputs[data].S3Input.S3Uri "
        "{Parameters.Data} -> s3://b/{Execution.PipelineExecutionId}/x"
    ]


def test_a_change_inside_a_branch_is_that_steps_change():
    louder = {**FAIL, "Arguments": {"ErrorMessage": "no!"}}
    assert changed(definition(gate(FAIL)), definition(gate(louder))) == [
        '~ step Fail: ErrorMessage "no" -> "no!"'
    ]


def test_a_default_of_a_parameter_is_a_change():
    plain, default = {"Name": "Force", "Type": "String"}, {"DefaultValue": "none"}
    before, after = definition(parameters=[plain]), definition(parameters=[plain | default])
    assert changed(before, after) == ['+ parameter Force: DefaultValue = "none"']


def test_steps_lists_those_of_branches_too():
    assert list(steps(definition(PREPARE, gate(FAIL)))) == ["Prepare", "Gate", "Fail"]


LEFT = {
    "Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "gate.passed"}
}


def train(**arguments):
    return definition({"Name": "Train", "Type": "Training", "Arguments": arguments})


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (1, 2, "1 -> 2"),
        (1, "1", '1 -> "1"'),
        (None, False, "null -> false"),
        ([], {}, "[] -> {}"),
        (["a"], ["a", "b"], '["a"] -> ["a", "b"]'),
        ("ü", "\n", '"\\u00fc" -> "\\n"'),
        ({"Get": "Parameters.A"}, {"Get": "Parameters.B"}, "{Parameters.A} -> {Parameters.B}"),
        (LEFT, True, "{Steps.Evaluate.PropertyFiles.Report: gate.passed} -> true"),
        (
            {"Std:Join": {"On": "/", "Values": ["s3://b", 7, {"Get": "Parameters.A"}, LEFT]}},
            "x",
            's3://b/7/{Parameters.A}/{Steps.Evaluate.PropertyFiles.Report: gate.passed} -> "x"',
        ),
        ({"Std:Join": {"On": "", "Values": []}}, "x", ' -> "x"'),
    ],
)  # fmt: skip
def test_values_of_every_kind_are_shown_before_and_after(before, after, shown):
    assert changed(train(Value=before), train(Value=after)) == [f"~ step Train: Value {shown}"]


def test_a_reference_beside_other_keys_is_no_reference():
    both = {"Get": "Parameters.A", "Of": "x"}
    assert changed(train(Epochs=1), train(Epochs=1, Value=both)) == [
        '+ step Train: Value.Get = "Parameters.A"',
        '+ step Train: Value.Of = "x"',
    ]


def test_items_without_a_name_go_by_their_place():
    before, after = [{"On": "a"}, {"On": "b"}], [{"On": "a"}, {"On": "c"}]
    assert changed(train(Rules=before), train(Rules=after)) == ['~ step Train: Rules[1].On "b" -> "c"']


@pytest.mark.parametrize("key", ["Name", "InputName", "OutputName", "ChannelName", "PropertyFileName", "Key"])
def test_items_go_by_whatever_names_them(key):
    before, after = ([{key: "one", "Uri": uri}, {key: "two", "Uri": "x"}] for uri in ("a", "b"))
    assert changed(train(List=before), train(List=after)) == ['~ step Train: List[one].Uri "a" -> "b"']


def test_items_that_change_places_are_no_change_where_they_have_names():
    one, two = {"InputName": "one", "Uri": "a"}, {"InputName": "two", "Uri": "b"}
    assert changed(train(List=[one, two]), train(List=[two, one])) == []


def test_a_list_of_references_is_one_value():
    before, after = [{"Get": "Parameters.A"}], [{"Get": "Parameters.A"}, {"Get": "Parameters.B"}]
    assert changed(train(List=before), train(List=after)) == [
        f"~ step Train: List {json.dumps(before)} -> {json.dumps(after)}"
    ]


def test_a_step_that_moves_into_a_branch_changes_the_condition_alone():
    assert changed(definition(gate(), FAIL), definition(gate(FAIL))) == [
        '~ step Gate: ElseSteps [] -> ["Fail"]'
    ]


def test_branches_inside_of_branches_are_steps_too():
    inner = {"Name": "Inner", "Type": "Condition", "Arguments": {"IfSteps": [FAIL], "ElseSteps": []}}
    assert list(steps(definition(gate(inner)))) == ["Gate", "Inner", "Fail"]
    assert steps(definition(gate(inner)))["Gate"]["Arguments"] == {"IfSteps": [], "ElseSteps": ["Inner"]}


def test_what_is_of_no_step_and_no_parameter_is_of_the_pipeline():
    before, after = definition(), json.dumps({"Version": "2021-01-01", "Metadata": {"a": 1}})
    assert changed(before, after) == [
        "+ pipeline: Metadata.a = 1",
        '~ pipeline: Version "2020-12-01" -> "2021-01-01"',
    ]


def test_a_parameter_that_goes_is_named():
    data = {"Name": "Data", "Type": "String"}
    assert changed(definition(parameters=[data]), definition()) == ["- parameter Data"]


def test_a_change_is_data_for_machines():
    [change] = compare(train(Epochs=1), train(Epochs=2))
    assert (change.kind.name, change.where, change.key) == ("CHANGED", "step Train", "Epochs")
    assert (change.old, change.new) == ("1", "2")
