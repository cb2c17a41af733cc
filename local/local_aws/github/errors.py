"""The errors of GitHub's REST API, with GitHub's messages.

ApiError                    any answer from 400 on: status, message, and `errors` where GitHub lists some
├── bad_credentials 401     the token is unknown, revoked or expired
├── requires_authentication 401
├── forbidden 403           rights, plan, archived repository
├── not_found 404           also for what the caller may not see
├── conflict 409
└── unprocessable 422       the request is understood and refused: `errors` says why
GitError                    git itself failed: its own words, an internal error of the embedded GitHub
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


class ApiError(Exception):
    """Answered as `{"message", "documentation_url", "status", "errors"?}`.

    https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
    """

    def __init__(
        self,
        status: int,
        message: str,
        errors: Sequence[Mapping[str, Any] | str] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def body(self) -> dict[str, Any]:
        """The body of the answer."""
        listed = {"errors": self.errors} if self.errors else {}
        stated = {"documentation_url": DOCUMENTATION, "status": str(self.status)}
        return {"message": self.message} | listed | stated | self.members


class GitError(Exception):
    """A git command failed that should not have."""


def bad_credentials() -> ApiError:
    """The error for a token that GitHub does not know (401)."""
    return ApiError(401, "Bad credentials")


def requires_authentication() -> ApiError:
    """The error for a request without a token (401)."""
    return ApiError(401, "Requires authentication")


def forbidden(message: str, headers: Mapping[str, str] | None = None) -> ApiError:
    """The error for a request that is not permitted (403)."""
    return ApiError(403, message, headers=headers)


def archived() -> ApiError:
    """The error for a change to an archived repository (403)."""
    return forbidden("Repository was archived so is read-only.")


def not_found(message: str = "Not Found") -> ApiError:
    """The error for a missing or hidden resource (404)."""
    return ApiError(404, message)


def conflict(message: str) -> ApiError:
    """The error for a state that does not allow the request (409)."""
    return ApiError(409, message)


def empty_repository() -> ApiError:
    """The error for an empty repository (409)."""
    return conflict("Git Repository is empty.")


def unprocessable(message: str, *errors: Mapping[str, Any] | str) -> ApiError:
    """The error for an invalid request (422)."""
    return ApiError(422, message, errors)


def invalid_request(problem: str) -> ApiError:
    """The body does not follow the operation's schema."""
    return unprocessable(f"Invalid request.\n\n{problem}")


def custom_problem(resource: str, field: str | None, message: str) -> dict[str, Any]:
    """One of `errors` with a message of its own."""
    named = {"field": field} if field else {}
    return {"resource": resource, "code": "custom", **named, "message": message}
