"""The one place that speaks AWS's protocols: a request becomes a call of a handler's method, its answer a response.

A handler is any object with methods named after API operations (`CreatePipeline` -> `create_pipeline`). A method takes the
parsed request and returns the answer, both plain data with the API's own member names, or raises `ServiceError`.
Requests and answers are held against botocore's service model; an answer that does not fit is an error of ours
and is reported as such (HTTP 500, InternalFailure), so that it fails a test.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from botocore import xform_name
from botocore.loaders import Loader, create_loader
from botocore.model import OperationModel, ServiceModel
from werkzeug.wrappers import Request, Response

from local_aws.kernel import moto_internals
from local_aws.kernel.moto_internals import PROTOCOL_PARSERS, SERIALIZERS
from local_aws.kernel.shapes import problems

log = logging.getLogger(__name__)

Operation = Callable[[dict[str, Any]], dict[str, Any] | None]


class ServiceError(Exception):
    """An error that the API answers with: its code as in the API's model, its message, its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> ServiceError:
    """The error of a JSON service for a request that is well-formed and invalid."""
    return ServiceError("ValidationException", message)


@cache
def loader() -> Loader:
    """The loader of botocore's models, one for all services: a new one would search its folders again."""
    return create_loader()


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of `service`, a boto3 service name, in the classes that moto's serialisers ask for."""
    model: ServiceModel = moto_internals.ServiceModel(
        loader().load_service_model(service, "service-2"), service
    )
    return model


@dataclass(frozen=True)
class Route:
    """Which operation a request asks for, and the values in its path (none but for REST protocols)."""

    operation: str
    path_values: Mapping[str, str]


class Service:
    """One AWS service of the embedded AWS: botocore's model of it, and the handlers of its operations.

    Raises ValueError when two handlers have the same operation.
    """

    def __init__(self, name: str, handlers: Iterable[object]) -> None:
        self.name = name
        self.model = service_model(name)
        self._operations: dict[str, Operation] = {}
        for handler in handlers:
            for operation in self.model.operation_names:
                method = getattr(handler, xform_name(operation), None)
                if method is None:
                    continue
                if operation in self._operations:
                    raise ValueError(f"{name}: two handlers have the operation {operation}")
                self._operations[operation] = method

    @property
    def operations(self) -> list[str]:
        """The operations that there is a handler of."""
        return sorted(self._operations)

    def route(self, request: Request) -> Route | None:
        """The operation that `request` asks for, or None where it is none of this service."""
        match self.model.protocol:
            case "json":
                name = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
            case "query":
                name = request.values.get("Action", "")
            case _:
                return self._rest_route(request)
        return Route(name, {}) if name in self.model.operation_names else None

    def respond(self, request: Request, route: Route) -> Response:
        """Answer one HTTP request of this service."""
        operation = self.model.operation_model(route.operation)
        try:
            serializer = SERIALIZERS[self.model.protocol](operation)
            answer = self._call(operation, request, route)
            return _response(serializer.serialize(answer), _stated_status(answer, operation))
        except ServiceError as error:
            return error_response(error, self.model.protocol, request.content_type or "")
        except Exception as error:
            log.exception("%s.%s failed", self.name, operation.name)
            message = f"{operation.name}: {type(error).__name__}: {error}"
            failure = ServiceError("InternalFailure", message, 500)
            return error_response(failure, self.model.protocol, request.content_type or "")

    def _call(self, operation: OperationModel, request: Request, route: Route) -> dict[str, Any]:
        method = self._operations.get(operation.name)
        if method is None:
            known = ", ".join(sorted(self._operations))
            raise ServiceError(
                "UnknownOperationException",
                f"The embedded AWS does not have {self.name}:{operation.name}. It has {known}.",
            )
        parsed = self._parsed(operation, request, route)
        code = "ValidationError" if self.model.protocol == "query" else "ValidationException"
        _check_request(parsed, operation, code)
        answer = method(parsed) or {}
        _check_answer(answer, operation)
        return answer

    def _parsed(self, operation: OperationModel, request: Request, route: Route) -> dict[str, Any]:
        """The parameters. Raises ServiceError for a request that does not fit the shape at all."""
        try:
            parsed: dict[str, Any] = PROTOCOL_PARSERS[self.model.protocol](operation).parse(
                {
                    "body": request.get_data(),
                    "headers": request.headers,
                    "method": request.method,
                    "url_params": route.path_values,
                    "url_path": request.path,
                    "values": request.values,
                }
            )
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            log.debug("%s.%s cannot be read", self.name, operation.name, exc_info=True)
            code = "MalformedInput" if self.model.protocol == "query" else "SerializationException"
            raise ServiceError(
                code, f"The request does not fit {operation.name}: {type(error).__name__}: {error}"
            ) from error
        return parsed

    def _rest_route(self, request: Request) -> Route | None:
        # A value may hold an encoded slash: the path as it was sent still tells it from the others.
        return rest_route(self.name, request.method, request.environ["REQUEST_URI"].partition("?")[0])


