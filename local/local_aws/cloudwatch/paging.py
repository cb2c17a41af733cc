"""Pages of CloudWatch's answers: of data, whose limit is a number of datapoints, and the errors of wrong tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from local_aws.kernel.paging import page
from local_aws.kernel.wire import ServiceError

DATAPOINTS = 100_800
"""Of one GetMetricData, at most and where the request does not say."""


@contextmanager
def token_error(code: str) -> Iterator[None]:
    """Raise what `page` raises for a token that it never gave with the operation's own `code`."""
    try:
        yield
    except ServiceError as error:
        raise ServiceError(code, error.message) from error


def data_page(
    results: Sequence[Mapping[str, Any]], request: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], str | None]:
    """The part of GetMetricData's `results` that NextToken and MaxDatapoints ask for, and the next token.

    A result whose values do not all fit has the StatusCode PartialData. Raises ServiceError (InvalidNextToken).
    """
    points = [
        (index, place) for index, result in enumerate(results) for place in range(len(result["Values"]))
    ]
    question = {name: value for name, value in request.items() if name != "MaxDatapoints"}
    question["MaxResults"] = request.get("MaxDatapoints") or DATAPOINTS
    with token_error("InvalidNextToken"):
        shown, token = page(points, question, key=lambda point: f"{point[0]}/{point[1]}")
    last = shown[-1][0] if token else len(results)
    answer = []
    for index, result in enumerate(results[: last + 1]):
        places = [place for each, place in shown if each == index]
        if not places and ("NextToken" in request or token) and result["Values"]:
            continue
        partial = token is not None and index == last and places[-1] + 1 < len(result["Values"])
        answer.append(
            {
                **result,
                "Timestamps": [result["Timestamps"][place] for place in places],
                "Values": [result["Values"][place] for place in places],
                "StatusCode": "PartialData" if partial else "Complete",
            }
        )
    return answer, token
