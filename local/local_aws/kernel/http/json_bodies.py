"""JSON in requests: an object, not nested without end, with numbers that are numbers."""

from __future__ import annotations

from typing import Any

from local_aws.kernel import json_text
from local_aws.kernel.wire import ServiceError


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, {} where it is empty. Raises ServiceError (SerializationException)."""
    try:
        found = json_text.loads(body or b"{}")
    except ValueError as error:
        raise _refused(f"the body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise _refused(f"the body is a JSON {type(found).__name__}, and has to be an object")
    return found


def _refused(why: str) -> ServiceError:
    return ServiceError("SerializationException", f"The request cannot be read: {why}.")
