"""Intrinsic functions: evaluated as far as possible before anything exists, and wholly once it does."""

import json

import pytest

from local_aws.cloudformation.templates.definition import define, pseudo_parameters
from local_aws.cloudformation.templates.template import parse
from local_aws.kernel.wire import ServiceError

PSEUDO = pseudo_parameters("eu-west-1", "arn:stack", "demo", ["arn:topic"])
ATTRIBUTES = {"R": {"Ref": "r-1", "Arn": "arn:r", "Nested.Arn": "arn:nested"}}


def defined(value, parameters=None, **sections):
    """The definition of a template whose resource T has `value` as its property P, beside a resource R."""
    declared = {name: {"Type": "String"} for name in parameters or {}}
    template = {
        "Parameters": declared,
        "Resources": {"R": {"Type": "X"}, "T": {"Type": "X", "Properties": {"P": value, "Q": 1}}},
        **sections,
    }
    return define(parse(json.dumps(template)), parameters or {}, {}, PSEUDO)


def early(value, parameters=None, **sections):
    """What is known before R exists."""
    return defined(value, parameters, **sections).resources["T"].properties.get("P", "left out")


def late(value, parameters=None, **sections):
    """What it is once R exists."""
    definition = defined(value, parameters, **sections)
    return definition.settle(definition.resources["T"].properties, ATTRIBUTES).get("P", "left out")


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ({"Ref": "Name"}, "demo"),
        ({"Ref": "AWS::StackName"}, "demo"),
        ({"Ref": "AWS::AccountId"}, "123456789012"),
        ({"Ref": "AWS::NotificationARNs"}, ["arn:topic"]),
        ({"Ref": "AWS::NoValue"}, "left out"),
        ([{"Ref": "AWS::NoValue"}, 1], [1]),
        ({"Fn::Join": ["-", ["a", 1, True]]}, "a-1-true"),
        ({"Fn::Join": ["-", {"Fn::Split": [",", "a,b"]}]}, "a-b"),
        ({"Fn::Sub": "${Name} in ${AWS::Region}: ${!Kept} $5"}, "demo in eu-west-1: ${Kept} $5"),
        ({"Fn::Sub": ["${Own}/${Name}", {"Own": {"Ref": "AWS::Partition"}}]}, "aws/demo"),
        ({"Fn::Sub": "${!} ${!a-b} $} ${Name"}, "${} ${a-b} $} ${Name"),
        ({"Fn::Select": ["1", ["a", "b"]]}, "b"),
        ({"Fn::Split": ["|", "a|b|"]}, ["a", "b", ""]),
        ({"Fn::Base64": "text"}, "dGV4dA=="),
        ({"Fn::GetAZs": {"Ref": "AWS::Region"}}, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Name"}, "gb"]}, 4),
        ({"Version": "2012-10-17", "Condition": {"StringEquals": {}}},) * 2,
    ],
)
def test_what_refers_to_no_resource_is_known_at_once(value, result):
    assert early(value, {"Name": "demo"}, Mappings={"Sizes": {"demo": {"gb": 4}}}) == result


@pytest.mark.parametrize(
    ("value", "before", "after"),
    [
        ({"Ref": "R"}, {"Ref": "R"}, "r-1"),
        ({"Fn::GetAtt": ["R", "Arn"]}, {"Fn::GetAtt": ["R", "Arn"]}, "arn:r"),
        ({"Fn::GetAtt": "R.Nested.Arn"}, {"Fn::GetAtt": ["R", "Nested.Arn"]}, "arn:nested"),
        (
            {"Fn::Sub": "${Name}/${R}/${R.Arn}!"},
            {"Fn::Join": ["", ["demo/", {"Ref": "R"}, "/", {"Fn::GetAtt": ["R", "Arn"]}, "!"]]},
            "demo/r-1/arn:r!",
        ),
        (
            {"Fn::Select": [1, {"Fn::Split": [":", {"Fn::GetAtt": ["R", "Arn"]}]}]},
            {"Fn::Select": [1, {"Fn::Split": [":", {"Fn::GetAtt": ["R", "Arn"]}]}]},
            "r",
        ),
        ({"Fn::Base64": {"Ref": "R"}}, {"Fn::Base64": {"Ref": "R"}}, "ci0x"),
        ({"a": [{"Ref": "R"}, {"Ref": "Name"}]}, {"a": [{"Ref": "R"}, "demo"]}, {"a": ["r-1", "demo"]}),
    ],
)
def test_what_refers_to_a_resource_waits_for_it_with_all_else_resolved(value, before, after):
    assert early(value, {"Name": "demo"}) == before
    assert late(value, {"Name": "demo"}) == after


