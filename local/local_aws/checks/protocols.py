"""Subscriptions by which nothing would be delivered here are refused, rather than accepted.

An e-mail address is accepted: on AWS, too, it gets nothing but a question until somebody confirms it.
"""

from __future__ import annotations

from local_aws.identity.actions.api_request import ApiRequest
from local_aws.kernel.wire import ServiceError

DELIVERED = ("lambda", "sqs")
UNCONFIRMED = ("email", "email-json")


def check(request: ApiRequest) -> None:
    """Raises ServiceError (InvalidParameter)."""
    if (request.service, request.operation) != ("sns", "Subscribe"):
        return
    protocol = str(request.parameters.get("Protocol", ""))
    if protocol not in (*DELIVERED, *UNCONFIRMED):
        raise ServiceError(
            "InvalidParameter",
            f"Invalid parameter: the embedded SNS does not deliver by the protocol {protocol!r}; it delivers to "
            f"{' and '.join(DELIVERED)}.",
        )
