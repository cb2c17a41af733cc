"""Tokens of OpenID Connect providers (GitHub's, of a workflow's job): is it theirs, and what does it claim?

STS fetches an issuer's keys from its `.well-known/openid-configuration`, https://openid.net/specs/openid-connect-discovery-1_0.html.
Here that is done for issuers on this machine only; one of them can stand for an issuer in the world.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from local_aws.kernel import json_text
from local_aws.kernel.wire import ServiceError

Fetch = Callable[[str], Mapping[str, Any]]
"""Gets the JSON object at an address. Raises OSError (as requests' errors are) or ValueError."""

_SECONDS = 5

_STANDARD_CLAIMS = frozenset({"amr", "aud", "sub"})
_GITHUB = "token.actions.githubusercontent.com"
_GITHUB_CLAIMS = frozenset(
    {
        "actor",
        "actor_id",
        "enterprise_id",
        "environment",
        "job_workflow_ref",
        "ref",
        "repository",
        "repository_id",
        "workflow",
    }
)


@dataclass(frozen=True)
class Claims:
    """The claims of a valid token. `provider` is its issuer as IAM and policies name it: without https://."""

    provider: str
    stated: Mapping[str, Any]

    @property
    def audiences(self) -> tuple[str, ...]:
        """The audiences of the token."""
        return _texts(self.stated.get("aud"))

    @property
    def subject(self) -> str:
        """The subject of the token, "" if it has none."""
        return str(self.stated.get("sub", ""))

    @property
    def context(self) -> dict[str, tuple[str, ...]]:
        """The claims that STS compares, as condition keys: `token.actions.githubusercontent.com:sub`.

        Source: "Available keys for AWS OIDC federation", IAM user guide: aud, sub and amr; of GitHub's tokens some more.
        """
        known = _STANDARD_CLAIMS | (_GITHUB_CLAIMS if self.provider == _GITHUB else frozenset())
        return {
            f"{self.provider}:{name}": _texts(value) for name, value in self.stated.items() if name in known
        }


def fetch(url: str) -> Mapping[str, Any]:
    """The JSON object at an address on this machine.

    Raises ValueError for an address of another machine, and for an answer that is not a JSON object.
    """
    if urlsplit(url).hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise ValueError(f"{url} is not on this machine")
    response = requests.get(url, timeout=_SECONDS)
    response.raise_for_status()
    found = response.json()
    if not isinstance(found, dict):
        raise ValueError(f"{url} has no JSON object")
    return found


def verified(token: str, issuers: Mapping[str, str], get: Fetch = fetch) -> Claims:
    """The claims of a token whose signature and times are right.

    `issuers` says for which provider the issuer of a token stands: {"http://127.0.0.1:1/oidc": "token.example.com"}; others
    stand for themselves. Raises ServiceError: InvalidIdentityToken, ExpiredTokenException.
    """
    try:
        head, body, signed = token.split(".")
        header, claims, signature = _object(head), _object(body), _bytes(signed)
    except ValueError as error:
        raise invalid(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        ) from error
    issuer = str(claims.get("iss", ""))
    key = _key(issuer, header, get)
    try:
        key.verify(signature, f"{head}.{body}".encode(), PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise invalid("The signature of the ID Token is not its issuer's") from error
    _check_times(claims)
    return Claims(issuers.get(issuer, issuer.partition("://")[2]), claims)


def invalid(message: str) -> ServiceError:
    """The error for a token that cannot be accepted."""
    return ServiceError("InvalidIdentityToken", message)


def _key(issuer: str, header: Mapping[str, Any], get: Fetch) -> RSAPublicKey:
    if header.get("alg") != "RS256":
        raise invalid(f"The ID Token is signed by {header.get('alg')!r}, but has to be by RS256")
    try:
        configuration = get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        keys = get(str(configuration["jwks_uri"]))["keys"]
        [found] = [key for key in keys if key.get("kid") == header.get("kid") and key.get("kty") == "RSA"]
        numbers = RSAPublicNumbers(e=_number(found["e"]), n=_number(found["n"]))
        return numbers.public_key()
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise invalid(
            "Couldn't retrieve verification key from your identity provider, please reference "
            "AssumeRoleWithWebIdentity documentation for requirements"
        ) from error


def _check_times(claims: Mapping[str, Any]) -> None:
    now = int(time.time())
    expires, begins = claims.get("exp"), claims.get("nbf", claims.get("iat", 0))
    if not isinstance(expires, int) or not isinstance(begins, int):
        raise invalid("Missing a required claim: exp")
    if now >= expires:
        raise ServiceError(
            "ExpiredTokenException",
            f"Token expired: current date/time {now} must be before the expiration date/time {expires}",
        )
    if begins > now:
        raise invalid(f"The ID Token is not valid before {begins}, and it is {now}")


def _object(part: str) -> dict[str, Any]:
    found = json_text.loads(_bytes(part))
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _bytes(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _number(part: str) -> int:
    return int.from_bytes(_bytes(part), "big")


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    values = value if isinstance(value, list) else [value]
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in values)
