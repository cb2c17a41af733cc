"""JSON web tokens, as a JWT authorizer of API Gateway checks them: all but the signature.

After https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html. The keys of the issuer
are not fetched: whoever can reach the loopback interface can write a token.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.wrappers import Request

from local_aws.http_api.errors import Unauthorized
from local_aws.kernel import json_text

_CHALLENGE = 'Bearer scope="{scope}" error="{error}" error_description="{description}"'


def authorize(request: Request, authorizer: Mapping[str, Any], scopes: Sequence[str]) -> dict[str, Any]:
    """`requestContext.authorizer` of a request with a valid token. Raises Unauthorized (401, 403).

    `scopes` are those of which the token must have one, where there are any.
    """
    token = _token(request, authorizer["IdentitySource"][0])
    if not token:
        raise Unauthorized(401, "Unauthorized", "no token", {"WWW-Authenticate": "Bearer"})
    claims = _claims(token)
    _check(claims, authorizer["JwtConfiguration"])
    granted = _scopes(claims)
    if scopes and not set(scopes) & set(granted):
        needed = " ".join(scopes)
        challenge = _CHALLENGE.format(
            scope=needed, error="insufficient_scope", description="the token has none of the required scopes"
        )
        raise Unauthorized(403, "Forbidden", "insufficient scope", {"WWW-Authenticate": challenge})
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in claims.items()}
    return {"jwt": {"claims": texts, "scopes": granted or None}}


def _token(request: Request, source: str) -> str:
    place, _, name = source.removeprefix("$request.").partition(".")
    stated = request.args.get(name, "") if place == "querystring" else request.headers.get(name, "")
    return stated.removeprefix("Bearer ").removeprefix("bearer ").strip()


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3 or not parts[2]:
        raise _invalid("the token is malformed")
    header, claims = _decoded(parts[0]), _decoded(parts[1])
    if not str(header.get("alg", "")).startswith(("RS", "PS", "ES")):
        raise _invalid("signing method is invalid")
    return claims


def _decoded(part: str) -> dict[str, Any]:
    try:
        decoded = json_text.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError as error:
        raise _invalid("the token is malformed") from error
    if not isinstance(decoded, dict):
        raise _invalid("the token is malformed")
    return decoded


def _check(claims: Mapping[str, Any], configuration: Mapping[str, Any]) -> None:
    now = time.time()
    audiences = _texts(claims.get("aud", claims.get("client_id", [])))
    if claims.get("iss") != configuration["Issuer"]:
        raise _invalid("the token has an invalid issuer")
    if not set(audiences) & set(configuration["Audience"]):
        raise _invalid("the token has an invalid audience")
    if not _time(claims, "exp", default=0) > now:
        raise _invalid("the token has expired")
    if _time(claims, "nbf", default=0) > now or _time(claims, "iat", default=0) > now:
        raise _invalid("the token is not valid yet")


def _time(claims: Mapping[str, Any], name: str, default: float) -> float:
    stated = claims.get(name, default)
    if not isinstance(stated, int | float):
        raise _invalid(f"the token's {name} is no time")
    return stated


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    return [scope for text in _texts(claims.get("scope", claims.get("scp"))) for scope in text.split()]


def _texts(stated: Any) -> list[str]:
    """A claim that is a text or a list of texts; nothing for any other."""
    stated = stated if isinstance(stated, list) else [stated]
    return [each for each in stated if isinstance(each, str)]


def _invalid(why: str) -> Unauthorized:
    challenge = _CHALLENGE.format(scope="", error="invalid_token", description=why)
    return Unauthorized(401, "Unauthorized", why, {"WWW-Authenticate": challenge})
