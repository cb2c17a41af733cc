"""CloudWatch on the wire: in JSON, as its clients speak, and in the Query protocol, as those before boto3 1.41 do.

botocore's model says CBOR first; no client of ours speaks it.
"""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterable

from botocore.model import OperationModel
from werkzeug.wrappers import Request, Response

from local_aws.kernel.http import bodies
from local_aws.kernel.wire import Route, Service, ServiceError

_FORM = "application/x-www-form-urlencoded"


class CloudWatchService(Service):
    """CloudWatch in both protocols, with the compressed bodies that clients send for more than 10 kB."""

    def __init__(self, name: str, handlers: Iterable[object]) -> None:
        handlers = list(handlers)
        super().__init__(name, handlers)
        self.model = copy.copy(self.model)
        self.model.__dict__["protocol"] = "json"
        self._query = _QueryService(name, handlers)

    def route(self, request: Request) -> Route | None:
        """The operation of a request in either protocol, None if it is another service's."""
        return self._query.route(request) if _is_query(request) else super().route(request)

    def respond(self, request: Request, route: Route) -> Response:
        """Answer a request; a compressed body is decompressed first."""
        if request.headers.get("Content-Encoding") == "gzip":
            body = bodies.unpacked(request.get_data())
            environ = {**request.environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            request = Request(environ)
        if _is_query(request):
            return self._query.respond(request, route)
        response = super().respond(request, route)
        if response.status_code >= 400:
            self._name_query_error(response)
        return response

    def _name_query_error(self, response: Response) -> None:
        """Add the error's code in the Query protocol, which clients of a service that once spoke it show."""
        code = str(json.loads(response.get_data())["__type"])
        fault = "Sender" if response.status_code < 500 else "Receiver"
        response.headers["x-amzn-query-error"] = f"{self._query.code(code)};{fault}"


class _QueryService(Service):
    """CloudWatch in the Query protocol: requests are forms, answers XML, errors have their older codes."""

    def __init__(self, name: str, handlers: Iterable[object]) -> None:
        super().__init__(name, handlers)
        self.model = copy.copy(self.model)
        self.model.__dict__["protocol"] = "query"

    def code(self, name: str) -> str:
        """The code in this protocol of the error that the API's model names: `InvalidParameterValueException`."""
        for shape in self.model.error_shapes:
            if shape.name == name:
                return str(shape.metadata.get("error", {}).get("code", name))
        return name

    def _call(self, operation: OperationModel, request: Request, route: Route) -> dict[str, object]:
        try:
            return super()._call(operation, request, route)
        except ServiceError as error:
            raise ServiceError(self.code(error.code), error.message, error.status) from error


def _is_query(request: Request) -> bool:
    return (request.content_type or "").startswith(_FORM) or "Action" in request.args
