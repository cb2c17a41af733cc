"""The rest of a caller's rate limit. This request does not count."""

from __future__ import annotations

from local_aws.github.http.call import Answer, Call
from local_aws.github.http.routing import Routes

ROUTES = Routes()


@ROUTES.on("GET", "/rate_limit")
def rate_limit(call: Call) -> Answer:
    """The embedded GitHub has one resource, `core`; `search`, which the answer must have, is as full."""
    core = call.state.rate_limits.of(call.caller).shown()
    return Answer(body={"resources": {"core": core, "search": core}, "rate": core})
