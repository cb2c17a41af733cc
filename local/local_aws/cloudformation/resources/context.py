"""The context of a resource type: the account's clients, and the state of the stack's operation."""

from __future__ import annotations

import secrets
import string
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from local_aws.cloudformation.errors import Cancelled, ResourceError
from local_aws.cloudformation.resources.type_conversion import converted
from local_aws.kernel.account import Account
from local_aws.kernel.sessions import Session
from local_aws.kernel.wire import service_model

Found = TypeVar("Found")

POLL_SECONDS = (0.05, 0.25)
"""The first and the longest pause between two looks at a resource that is not stable yet."""


class ApiError(ResourceError):
    """An API refused a call. `code` is the API's own error code."""

    def __init__(self, service: str, error: ClientError) -> None:
        answer = error.response["Error"]
        meta = error.response["ResponseMetadata"]
        self.code = str(answer["Code"])
        self.said = str(answer["Message"])
        details = (
            f"Service: {service}, Status Code: {meta['HTTPStatusCode']}, Request ID: {meta.get('RequestId')}"
        )
        super().__init__(handler_message(f"{self.said} ({details})", _handler_code(self.code, self.said)))

    @property
    def missing(self) -> bool:
        """Whether the API says that there is no such thing."""
        return _handler_code(self.code, self.said) == "NotFound"


def handler_message(message: str, code: str) -> str:
    """A failure in the words of CloudFormation's resource handlers."""
    return f'Resource handler returned message: "{message}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})'


def _handler_code(code: str, said: str) -> str:
    if (
        "Could not find" in said
        or "does not exist" in said
        or any(word in code for word in ("NotFound", "NoSuch", "NonExistent"))
    ):
        return "NotFound"
    if "AlreadyExist" in code or "already exist" in said:
        return "AlreadyExists"
    return {
        "AccessDenied": "AccessDenied",
        "AccessDeniedException": "AccessDenied",
        "ResourceLimitExceeded": "ServiceLimitExceeded",
        "ThrottlingException": "Throttling",
        "InternalFailure": "ServiceInternalError",
    }.get(code, "InvalidRequest")


@dataclass(frozen=True)
class Context:
    """One piece of work on one resource, done in `session`: the stack's role's, or None for the administrator's.

    `report` tells the physical id as soon as the resource exists, so that a creation that then fails, or is
    cancelled, is still deleted. `cancelled` says whether the stack's operation has stopped waiting.
    """

    account: Account
    session: Session | None
    stack_id: str
    stack_name: str
    logical_id: str
    type: str
    report: Callable[[str], None]
    cancelled: Callable[[], bool]

    def client(self, service: str) -> Any:
        """The client of a service, with the credentials of the stack's role."""
        return self.account.client_of_session(self.session, service)

    def call(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call `operation` ("CreateModel") of `service`, a boto3 name, with what the template says.

        Templates are lax about types ("5" for 5, an object for JSON text): `request` is brought into the API's.
        Raises ApiError, and ResourceError for a request that does not fit the API's model.
        """
        model = service_model(service)
        shape = model.operation_model(operation).input_shape
        method = getattr(self.client(service), xform_name(operation))
        try:
            answer: dict[str, Any] = method(**(converted(request, shape) if shape else {}))
        except ClientError as error:
            raise ApiError(model.service_id, error) from error
        except ParamValidationError as error:
            message = str(error).replace("\n", " ")
            raise ResourceError(
                f"Properties validation failed for resource {self.logical_id} with message: {message}"
            ) from error
        return answer

    def drop(self, service: str, operation: str, request: Mapping[str, Any]) -> None:
        """Call an operation that deletes; what is gone already is no failure."""
        try:
            self.call(service, operation, request)
        except ApiError as error:
            if not error.missing:
                raise

    def find(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Call an operation that describes; None where the API says that there is no such thing."""
        try:
            return self.call(service, operation, request)
        except ApiError as error:
            if error.missing:
                return None
            raise

    def wait(self, look: Callable[[], Found | None]) -> Found:
        """Look until there is something. Raises Cancelled."""
        pause, longest = POLL_SECONDS
        while True:
            found = look()
            if found is not None:
                return found
            if self.cancelled():
                raise Cancelled
            time.sleep(pause)
            pause = min(pause * 1.5, longest)

    def name(self, limit: int, *, stack: bool = True, lower: bool = False) -> str:
        """A physical name for a resource that has none: `STACK-LOGICALID-RANDOM`, at most `limit` characters."""
        letters = string.ascii_lowercase if lower else string.ascii_uppercase
        suffix = "".join(secrets.choice(letters + string.digits) for _ in range(12))
        parts = [self.stack_name, self.logical_id] if stack else [self.logical_id]
        room = (limit - len(suffix) - len(parts)) // len(parts)
        name = "-".join([*(part[:room] for part in parts), suffix])
        return name.lower() if lower else name
