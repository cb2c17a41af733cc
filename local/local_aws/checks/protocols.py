"""Subscriptions by which nothing would be delivered here are refused, rather than accepted.

An e-mail address is accepted: on AWS, too, it gets nothing but a question until somebody confirms it.
"""

from __future__ import annotations

from local_aws.identity.actions.asked import Asked
from local_aws.kernel.wire import ServiceError

DELIVERED = ("lambda", "sqs")
UNCONFIRMED = ("email", "email-json")


def check(asked: Asked) -> None:
    """Raises ServiceError (InvalidParameter)."""
    if (asked.service, asked.operation) != ("sns", "Subscribe"):
        return
    protocol = str(asked.parameters.get("Protocol", ""))
    if protocol not in (*DELIVERED, *UNCONFIRMED):
        raise ServiceError(
            "InvalidParameter",
            f"Invalid parameter: the embedded SNS does not deliver by the protocol {protocol!r}; it delivers to "
            f"{' and '.join(DELIVERED)}.",
        )
