"""Everything that talking to GitHub can end with, other than an answer.

    GitHubError                 a call to GitHub did not do what it was asked
    ├── UnreachableError        no answer, or only 5XX, after every retry
    │   └── RateLimitedError    GitHub says when to come back, and that is later than this function lives
    ├── UnexpectedAnswerError   something answered that is not GitHub's API: a redirect to elsewhere, or no JSON
    ├── OutOfTimeError          the function's own time is nearly over; nothing was sent
    ├── SignInError             GitHub does not take the project's credentials
    │   ├── TokenRefusedError   401: revoked, expired, or not what it should be
    │   └── AppNotInstalledError  the App is not installed there, or not with what it needs
    └── AnswerError             any other 4XX; `status`
        ├── ForbiddenError      403
        ├── NotFoundError       404
        ├── ConflictError       409
        └── InvalidError        422

A message says what happened, to what, and what to do next. None of them holds a request's headers or body, and what
GitHub wrote is stripped of the credential that the request was sent with.
"""

from __future__ import annotations


class GitHubError(Exception):
    """The root of the tree; its text is the whole message."""


class UnreachableError(GitHubError):
    """GitHub gave no answer, or only 5XX."""


class RateLimitedError(UnreachableError):
    """GitHub asks for a longer wait than this function has left."""


class UnexpectedAnswerError(GitHubError):
    """The answer is not one of GitHub's API. The call may have had an effect."""

    def __init__(self, answered: str, call: str) -> None:
        super().__init__(
            f"{answered} came in answer to {call}: that is not GitHub's API. Look at GITHUB_API_URL, and for a proxy on the"
            " way; trying again does no harm."
        )


class OutOfTimeError(GitHubError):
    """The function is about to be stopped; the call was not made."""


class SignInError(GitHubError):
    """The credentials of the project are refused, or do not reach far enough."""


class TokenRefusedError(SignInError):
    """GitHub answered 401."""


class AppNotInstalledError(SignInError):
    """The GitHub App has no installation there, or one without a repository or a permission that is needed."""


class AnswerError(GitHubError):
    """GitHub refused a call: `status`, and in `reason` GitHub's own words."""

    def __init__(self, status: int, reason: str, call: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"GitHub answered {status} to {call}: {reason or 'no reason given'}")


class ForbiddenError(AnswerError):
    """403."""


class NotFoundError(AnswerError):
    """404: it is not there, or not for these credentials."""


class ConflictError(AnswerError):
    """409."""


class InvalidError(AnswerError):
    """422."""


BY_STATUS: dict[int, type[AnswerError]] = {
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidError,
}
