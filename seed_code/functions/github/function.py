"""The common start of a project's Lambda functions: the log, and the sign-in from the environment."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from github.client import Transport
from github.clock import Clock, Deadline
from github.errors import SignInError
from github.http import Sender
from github.sign_in import AppSignIn, SignIn, TokenSignIn

DEFAULT_API_URL = "https://api.github.com"


class Context(Protocol):
    """The part of Lambda's context that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds that are left before Lambda ends the function."""


def start_log() -> None:
    """The functions' own lines from INFO on. The SDK's would show requests; GitHub's token is in the answer of one."""
    logging.getLogger().setLevel(logging.INFO)
    for name in ("boto3", "botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


class Function:
    """A function, with what it works on: its environment, and how it reaches AWS, GitHub and time.

    `client` makes a boto3 client for the name of a service.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        client: Callable[[str], Any],
        sender: Sender | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._environment = environment
        self._client = client
        self._sender = sender
        self._clock = clock or Clock()

    def _sign_in(self, deadline: Deadline) -> SignIn:
        """The sign-in that the function is configured with. Raises SignInError."""
        environment = self._environment
        api = environment.get("GITHUB_API_URL") or DEFAULT_API_URL
        transport = Transport(api, deadline, self._sender, self._clock)
        secret_arn = environment.get("GITHUB_TOKEN_SECRET_ARN", "")
        app_id, key_arn = environment.get("GITHUB_APP_ID", ""), environment.get("GITHUB_APP_KEY_ARN", "")
        if app_id and key_arn:
            return AppSignIn(transport, self._client("kms"), app_id, key_arn)
        if secret_arn:
            return TokenSignIn(transport, self._client("secretsmanager"), secret_arn)
        raise SignInError(
            "This function cannot sign in to GitHub: neither GITHUB_APP_ID with GITHUB_APP_KEY_ARN nor"
            " GITHUB_TOKEN_SECRET_ARN is set. Publish the template again with one of them."
        )
