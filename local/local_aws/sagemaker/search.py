"""Search: resources by what their descriptions say. The SageMaker SDK 2 looks for a model package group with it.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name
from botocore.model import StructureShape

from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import invalid, service_model

PAGE = 10


@dataclass(frozen=True)
class _Kind:
    """How resources of a kind are found: the List operation, its member, and what Describe is asked by."""

    listing: str
    member: str
    describe: str
    key: str
    asked_by: str
    question: Mapping[str, Any]


_KINDS = {
    "Endpoint": _Kind("ListEndpoints", "Endpoints", "DescribeEndpoint", "EndpointName", "EndpointName", {}),
    "ModelPackage": _Kind(
        "ListModelPackages",
        "ModelPackageSummaryList",
        "DescribeModelPackage",
        "ModelPackageArn",
        "ModelPackageName",
        {"ModelPackageType": "Both"},
    ),
    "ModelPackageGroup": _Kind(
        "ListModelPackageGroups",
        "ModelPackageGroupSummaryList",
        "DescribeModelPackageGroup",
        "ModelPackageGroupName",
        "ModelPackageGroupName",
        {},
    ),
    "Pipeline": _Kind(
        "ListPipelines", "PipelineSummaries", "DescribePipeline", "PipelineName", "PipelineName", {}
    ),
    "Project": _Kind(
        "ListProjects", "ProjectSummaryList", "DescribeProject", "ProjectName", "ProjectName", {}
    ),
    "TrainingJob": _Kind(
        "ListTrainingJobs",
        "TrainingJobSummaries",
        "DescribeTrainingJob",
        "TrainingJobName",
        "TrainingJobName",
        {},
    ),
}

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


class Search:
    """The operation Search, for resources that the embedded SageMaker has."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def search(self, request: dict[str, Any]) -> dict[str, Any]:
        """Find resources of one kind by their properties and tags, one page at a time.

        Raises ValidationException. Source: Amazon SageMaker API reference, Search.
        """
        resource = request["Resource"]
        if resource not in _KINDS:
            raise invalid(
                f"The embedded SageMaker does not search for {resource}; it has {', '.join(sorted(_KINDS))}."
            )
        for member in ("CrossAccountFilterOption", "VisibilityConditions"):
            if request.get(member) not in (None, "SameAccount", []):
                raise invalid(f"The embedded SageMaker does not have {member}: leave it out.")
        expression = request.get("SearchExpression") or {}
        found = [
            record
            for record in self._records(resource, expression)
            if _matches_expression(expression, record)
        ]
        by = request.get("SortBy", "LastModifiedTime")
        found.sort(key=lambda record: _sortable(record, by))
        if request.get("SortOrder", "Descending") == "Descending":
            found.reverse()
        key = _KINDS[resource].key
        shown, token = page(found, request, key=lambda record: str(record[key]), default=PAGE)
        return paged({"Results": [{resource: record} for record in shown]}, token)

    def _records(self, resource: str, expression: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        kind, client = _KINDS[resource], self._account.client("sagemaker")
        record_shape = service_model("sagemaker").shape_for("SearchRecord")
        assert isinstance(record_shape, StructureShape)
        shape = record_shape.members[resource]
        assert isinstance(shape, StructureShape)
        pages = client.get_paginator(xform_name(kind.listing)).paginate(
            **kind.question, **_list_filters(kind, expression)
        )
        for listed in pages.search(f"{kind.member}[]"):
            described = getattr(client, xform_name(kind.describe))(**{kind.asked_by: listed[kind.key]})
            arn = next((described[name] for name in described if name == f"{resource}Arn"), None)
            tags = client.list_tags(ResourceArn=arn)["Tags"] if arn else []
            yield _record_members({**described, "Tags": tags}, shape)


def _list_filters(kind: _Kind, expression: Mapping[str, Any]) -> dict[str, str]:
    """The filters of the List operation that narrow the search: every record that remains costs two calls."""
    if expression.get("Operator") == "Or":
        return {}
    shape = service_model("sagemaker").operation_model(kind.listing).input_shape
    members = shape.members if shape else {}
    for each in expression.get("Filters", ()):
        named = each["Name"] == kind.key and each.get("Operator", "Equals") in ("Equals", "Contains")
        if named and "NameContains" in members and re.fullmatch(r"[a-zA-Z0-9-]{1,63}", each.get("Value", "")):
            return {"NameContains": each["Value"]}
    return {}


def _record_members(described: Mapping[str, Any], shape: StructureShape) -> dict[str, Any]:
    """The members of a description that the kind's search record has."""
    return {name: value for name, value in described.items() if name in shape.members}


def _matches_expression(expression: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    tests = [
        *(_matches(each, record) for each in expression.get("Filters", ())),
        *(_matches_nested(each, record) for each in expression.get("NestedFilters", ())),
        *(_matches_expression(each, record) for each in expression.get("SubExpressions", ())),
    ]
    return any(tests) if expression.get("Operator") == "Or" else all(tests)


def _matches_nested(stated: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether one item of a list matches all of the filters, whose names begin with the list's."""
    name = stated["NestedPropertyName"]
    items = [
        item for found in _values(record, name) for item in (found if isinstance(found, list) else [found])
    ]
    prefix = f"{name}."
    filters = [{**each, "Name": each["Name"].removeprefix(prefix)} for each in stated["Filters"]]
    return any(all(_matches(each, item) for each in filters) for item in items if isinstance(item, dict))


def _matches(stated: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    test, wanted = stated.get("Operator", "Equals"), stated.get("Value")
    found = [value for value in _values(record, stated["Name"]) if not isinstance(value, dict | list)]
    if test in ("Exists", "NotExists"):
        if wanted is not None:
            raise invalid(f"The filter on {stated['Name']} must have no Value with the Operator {test}.")
        return (test == "Exists") is bool(found)
    if wanted is None:
        raise invalid(f"The filter on {stated['Name']} must have a Value with the Operator {test}.")
    match test:
        case "Equals":
            return str(wanted) in map(_text, found)
        case "NotEquals":
            return str(wanted) not in map(_text, found)
        case "Contains":
            return any(str(wanted) in _text(value) for value in found)
        case "In":
            return any(_text(value) in [each.strip() for each in wanted.split(",")] for value in found)
    compare = _COMPARISONS[test]
    return any(_compares(compare, value, wanted) for value in found)


def _compares(test: Callable[[Any, Any], bool], value: Any, wanted: str) -> bool:
    try:
        if isinstance(value, datetime):
            moment = datetime.fromisoformat(wanted)
            return bool(test(value, moment if moment.tzinfo else moment.replace(tzinfo=UTC)))
        return bool(test(float(value), float(wanted)))
    except (TypeError, ValueError):
        return bool(test(_text(value), wanted))


def _values(record: Any, name: str) -> list[Any]:
    """Everything that a property name leads to: `Tags.Key` leads into every tag."""
    found = [record]
    for part in name.split("."):
        inside = [item for each in found for item in (each if isinstance(each, list) else [each])]
        found = [item[part] for item in inside if isinstance(item, dict) and part in item]
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _sortable(record: Mapping[str, Any], name: str) -> tuple[bool, str]:
    found = _values(record, name) or _values(record, "CreationTime")
    return bool(found), _text(found[0]) if found else ""
