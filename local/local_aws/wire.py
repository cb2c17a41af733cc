"""The one place that speaks AWS's protocols: a request becomes a call of a handler's method, its answer a response.

A handler is any object with methods named after API operations (`CreatePipeline` -> `create_pipeline`). A method takes the
parsed request and returns the answer, both plain data with the API's own member names, or raises `ServiceError`.
Requests and answers are held against botocore's service model; an answer that does not fit is an error of ours
and is reported as such (HTTP 500, InternalFailure), so that it fails a test.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SERIALIZERS
from moto.core.utils import get_service_model
from werkzeug.wrappers import Request, Response

from local_aws.shapes import problems

log = logging.getLogger(__name__)

Operation = Callable[[dict[str, Any]], dict[str, Any] | None]


class ServiceError(Exception):
    """An error that the API answers with: its code as in the API's model, its message, its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of `service`, a boto3 service name, in the classes that moto's serialisers ask for."""
    model: ServiceModel = get_service_model(service)
    return model


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

    def respond(self, request: Request) -> Response:
        """Answer one HTTP request of this service."""
        name = _operation_name(request)
        if name not in self.model.operation_names:
            return _unmodelled(f"{self.name} has no operation {name!r}")
        operation = self.model.operation_model(name)
        try:
            serializer = SERIALIZERS[self.model.protocol](operation)
            return _response(serializer.serialize(self._call(operation, request)))
        except ServiceError as error:
            return _error(error)
        except Exception as error:
            log.exception("%s.%s failed", self.name, name)
            return _error(ServiceError("InternalFailure", f"{name}: {type(error).__name__}: {error}", 500))

    def _call(self, operation: OperationModel, request: Request) -> dict[str, Any]:
        method = self._operations.get(operation.name)
        if method is None:
            known = ", ".join(sorted(self._operations))
            raise ServiceError(
                "UnknownOperationException",
                f"The embedded AWS does not have {self.name}:{operation.name}. It has {known}.",
            )
        parsed = PROTOCOL_PARSERS[self.model.protocol](operation).parse(
            {
                "body": request.get_data(),
                "headers": request.headers,
                "method": request.method,
                "url_params": {},
                "url_path": request.path,
                "values": request.values,
            }
        )
        _check_request(parsed, operation)
        answer = method(parsed) or {}
        _check_answer(answer, operation)
        return answer


def _operation_name(request: Request) -> str:
    return request.headers.get("X-Amz-Target", "").rpartition(".")[2]


def _check_request(parsed: Mapping[str, Any], operation: OperationModel) -> None:
    if operation.input_shape is None:
        return
    found = list(problems(parsed, operation.input_shape))
    if found:
        plural = "error" if len(found) == 1 else "errors"
        raise ServiceError(
            "ValidationException", f"{len(found)} validation {plural} detected: {'; '.join(found)}"
        )


def _check_answer(answer: Mapping[str, Any], operation: OperationModel) -> None:
    if operation.output_shape is None:
        return
    found = list(problems(answer, operation.output_shape))
    if found:
        raise AssertionError(f"the embedded answer does not fit the API's model: {'; '.join(found)}")


def _error(error: ServiceError) -> Response:
    body = {"__type": error.code, "message": error.message, "Message": error.message}
    response = Response(status=error.status, content_type="application/x-amz-json-1.1")
    response.set_data(json.dumps(body))
    response.headers["x-amzn-ErrorType"] = error.code
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response


def _unmodelled(message: str) -> Response:
    return _error(ServiceError("UnknownOperationException", message))


def _response(serialized: Mapping[str, Any]) -> Response:
    response = Response(serialized["body"], status=serialized["status_code"], headers=serialized["headers"])
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response
