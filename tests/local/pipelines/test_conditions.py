"""Conditions: every type that SageMaker has, and no silent comparison of different things."""

import pytest

from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker.workflow import conditions
from local_aws.sagemaker.workflow.errors import StepFailedError
from local_aws.sagemaker.workflow.expressions import Reference

VALUES = {"F1": 0.7, "Name": "b", "Passed": True, "Count": 3}


def resolve(value):
    return VALUES[value.name] if isinstance(value, Reference) else value


def holds(condition):
    return conditions.holds(conditions.parse(condition), resolve)


def compare(type, left, right):
    return {"Type": type, "LeftValue": left, "RightValue": right}


F1, NAME, PASSED = {"Get": "Parameters.F1"}, {"Get": "Parameters.Name"}, {"Get": "Parameters.Passed"}


@pytest.mark.parametrize(
    ("type", "less", "equal", "greater"),
    [
        ("Equals", False, True, False),
        ("GreaterThan", False, False, True),
        ("GreaterThanOrEqualTo", False, True, True),
        ("LessThan", True, False, False),
        ("LessThanOrEqualTo", True, True, False),
    ],
)
def test_comparisons(type, less, equal, greater):
    assert [holds(compare(type, F1, other)) for other in (0.8, 0.7, 0.6)] == [less, equal, greater]
    assert [holds(compare(type, NAME, other)) for other in ("c", "b", "a")] == [less, equal, greater]


def test_an_integer_equals_the_same_float():
    assert holds(compare("Equals", {"Get": "Parameters.Count"}, 3.0))


def test_equals_compares_booleans():
    assert holds(compare("Equals", PASSED, True))
    assert not holds(compare("Equals", PASSED, False))


def test_in_looks_for_the_value_among_expressions_and_literals():
    assert holds({"Type": "In", "QueryValue": "b", "Values": ["a", NAME]})
    assert not holds({"Type": "In", "QueryValue": "c", "Values": ["a", NAME]})
    assert not holds({"Type": "In", "QueryValue": True, "Values": [1]})


def test_not_and_or_nest():
    low, high = compare("LessThan", F1, 0.5), compare("GreaterThan", F1, 0.5)
    assert holds({"Type": "Not", "Condition": low})
    assert holds({"Type": "Or", "Conditions": [low, high]})
    assert not holds({"Type": "Not", "Condition": {"Type": "Or", "Conditions": [low, high]}})


@pytest.mark.parametrize(
    ("type", "left", "right"),
    [("Equals", PASSED, "True"), ("Equals", F1, "0.7"), ("GreaterThan", NAME, 1), ("LessThan", True, False)],
)
def test_values_that_cannot_be_compared_fail_the_step_naming_both(type, left, right):
    with pytest.raises(StepFailedError) as caught:
        holds(compare(type, left, right))
    assert type in caught.value.reason
    assert "cannot compare" in caught.value.reason


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (compare("Matches", 1, 2), "Unknown condition type 'Matches'; known are Equals"),
        ({"Type": "Equals", "LeftValue": 1}, "Malformed condition"),
        ({"Type": "Not", "Expression": {}}, "Malformed condition"),
        ({**compare("Equals", 1, 2), "Ignore": 1}, "unknown property 'Ignore'"),
    ],
)
def test_a_malformed_condition_is_refused(condition, said):
    with pytest.raises(ServiceError) as caught:
        conditions.parse(condition)
    assert said in caught.value.message
