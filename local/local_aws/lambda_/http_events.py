"""HTTP requests as functions get them, and their answers as HTTP responses: payload format 2.0.

After https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from local_aws.kernel.account import ACCOUNT_ID
from local_aws.kernel.caller import signature
from local_aws.kernel.sessions import Session

_TEXT = re.compile(r"text/.*|application/(json|javascript|xml|.*\+json|.*\+xml)")


class MalformedAnswer(Exception):
    """A function's answer is no HTTP response. The caller is not told why."""


@dataclass(frozen=True)
class Place:
    """Where a request came in: an API's stage and route, or a function URL. `path` is below the address's own."""

    api_id: str
    domain: str
    path: str
    stage: str = "$default"
    route_key: str = "$default"
    authorizer: Mapping[str, Any] | None = None
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    account_id: str = ACCOUNT_ID


def signer(request: Request, service: str) -> str | None:
    """The access key of a request that is signed for `service`; None for any other."""
    found = signature(request.environ)
    return found.access_key if found.service == service else None


def iam_authorizer(access_key: str, session: Session | None) -> dict[str, Any]:
    """`requestContext.authorizer` of a request that `session` signed, or the account's administrator."""
    return {
        "iam": {
            "accessKey": access_key,
            "accountId": ACCOUNT_ID,
            "callerId": ACCOUNT_ID,
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": session.arn if session else f"arn:aws:iam::{ACCOUNT_ID}:root",
            "userId": ACCOUNT_ID,
        }
    }


def event(request: Request, place: Place) -> bytes:
    """The event that a function gets for `request`, as JSON."""
    headers = _headers(request)
    cookies = headers.pop("cookie", "")
    query = {name: ",".join(values) for name, values in request.args.lists()}
    body, encoded = _body(request)
    optional = {
        "cookies": [each.strip() for each in cookies.split(";") if each.strip()],
        "queryStringParameters": query,
        "pathParameters": dict(place.path_parameters),
        "stageVariables": dict(place.stage_variables),
        "body": body,
    }
    return json.dumps(
        {
            "version": "2.0",
            "routeKey": place.route_key,
            "rawPath": place.path,
            "rawQueryString": request.query_string.decode("latin-1"),
            "headers": headers,
            "requestContext": _context(request, place),
            **{name: value for name, value in optional.items() if value},
            "isBase64Encoded": encoded,
        }
    ).encode()


def _headers(request: Request) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    headers.pop("connection", None)
    _, _, port = request.host.partition(":")
    return headers | {
        "x-forwarded-for": request.remote_addr or "",
        "x-forwarded-port": port or "80",
        "x-forwarded-proto": request.scheme,
    }


def _context(request: Request, place: Place) -> dict[str, Any]:
    now = datetime.now(UTC)
    context = {
        "accountId": place.account_id,
        "apiId": place.api_id,
        "domainName": place.domain,
        "domainPrefix": place.api_id,
        "http": {
            "method": request.method,
            "path": place.path,
            "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "sourceIp": request.remote_addr or "",
            "userAgent": request.headers.get("User-Agent", ""),
        },
        "requestId": place.request_id,
        "routeKey": place.route_key,
        "stage": place.stage,
        "time": f"{now:%d/%b/%Y:%H:%M:%S +0000}",
        "timeEpoch": int(now.timestamp() * 1000),
    }
    return context if place.authorizer is None else {**context, "authorizer": dict(place.authorizer)}


def _body(request: Request) -> tuple[str, bool]:
    """The body, and whether that is base64: what is not text, and, on AWS, forms."""
    data = request.get_data()
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if _TEXT.fullmatch(kind):
        try:
            return data.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(data).decode(), bool(data)


def response(payload: bytes, default_type: str) -> Response:
    """The response that a function's answer means: with a statusCode as it says, anything else as JSON.

    `default_type` is the content type of an answer with a statusCode and no Content-Type. Raises MalformedAnswer.
    """
    answer = json.loads(payload)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return Response(text, 200, content_type="application/json")
    headers, cookies = answer.get("headers") or {}, answer.get("cookies") or []
    if not isinstance(headers, dict) or not isinstance(cookies, list):
        raise MalformedAnswer
    made = Response(_content(answer), _status(answer["statusCode"]), content_type=default_type)
    try:
        for name, value in headers.items():
            made.headers[name] = str(value)
        for cookie in cookies:
            made.headers.add("Set-Cookie", str(cookie))
    except ValueError as error:  # a line break
        raise MalformedAnswer from error
    return made


def _status(stated: Any) -> int:
    try:
        status = int(stated)
    except (TypeError, ValueError) as error:
        raise MalformedAnswer from error
    if not 100 <= status <= 599:
        raise MalformedAnswer
    return status


def _content(answer: Mapping[str, Any]) -> bytes:
    body = answer.get("body") or ""
    if not isinstance(body, str):
        raise MalformedAnswer
    if not answer.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise MalformedAnswer from error


def refusal(status: int, message: str, member: str = "message") -> Response:
    """A response of the gateway's own."""
    return Response(json.dumps({member: message}), status, content_type="application/json")
