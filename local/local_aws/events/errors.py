"""The errors of EventBridge.

ServiceError (wire)      a request is refused; made by `not_found` and wire's `invalid`
DeliveryError            an event cannot be delivered to a target; `code` is what its dead letter says
"""

from __future__ import annotations

from local_aws.kernel.wire import ServiceError


def not_found(what: str) -> ServiceError:
    """The error for a missing rule or target."""
    return ServiceError("ResourceNotFoundException", what)


class DeliveryError(Exception):
    """`code` is one of EventBridge's (NO_PERMISSIONS, NO_RESOURCE, INVALID_JSON, THROTTLING, INTERNAL_ERROR, ...).

    `retriable`: another attempt may succeed. Missing permissions and targets are not.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """

    def __init__(self, code: str, message: str, *, retriable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retriable = retriable
