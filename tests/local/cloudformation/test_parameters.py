"""Parameters: defaults, types, constraints, and which values a request may give."""

import pytest

from local_aws.cloudformation.templates.parameters import Parameter, chosen
from local_aws.kernel.wire import ServiceError


def values(declared, given=(), previous=()):
    parameters = {name: Parameter.declared(name, stated) for name, stated in declared.items()}
    requested = [{"ParameterKey": key, **stated} for key, stated in dict(given).items()]
    return chosen(parameters, requested, dict(previous))


def refusal(*arguments):
    with pytest.raises(ServiceError) as caught:
        values(*arguments)
    assert caught.value.code == "ValidationError"
    return caught.value.message


def test_a_value_is_given_kept_or_the_default():
    declared = {name: {"Type": "String", "Default": "default"} for name in ("Given", "Kept", "Silent")}

    chosen_values = values(
        declared,
        {"Given": {"ParameterValue": "given"}, "Kept": {"UsePreviousValue": True}},
        {"Kept": "previous", "Silent": "previous"},
    )

    assert chosen_values == {"Given": "given", "Kept": "previous", "Silent": "default"}


@pytest.mark.parametrize(
    ("stated", "text", "value"),
    [
        ({"Type": "String"}, "a,b", "a,b"),
        ({"Type": "Number"}, "3", "3"),
        ({"Type": "CommaDelimitedList"}, "a, b", ["a", "b"]),
        ({"Type": "List<Number>"}, "1,2", ["1", "2"]),
        ({"Type": "List<AWS::EC2::Subnet::Id>"}, "subnet-1", ["subnet-1"]),
        ({"Type": "CommaDelimitedList"}, "", []),
    ],
)
def test_a_list_type_gives_a_list(stated, text, value):
    assert Parameter.declared("P", stated).value(text) == value


@pytest.mark.parametrize(
    ("stated", "value", "said"),
    [
        ({"AllowedValues": ["a", "b"]}, "c", "Parameter 'P' must be one of AllowedValues"),
        ({"AllowedPattern": "[a-z]+"}, "A", "must match pattern [a-z]+"),
        ({"MinLength": 3}, "ab", "Parameter 'P' must contain at least 3 characters"),
        ({"MaxLength": "3"}, "abcd", "Parameter 'P' must contain at most 3 characters"),
        ({"Type": "Number"}, "x", "Parameter 'P' must be a number"),
        ({"Type": "Number", "MinValue": 2}, "1", "Parameter 'P' must be a number not less than 2"),
        ({"Type": "List<Number>", "MaxValue": 2}, "1,3", "Parameter 'P' must be a number not greater than 2"),
        (
            {"AllowedPattern": "[a-z]+", "ConstraintDescription": "lower-case letters"},
            "A",
            "Parameter P failed to satisfy constraint: lower-case letters",
        ),
    ],
)
def test_a_value_that_breaks_a_constraint_is_refused(stated, value, said):
    assert said in refusal({"P": {"Type": "String", **stated}}, {"P": {"ParameterValue": value}})


def test_values_that_are_unknown_or_missing_are_refused():
    declared = {"P": {"Type": "String"}}

    assert refusal(declared) == "Parameters: [P] must have values"
    assert refusal(declared, {"Q": {"ParameterValue": "q"}}) == "Parameters: [Q] do not exist in the template"
    assert "key not in the previous template" in refusal(declared, {"P": {"UsePreviousValue": True}})
    both = {"P": {"UsePreviousValue": True, "ParameterValue": "p"}}
    assert "Cannot specify usePreviousValue as true and non empty value" in refusal(
        declared, both, {"P": "p"}
    )


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({}, "Every Parameters object must contain a Type member"),
        ({"Type": "String", "Defult": "x"}, "Invalid template parameter property 'Defult'"),
        ({"Type": "AWS::SSM::Parameter::Value<String>"}, "does not have the type AWS::SSM::Parameter"),
    ],
)
def test_a_declaration_that_cannot_be_used_is_refused(stated, said):
    assert said in refusal({"P": stated})
