"""Identifies the caller of a request by its Authorization header.

https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from local_aws.github.credentials import Anonymous, App, AppCaller, Caller
from local_aws.github.errors import ApiError, bad_credentials
from local_aws.github.state import State

_LONGEST_JWT = 600
_SKEW = 60


def caller_of(state: State, authorization: str) -> Caller:
    """Raises 401 for credentials that are not, or no longer, good."""
    scheme, _, value = authorization.partition(" ")
    match scheme.lower():
        case "":
            return Anonymous()
        case "basic":
            # Git and curl send the token as the password, whatever the user's name.
            return _token(state, _password(value))
        case "bearer" | "token" if value.count(".") == 2:
            return AppCaller(_app(state, value))
        case "bearer" | "token":
            return _token(state, value)
    raise bad_credentials()


def _password(encoded: str) -> str:
    try:
        name, _, password = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise bad_credentials() from error
    return password or name


def _token(state: State, value: str) -> Caller:
    found = state.tokens.get(value.strip())
    if found is None or not found.valid:
        raise bad_credentials()
    return found


def _app(state: State, token: str) -> App:
    """The App whose key signed the JWT, which lives for 10 minutes at most.

    https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
    """
    undecodable = ApiError(401, "A JSON web token could not be decoded")
    header, claims, signature = token.split(".")
    try:
        said, kind = json.loads(_decoded(claims)), json.loads(_decoded(header))
        if kind.get("alg") != "RS256":
            raise undecodable
        app = _issuer(state, said)
        key = load_pem_public_key(app.public_key.encode())
        assert isinstance(key, RSAPublicKey)
        key.verify(_decoded(signature), f"{header}.{claims}".encode(), padding.PKCS1v15(), SHA256())
    except (ValueError, AttributeError, InvalidSignature) as error:
        raise undecodable from error
    _check_times(said)
    return app


def _issuer(state: State, claims: dict[str, Any]) -> App:
    issuer = str(claims.get("iss", ""))
    app = state.apps.get(int(issuer)) if issuer.isdecimal() else None
    if app is None:
        raise ApiError(401, "'Issuer' claim ('iss') must be an Integer")
    return app


def _check_times(claims: dict[str, Any]) -> None:
    now, issued, expires = time.time(), claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > now + _SKEW:
        raise ApiError(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        )
    if not isinstance(expires, int) or expires <= now - _SKEW:
        raise ApiError(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        )
    if expires > now + _LONGEST_JWT + _SKEW:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
