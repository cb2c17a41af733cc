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
