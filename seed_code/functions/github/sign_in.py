"""Signing in to GitHub: with a fine-grained token from Secrets Manager, or as a GitHub App whose key stays in KMS.

An App's private key is never here: KMS signs the App's assertion (RS256, which is RSASSA_PKCS1_V1_5_SHA_256), GitHub
gives an installation token for it, for one repository and with the permissions that the work needs.
See GitHub's "Generating a JSON Web Token (JWT) for a GitHub App" and "Generating an installation access token".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from github.client import Client, Transport, segment
from github.errors import AppNotInstalledError, InvalidError, NotFoundError, SignInError
from github.secret import Secret

ASSERTION_SECONDS = 540  # GitHub takes ten minutes at most
CLOCK_DRIFT_SECONDS = 60
_LEVELS = ("read", "write", "admin")


@dataclass(frozen=True)
class Access:
    """The access that an operation needs: the owner, the repository, and the permissions of a GitHub App.

    No `repository_id` and no `repository` means the whole installation: creating one needs that.
    """

    owner: str
    permissions: Mapping[str, str] = field(default_factory=dict)
    repository_id: int | None = None
    repository: str | None = None


class SignIn(Protocol):
    """A way to sign in. `is_app` says whether it acts as a GitHub App, which no user's account can be given to."""

    is_app: bool

    def client(self, access: Access) -> Client:
        """A client that is signed in with this access."""


class TokenSignIn:
    """A fine-grained personal access token, the whole string of the secret `secret_arn`."""

    is_app = False

    def __init__(self, transport: Transport, secrets: Any, secret_arn: str) -> None:
        self._transport = transport
        self._secrets = secrets
        self._arn = secret_arn
        self._token: Secret | None = None

    def client(self, access: Access) -> Client:
        """A token cannot be narrowed: the same one for every access."""
        return Client(self._transport, self._read)

    def _read(self) -> Secret:
        if self._token is None:
            stored = self._secrets.get_secret_value(SecretId=self._arn).get("SecretString", "").strip()
            if not stored or not stored.isascii() or any(letter.isspace() for letter in stored):
                raise SignInError(
                    f"The secret {self._arn} does not hold a GitHub token: its string must be the token and nothing else."
                )
            self._token = Secret(stored)
        return self._token


class AppSignIn:
    """A GitHub App by its id, and the KMS key (RSA_2048, SIGN_VERIFY) that its private key was imported into."""

    is_app = True

    def __init__(self, transport: Transport, kms: Any, app_id: str, key_arn: str) -> None:
        self._transport = transport
        self._kms = kms
        self._app_id = app_id
        self._key_arn = key_arn
        self._tokens: dict[str, Secret] = {}

    def client(self, access: Access) -> Client:
        """A client that creates an installation token with this access before its first call."""
        return Client(self._transport, lambda: self._token(access))

    def assertion(self) -> Secret:
        """The signed JSON Web Token that says "I am the App", for nine minutes."""
        now = int(self._transport.now())
        head = {"alg": "RS256", "typ": "JWT"}
        claims = {
            "iat": now - CLOCK_DRIFT_SECONDS,
            "exp": now - CLOCK_DRIFT_SECONDS + ASSERTION_SECONDS,
            "iss": self._app_id,
        }
        signed = ".".join(
            _base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims)
        )
        signature = self._kms.sign(
            KeyId=self._key_arn,
            Message=signed.encode(),
            MessageType="RAW",  # KMS makes the digest, of 4,096 bytes at most
            SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
        )["Signature"]
        return Secret(f"{signed}.{_base64url(signature)}")

    def _token(self, access: Access) -> Secret:
        key = repr(access)
        if key not in self._tokens:  # they live for an hour, and this object for one invocation
            self._tokens[key] = self._installation_token(access)
        return self._tokens[key]

    def _installation_token(self, access: Access) -> Secret:
        as_app = Client(self._transport, self.assertion)
        installation = self._installation(as_app, access.owner)
        self._check_permissions(installation, access)
        wanted: dict[str, Any] = {"permissions": {"metadata": "read", **access.permissions}}
        if access.repository_id is not None:
            wanted["repository_ids"] = [access.repository_id]
        elif access.repository is not None:
            wanted["repositories"] = [access.repository]
        try:
            answer = as_app.post(f"/app/installations/{installation['id']}/access_tokens", wanted)
        except InvalidError as error:
            raise AppNotInstalledError(
                f"The GitHub App {self._app_id} is installed on {access.owner}, but does not reach the repository"
                f" {access.repository or access.repository_id} ({error.reason}). Add the repository to the App's"
                " installation, or give the App all repositories, and try again."
            ) from error
        return Secret(answer["token"])

    def _installation(self, as_app: Client, owner: str) -> dict[str, Any]:
        for kind in ("orgs", "users"):
            try:
                found: dict[str, Any] = as_app.get(f"/{kind}/{segment(owner)}/installation")
            except NotFoundError:
                continue
            if found.get("suspended_at"):
                raise AppNotInstalledError(
                    f"The installation of the GitHub App {self._app_id} on {owner} is suspended: an owner can lift that in the"
                    " organisation's settings under GitHub Apps. Then try again."
                )
            return found
        raise AppNotInstalledError(
            f"The GitHub App {self._app_id} is not installed on {owner}: an owner of {owner} installs it from the App's page"
            " (Settings, GitHub Apps, Install). Then try again."
        )

    def _check_permissions(self, installation: Mapping[str, Any], access: Access) -> None:
        granted = installation.get("permissions") or {}
        missing = [
            f"{name}: {level}"
            for name, level in access.permissions.items()
            if granted.get(name) not in _LEVELS[_LEVELS.index(level) :]
        ]
        if missing:
            raise AppNotInstalledError(
                f"The installation of the GitHub App {self._app_id} on {access.owner} lacks {', '.join(missing)}. Add that to the"
                f" App's permissions, have an owner of {access.owner} accept them, and try again."
            )


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
