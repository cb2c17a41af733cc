"""Repository dispatches: recorded, for a workflow would start."""

from __future__ import annotations

import json

from local_aws.github.errors import invalid_request
from local_aws.github.http.call import Answer, Call
from local_aws.github.http.routing import Routes
from local_aws.github.records import Dispatch, now

ROUTES = Routes()
_LONGEST_TYPE = 100
_MOST_PROPERTIES = 10
_MOST_BYTES = 64 * 1024


@ROUTES.on("POST", "/repos/{owner}/{repo}/dispatches")
def create(call: Call) -> Answer:
    repository = call.repository("contents", "write")
    kind = call.required("event_type", str)
    payload = call.optional("client_payload", dict, {})
    if not 1 <= len(kind) <= _LONGEST_TYPE:
        raise invalid_request(f"event_type must be 1 to {_LONGEST_TYPE} characters long.")
    if len(payload) > _MOST_PROPERTIES:
        raise invalid_request(
            f"No more than {_MOST_PROPERTIES} properties are allowed; {len(payload)} were supplied."
        )
    if len(json.dumps(payload).encode()) >= _MOST_BYTES:
        raise invalid_request("client_payload is too large.")
    call.state.dispatches.append(Dispatch(repository.full_name, kind, payload, call.user.login, now()))
    return Answer(204)
