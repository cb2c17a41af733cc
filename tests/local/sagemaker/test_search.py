"""Search, as the SDK 2 uses it before it registers a model, and with its other filters."""

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def groups(aws):
    sagemaker = aws.client("sagemaker")
    names = [f"{aws.bucket}-{letter}" for letter in "abc"]
    for number, name in enumerate(names):
        sagemaker.create_model_package_group(
            ModelPackageGroupName=name, Tags=[{"Key": "number", "Value": str(number)}]
        )
    return names


def found(aws, *filters, resource="ModelPackageGroup", **more):
    expression = {"Filters": list(filters), **more.pop("expression", {})}
    answer = aws.client("sagemaker").search(Resource=resource, SearchExpression=expression, **more)
    return sorted(each[resource][f"{resource}Name"] for each in answer["Results"])


def by(name, operator, value=None):
    stated = {"Name": name, "Operator": operator}
    return stated if value is None else {**stated, "Value": value}


def test_a_group_is_found_by_its_name(aws, groups):
    assert found(aws, by("ModelPackageGroupName", "Equals", groups[1])) == [groups[1]]
    assert found(aws, by("ModelPackageGroupName", "Equals", "absent")) == []


def test_filters_are_combined(aws, groups):
    of_test = by("ModelPackageGroupName", "Contains", aws.bucket)
    assert found(aws, of_test, by("Tags.Value", "In", "0,2")) == [groups[0], groups[2]]
    assert found(aws, of_test, by("Tags.Value", "GreaterThan", "0")) == groups[1:]
    assert found(aws, of_test, by("ModelPackageGroupName", "NotEquals", groups[0])) == groups[1:]
    assert found(aws, of_test, by("ModelPackageGroupDescription", "Exists")) == []
    nested = {
        "NestedFilters": [{"NestedPropertyName": "Tags", "Filters": [by("Tags.Value", "Equals", "2")]}],
    }
    assert found(aws, of_test, expression=nested) == [groups[2]]


def test_results_come_in_pages(aws, groups):
    pages = (
        aws.client("sagemaker")
        .get_paginator("search")
        .paginate(
            Resource="ModelPackageGroup",
            SearchExpression={"Filters": [by("ModelPackageGroupName", "Contains", aws.bucket)]},
            PaginationConfig={"PageSize": 2},
        )
    )
    assert [len(page["Results"]) for page in pages] == [2, 1]


def test_what_cannot_be_searched_for_is_refused_by_name(aws):
    with pytest.raises(ClientError, match="does not search for Experiment"):
        aws.client("sagemaker").search(Resource="Experiment")