def test_a_literal_place_of_sub_stays_one_after_the_second_evaluation():
    assert late({"Fn::Sub": "${!R} is ${R}"}) == "${R} is r-1"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"Fn::Equals": [{"Ref": "Name"}, "demo"]}, True),
        ({"Fn::Equals": [1, "1"]}, True),
        ({"Fn::Not": [{"Fn::Equals": [{"Ref": "Name"}, "demo"]}]}, False),
        ({"Fn::And": [{"Condition": "Yes"}, {"Fn::Not": [{"Condition": "Yes"}]}]}, False),
        ({"Fn::Or": [{"Condition": "Yes"}, {"Fn::Not": [{"Condition": "Yes"}]}]}, True),
        ({"Fn::Equals": [{"Fn::Select": [0, {"Fn::Split": ["e", {"Ref": "Name"}]}]}, "d"]}, True),
    ],
)
def test_conditions_choose_between_values(condition, holds):
    conditions = {"Yes": {"Fn::Equals": ["a", "a"]}, "Asked": condition}

    chosen = early({"Fn::If": ["Asked", "then", "else"]}, {"Name": "demo"}, Conditions=conditions)

    assert chosen == ("then" if holds else "else")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"Fn::Join": ["-", "text"]}, "every Fn::Join object requires two parameters"),
        ({"Fn::Select": [2, ["a"]]}, "Fn::Select cannot select nonexistent value at index 2"),
        ({"Fn::Select": ["x", ["a"]]}, "Fn::Select requires a list argument with two elements"),
        ({"Fn::Split": ["", "a"]}, "every Fn::Split object requires two parameters"),
        ({"Fn::Sub": "a${}"}, "variable names in Fn::Sub syntax"),
        ({"Fn::Sub": "${ }"}, "variable names in Fn::Sub syntax"),
        ({"Fn::Sub": "${a-b}"}, "variable names in Fn::Sub syntax"),
        ({"Fn::Sub": ["${a b}", {"a b": "c"}]}, "variable names in Fn::Sub syntax"),
        ({"Fn::Sub": {"a": 1}}, "Fn::Sub intrinsic functions don't specify expected arguments"),
        ({"Fn::GetAtt": ["R"]}, "every Fn::GetAtt object requires two non-empty parameters"),
        ({"Fn::FindInMap": ["Sizes", "x", "y"]}, "Unable to get mapping for Sizes::x::y"),
        ({"Fn::Base64": ["a"]}, "every Fn::Base64 object must have a String-typed value"),
        ({"Fn::Equals": ["a", "b"]}, "Fn::Equals can be used in the Conditions block only"),
        ({"Fn::If": ["A", "b"]}, "Fn::If requires a list of 3 parameters"),
        ("{{resolve:ssm:/name}}", "does not have dynamic references: {{resolve:ssm:/name}}"),
    ],
)
def test_wrong_arguments_are_refused_naming_the_function(value, said):
    with pytest.raises(ServiceError) as caught:
        early(value)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"A": {"Condition": "B"}, "B": {"Condition": "A"}}, "Circular dependency between conditions"),
        ({"A": {"Fn::Equals": ["one"]}}, "every Conditions member must be a condition"),
        ({"A": {"Condition": "Missing"}}, "Unresolved condition dependency Missing"),
    ],
)
def test_wrong_conditions_are_refused(conditions, said):
    with pytest.raises(ServiceError) as caught:
        early({"Fn::If": ["A", 1, 2]}, Conditions=conditions)
    assert said in caught.value.message
