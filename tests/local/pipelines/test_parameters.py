"""Pipeline parameters: what a definition may declare, and what a start request may give."""

import pytest

from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker.workflow import parameters

DECLARED = parameters.parse(
    [
        {"Name": "Data", "Type": "String"},
        {"Name": "Epochs", "Type": "Integer", "DefaultValue": 5},
        {"Name": "Minimum", "Type": "Float", "DefaultValue": 1},
        {"Name": "Flag", "Type": "Boolean", "DefaultValue": False},
        {"Name": "Size", "Type": "String", "DefaultValue": "small", "EnumValues": ["small", "large"]},
    ]
)


def bind(**given):
    return parameters.bind(DECLARED, [{"Name": name, "Value": value} for name, value in given.items()])


def test_values_are_given_as_strings_and_have_their_declared_type():
    assert bind(Data="s3://b/k", Epochs="7", Minimum="1e-3", Flag="True", Size="large") == {
        "Data": "s3://b/k",
        "Epochs": 7,
        "Minimum": 0.001,
        "Flag": True,
        "Size": "large",
    }


def test_defaults_stand_for_what_is_not_given():
    assert bind(Data="x") == {"Data": "x", "Epochs": 5, "Minimum": 1, "Flag": False, "Size": "small"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Parameter 'Data' is undefined"),
        ({"Data": "x", "Dta": "y"}, "Unknown parameter 'Dta'; the pipeline has Data, Epochs"),
        ({"Data": "x", "Epochs": "5.0"}, "'Epochs'. Expected Integer but found '5.0'"),
        ({"Data": "x", "Minimum": "high"}, "'Minimum'. Expected Float but found 'high'"),
        ({"Data": "x", "Minimum": "nan"}, "Expected Float but found 'nan'"),
        ({"Data": "x", "Flag": "yes"}, "'Flag'. Expected Boolean but found 'yes'"),
        ({"Data": "x", "Size": "medium"}, "'Size' must be one of small, large; found 'medium'"),
    ],
)
def test_values_that_do_not_fit_are_refused_naming_parameter_and_value(given, said):
    with pytest.raises(ServiceError) as caught:
        bind(**given)
    assert caught.value.code == "ValidationException"
    assert said in caught.value.message


def test_a_parameter_given_twice_is_refused():
    with pytest.raises(ServiceError, match="'Data' is given twice"):
        parameters.bind(DECLARED, [{"Name": "Data", "Value": "x"}, {"Name": "Data", "Value": "y"}])


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ([{"Name": "A", "Type": "Date"}], "'A' has unknown type 'Date'; known are String"),
        ([{"Name": "A", "Type": "Integer", "DefaultValue": "5"}], "'A' is of type Integer, which '5' is not"),
        ([{"Name": "A", "Type": "Integer", "DefaultValue": True}], "which True is not"),
        ([{"Name": "A", "Type": "String"}] * 2, "Duplicate parameter name 'A'"),
        ([{"Name": "A b", "Type": "String"}], "name 'A b' must match"),
        ([{"Name": "A", "Type": "String", "Default": "x"}], "unknown property 'Default'"),
        ([{"Name": "A", "Type": "String", "DefaultValue": "c", "EnumValues": ["a"]}], "must be one of a"),
        ({"A": "String"}, "must be a list"),
    ],
)
def test_declarations_that_make_no_sense_are_refused(declared, said):
    with pytest.raises(ServiceError) as caught:
        parameters.parse(declared)
    assert said in caught.value.message
