"""Pages of Lambda's lists: MaxItems and Marker, where other services have MaxResults and NextToken."""

from __future__ import annotations

from typing import Any

from local_aws.kernel.paging import page
from local_aws.kernel.wire import ServiceError
from local_aws.lambda_.errors import invalid

LONGEST_PAGE = 50
"""Items of a page, at most: Lambda answers with no more, whatever MaxItems says."""


def paged(name: str, found: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    """The page of `found` that a request asks for, under the member `name`.

    Items are told apart by their ARN. Raises ServiceError (InvalidParameterValueException) for a made-up Marker.
    """
    question = {key: value for key, value in request.items() if key not in {"Marker", "MaxItems"}}
    question["NextToken"] = request.get("Marker")
    question["MaxResults"] = min(request.get("MaxItems") or LONGEST_PAGE, LONGEST_PAGE)
    try:
        shown, token = page(found, question, key=_arn)
    except ServiceError as error:
        raise invalid(error.message) from error
    return {name: shown} if token is None else {name: shown, "NextMarker": token}


def _arn(item: dict[str, Any]) -> str:
    return str(item.get("AliasArn") or item["FunctionArn"])