_SLASH_AT_THE_END = frozenset({"lambda"})
"""Services whose documented paths ended in a slash once: clients before boto3 1.36 still send it."""


def rest_route(service: str, method: str, path: str) -> Route | None:
    """The operation of a REST service that has this method and path, still encoded; None where there is none."""
    if service in _SLASH_AT_THE_END:
        path = path.rstrip("/")
    for rest in _rest_patterns(service):
        found = rest.pattern.fullmatch(path) if rest.method == method else None
        if found:
            return Route(rest.operation, dict(zip(rest.labels, map(unquote, found.groups()), strict=True)))
    return None


@dataclass(frozen=True)
class _RestPattern:
    """How a REST operation is asked for. `labels` name the groups of `pattern`."""

    method: str
    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    operation: str


@cache
def _rest_patterns(service: str) -> list[_RestPattern]:
    """The patterns of a service's operations; literal paths first, so that they win."""
    model = service_model(service)
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = http["requestUri"].partition("?")[0]
        if service in _SLASH_AT_THE_END:
            path = path.rstrip("/")
        parts = re.split(r"\{([^}]+)\}", path)
        pattern = re.escape(parts[0])
        for label, literal in zip(parts[1::2], parts[2::2], strict=True):
            anything = ".+" if label.endswith("+") else "[^/]+"
            pattern += f"({anything})" + re.escape(literal)
        labels = tuple(label.rstrip("+") for label in parts[1::2])
        found.append(_RestPattern(http["method"], re.compile(pattern), labels, name))
    return sorted(found, key=lambda each: len(each.labels))


def _check_request(parsed: Mapping[str, Any], operation: OperationModel, code: str) -> None:
    if operation.input_shape is None:
        return
    found = list(problems(parsed, operation.input_shape))
    if found:
        plural = "error" if len(found) == 1 else "errors"
        raise ServiceError(code, f"{len(found)} validation {plural} detected: {'; '.join(found)}")


def _check_answer(answer: Mapping[str, Any], operation: OperationModel) -> None:
    if operation.output_shape is None:
        return
    # AWS itself answers with empty lists where its model wants one element.
    found = [
        each for each in problems(answer, operation.output_shape) if not each.startswith("Value '[]' at ")
    ]
    if found:
        raise AssertionError(f"the embedded answer does not fit the API's model: {'; '.join(found)}")


def error_response(error: ServiceError, protocol: str = "json", content_type: str = "") -> Response:
    """`error` as the protocol's clients expect it: botocore's names, and "s3", whose errors have no envelope.

    `content_type` is the request's: an answer in JSON has the version of the protocol that was asked in.
    """
    request_id = str(uuid.uuid4())
    response = Response(status=error.status)
    if protocol in _ENVELOPES:
        fault = "Sender" if error.status < 500 else "Receiver"
        stated = f"<Code>{_xml(error.code)}</Code><Message>{_xml(error.message)}</Message>"
        response.content_type = "application/xml" if protocol == "s3" else "text/xml"
        response.set_data(_ENVELOPES[protocol].format(fault=fault, stated=stated, id=request_id))
    else:
        is_versioned = protocol == "json" and content_type.startswith("application/x-amz-json-1.")
        response.content_type = content_type.partition(";")[0] if is_versioned else "application/json"
        response.set_data(
            json.dumps({"__type": error.code, "message": error.message, "Message": error.message})
        )
        response.headers["x-amzn-ErrorType"] = error.code
    response.headers["x-amzn-RequestId"] = request_id
    return response


_ENVELOPES = {
    "query": "<ErrorResponse><Error><Type>{fault}</Type>{stated}</Error><RequestId>{id}</RequestId></ErrorResponse>",
    "rest-xml": "<ErrorResponse><Error><Type>{fault}</Type>{stated}</Error><RequestId>{id}</RequestId></ErrorResponse>",
    "ec2": "<Response><Errors><Error>{stated}</Error></Errors><RequestID>{id}</RequestID></Response>",
    "s3": "<?xml version='1.0' encoding='UTF-8'?><Error>{stated}<RequestId>{id}</RequestId></Error>",
}
"""Errors in XML, https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#operation-error-serialization and its like."""

_NO_XML = re.compile("[^\\t\\n\\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml(text: str) -> str:
    return escape(_NO_XML.sub("\ufffd", text))


def _stated_status(answer: Mapping[str, Any], operation: OperationModel) -> int | None:
    """The HTTP status that is a member of the answer, as in Lambda's Invoke."""
    members = operation.output_shape.members if operation.output_shape else {}
    for name, member in members.items():
        if member.serialization.get("location") == "statusCode":
            return answer.get(name)
    return None


def _response(serialized: Mapping[str, Any], stated_status: int | None) -> Response:
    status = stated_status or serialized["status_code"]
    response = Response(serialized["body"], status=status, headers=serialized["headers"])
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response
