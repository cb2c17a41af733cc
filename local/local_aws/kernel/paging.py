"""Pages of a List operation: MaxResults and NextToken.

A token names the last item of the page before it, not a place in the list, so that items created or deleted
between two calls are neither repeated nor skipped. It also carries a digest of the other parameters:
SageMaker refuses a token that was given for another question.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from local_aws.kernel import json_text
from local_aws.kernel.wire import ServiceError

Item = TypeVar("Item")

DEFAULT_PAGE = 10
"""Items of a page where the request has no MaxResults."""


def page(
    items: Sequence[Item],
    request: Mapping[str, Any],
    *,
    key: Callable[[Item], str],
    default: int = DEFAULT_PAGE,
) -> tuple[list[Item], str | None]:
    """The page of `items` (filtered and sorted) that `request` asks for, and the token of the next one.

    `key` gives an item's identity: a string that no other item has. Raises ServiceError (ValidationException)
    for a token that this question never gave.
    """
    question = _digest(request)
    token = request.get("NextToken")
    start = 0 if token is None else _start(token, question, [key(item) for item in items])
    end = start + (request.get("MaxResults") or default)
    if end >= len(items):
        return list(items[start:]), None
    return list(items[start:end]), _encode(question, key(items[end - 1]), end - 1)


def paged(answer: dict[str, Any], token: str | None) -> dict[str, Any]:
    """`answer` with its NextToken; without one on the last page, as the API has it."""
    return answer if token is None else {**answer, "NextToken": token}


def _start(token: str, question: str, keys: Sequence[str]) -> int:
    asked, after, index = _decode(token)
    if asked != question:
        raise _invalid("it was given for a request with other parameters")
    # Where the named item is gone, those behind it moved up into its place.
    return keys.index(after) + 1 if after in keys else min(index, len(keys))


def _digest(request: Mapping[str, Any]) -> str:
    question = {name: value for name, value in request.items() if name not in {"NextToken", "MaxResults"}}
    return hashlib.sha256(json.dumps(question, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _encode(question: str, after: str, index: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([question, after, index]).encode()).decode()


def _decode(token: str) -> tuple[str, str, int]:
    try:
        match json_text.loads(base64.b64decode(token, altchars=b"-_", validate=True)):
            case [str(question), str(after), int(index)] if index >= 0:
                return question, after, index
    except (binascii.Error, ValueError) as error:
        raise _invalid("it is not one that this operation returned") from error
    raise _invalid("it is not one that this operation returned")


def _invalid(why: str) -> ServiceError:
    return ServiceError("ValidationException", f'Invalid pagination token because "{why}".')
