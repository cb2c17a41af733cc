"""The errors of the embedded CloudFormation.

ServiceError (wire)      a request is refused, in CloudFormation's words: `invalid` makes the usual one
CloudFormationError
├── ResourceError        a resource could not be created, updated or deleted; the message is its ResourceStatusReason
└── Cancelled            the stack's operation does not wait for the resource any longer
"""

from __future__ import annotations

from local_aws.kernel.wire import ServiceError


class CloudFormationError(Exception):
    """Base of what a stack's operation meets on its way; never seen by a client as such."""


class ResourceError(CloudFormationError):
    """The error of a resource's API, or a problem of the resource's properties."""


class Cancelled(CloudFormationError):
    """Another resource failed, the time ran out, the stack is being deleted, or the server closes."""


def invalid(message: str) -> ServiceError:
    """CloudFormation's error for nearly everything: ValidationError."""
    return ServiceError("ValidationError", message)


def absent(what: str, known: str = "") -> ServiceError:
    """The error for what AWS has and the embedded CloudFormation does not."""
    return invalid(f"The embedded CloudFormation does not have {what}.{known and f' It has {known}.'}")
