"""Parses a request of any protocol to service, operation and parameters, before it is answered.

A body is read, and put back, only where the parameters are in it: never that of an object or of an invocation.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel

from local_aws.identity.actions import s3_requests
from local_aws.kernel.caller import Signature
from local_aws.kernel.http import bodies
from local_aws.kernel.moto_internals import PROTOCOL_PARSERS
from local_aws.kernel.wire import rest_route, service_model

_BY_SIGNING_NAME = {
    "apigateway": ("apigatewayv2",),
    "monitoring": ("cloudwatch",),
    "sagemaker": ("sagemaker", "sagemaker-runtime"),
    "servicequotas": ("service-quotas",),
    "tagging": ("resourcegroupstaggingapi",),
}
"""boto3's names where they differ from the service that a request is signed for."""

UNSIGNED = {"AssumeRoleWithWebIdentity": "sts"}
"""Operations that nobody signs, with their service."""


@dataclass(frozen=True)
class ApiRequest:
    """A request for one operation. `service` is boto3's name, `path` as it was sent.

    `malformed` says why a form does not fit the operation, "" where it does: then there are no parameters. `length` is the
    number of bytes of the body as it was sent, maybe compressed. `by_service` says that one of AWS's own services asks, which
    may use the names that are reserved to them.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    method: str = "POST"
    path: str = "/"
    malformed: str = ""
    length: int = 0
    by_service: bool = False


def recognise(environ: dict[str, Any], signature: Signature) -> ApiRequest | None:
    """The operation that a request asks for; None for what is no API call, or none that botocore knows."""
    if not signature.service:
        return _recognise_unsigned(environ)
    for service in _BY_SIGNING_NAME.get(signature.service, (signature.service,)):
        if found := _recognise_for(service, environ):
            return found
    return None


def _recognise_unsigned(environ: dict[str, Any]) -> ApiRequest | None:
    if environ["REQUEST_METHOD"] != "POST" or not _is_form(environ):
        return None
    action = _form(environ).get("Action", "")
    return _recognise_for(UNSIGNED[action], environ) if action in UNSIGNED else None


def _recognise_for(service: str, environ: dict[str, Any]) -> ApiRequest | None:
    if service == "s3":
        found = s3_requests.recognise(environ, lambda: body(environ))
        return ApiRequest("s3", *found, environ["REQUEST_METHOD"], environ["PATH_INFO"]) if found else None
    try:
        model = service_model(service)
    except UnknownServiceError:
        return None
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        name = target.rpartition(".")[2]
        return ApiRequest(service, name, _json(environ)) if name in model.operation_names else None
    if _is_form(environ):
        values = _form(environ)
        name = values.get("Action", "")
        if name not in model.operation_names:
            return None
        return _request_of_form(service, model.operation_model(name), values)
    path = environ["REQUEST_URI"].partition("?")[0]
    is_rest = model.protocol.startswith("rest-")
    route = rest_route(service, environ["REQUEST_METHOD"], path) if is_rest else None
    if route is None:
        return None
    parameters = _rest_parameters(model.operation_model(route.operation), route.path_values, environ)
    return ApiRequest(service, route.operation, parameters, environ["REQUEST_METHOD"], path)


def _request_of_form(service: str, operation: OperationModel, values: dict[str, str]) -> ApiRequest:
    try:
        return ApiRequest(service, operation.name, _parse("query", operation, {"values": values}))
    except Exception as error:
        return ApiRequest(service, operation.name, malformed=f"{type(error).__name__}: {error}")


def body(environ: dict[str, Any]) -> bytes:
    """A request's body, which whoever answers it can read again; unpacked where it is compressed."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    data: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(data)
    return bodies.unpacked(data) if environ.get("HTTP_CONTENT_ENCODING") == "gzip" else data


def _rest_parameters(
    operation: OperationModel, path_values: Mapping[str, str], environ: dict[str, Any]
) -> dict[str, Any]:
    shape = operation.input_shape
    payload = shape.serialization.get("payload") if shape else None
    if shape is None or (payload and shape.members[payload].type_name == "blob"):
        return dict(path_values)
    query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    return _parsed(
        "rest-json",
        operation,
        {"values": query, "url_params": path_values, "headers": {}, "body": body(environ)},
    )


def _parsed(protocol: str, operation: OperationModel, request: dict[str, Any]) -> dict[str, Any]:
    """The parameters; none where they cannot be read: whoever answers will say what is wrong."""
    try:
        return _parse(protocol, operation, request)
    except Exception:
        return dict(request.get("url_params", {}))


def _parse(protocol: str, operation: OperationModel, request: dict[str, Any]) -> dict[str, Any]:
    whole = {"method": "", "url_path": "", "headers": {}, "url_params": {}, "body": b"", "values": {}}
    parsed: dict[str, Any] = PROTOCOL_PARSERS[protocol](operation).parse({**whole, **request})
    return parsed


def _json(environ: dict[str, Any]) -> dict[str, Any]:
    try:
        parsed = json.loads(body(environ) or b"{}")
    except (RecursionError, ValueError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _is_form(environ: Mapping[str, Any]) -> bool:
    kind = environ.get("CONTENT_TYPE", "")
    return kind.startswith("application/x-www-form-urlencoded") or "Action=" in environ.get(
        "QUERY_STRING", ""
    )


def _form(environ: dict[str, Any]) -> dict[str, str]:
    text = f"{environ.get('QUERY_STRING', '')}&{body(environ).decode('utf-8', 'replace')}"
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
