"""CloudWatch on the wire. botocore's model says CBOR first; its clients speak JSON, which the API has as well."""

from __future__ import annotations

import copy
import gzip
import io
from collections.abc import Iterable

from werkzeug.wrappers import Request, Response

from local_aws.kernel.wire import Route, Service


class CloudWatchService(Service):
    """CloudWatch in JSON, with the compressed bodies that clients send for more than 10 kB."""

    def __init__(self, name: str, handlers: Iterable[object]) -> None:
        super().__init__(name, handlers)
        self.model = copy.copy(self.model)
        self.model.__dict__["protocol"] = "json"

    def respond(self, request: Request, route: Route) -> Response:
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(request.get_data())
            environ = {**request.environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            request = Request(environ)
        return super().respond(request, route)
