"""The WSGI application of the embedded AWS: a request goes to our service, or else to moto's."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

from botocore.exceptions import UnknownServiceError
from werkzeug.wrappers import Request, Response

from local_aws.identity.gate import GATE, SERVICE, Gate
from local_aws.kernel.caller import signature
from local_aws.kernel.http.error_responses import protocol_of, refusal
from local_aws.kernel.moto_internals import MotoApplication
from local_aws.kernel.wire import Service, ServiceError, service_model
from local_aws.s3.integrity import Integrity

log = logging.getLogger(__name__)


@runtime_checkable
class Gateway(Protocol):
    """Answers HTTP requests that are not API calls, below a path of its own, `/_NAME/`."""

    def respond(self, request: Request) -> Response | None:
        """The response, or None for a request below another path."""


class Application:
    """Finds a request's gateway by its path, or else its service by its signature.

    What neither we nor moto have is refused, naming it. All but the gateways' is behind the `gate`, where there is one.
    """

    def __init__(
        self, services: Iterable[Service], gateways: Iterable[Gateway] = (), gate: Gate | None = None
    ) -> None:
        self._gateways = list(gateways)
        self._gate = gate
        self._services: dict[str, list[Service]] = {}
        for service in services:
            self._services.setdefault(service.model.signing_name, []).append(service)
        self._moto = MotoApplication()
        self._s3 = Integrity(self._moto)
        # moto walks its dictionaries while other threads change them: one request at a time for each of its services.
        self._turns: dict[str, threading.Lock] = {}

    def add_gateway(self, gateway: Gateway) -> None:
        """From now on the gateway is asked for what those before it do not answer."""
        self._gateways.append(gateway)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request: by a gateway, an embedded service, or moto."""
        if environ.get("PATH_INFO", "").startswith("/_"):
            environ[GATE] = self._gate
            request = Request(environ)
            for gateway in self._gateways:
                response = gateway.respond(request)
                if response is not None:
                    return response(environ, start_response)
        if self._gate is None:
            return self._answer(environ, start_response)
        return self._gate.pass_on(environ, start_response, self._answer)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        name = environ.get(SERVICE) or signature(environ).service
        services = self._services.get(name)
        if services is not None:
            return _respond(services, Request(environ))(environ, start_response)
        if self._gate and SERVICE not in environ and (refused := _unknown_operation(name, environ)):
            return refused(environ, start_response)
        try:
            with self._turns.setdefault(name, threading.Lock()):
                moto = self._s3 if name == "s3" else self._moto
                answer: Iterable[bytes] = moto(environ, start_response)
        except NotImplementedError as error:
            return _not_embedded(name, str(error), environ)(environ, start_response)
        except OSError:
            raise
        except Exception as error:
            log.debug("moto failed to answer a request of %s", name, exc_info=True)
            return _invalid_request(name, error, environ)(environ, start_response)
        return answer


def _respond(services: list[Service], request: Request) -> Response:
    for service in services:
        if route := service.route(request):
            return service.respond(request, route)
    names = " and ".join(service.name for service in services)
    return _unknown_operation_error(services[0].name, names, request)


def _unknown_operation(service: str, environ: dict[str, Any]) -> Response | None:
    """The refusal of an operation that botocore's model of the service does not have. moto would fail on it.

    None for a REST protocol, whose routes moto knows, and for a service that botocore does not know.
    """
    try:
        is_rest = service_model(service).protocol.startswith("rest-")
    except UnknownServiceError:
        return None
    return None if is_rest else _unknown_operation_error(service, service, Request(environ))


def _unknown_operation_error(service: str, names: str, request: Request) -> Response:
    if protocol_of(service, request.environ) in ("query", "ec2"):
        message = f"Could not find operation {request.values.get('Action', '')} in {names}."
        return refusal(service, ServiceError("InvalidAction", message), request.environ)
    asked = request.headers.get("X-Amz-Target") or f"{request.method} {request.path}"
    unknown = ServiceError("UnknownOperationException", f"{names} has no operation for {asked!r}")
    return refusal(service, unknown, request.environ)


def _invalid_request(service: str, error: Exception, environ: dict[str, Any]) -> Response:
    """The refusal of a request that moto fails on: nearly always parameters that AWS would refuse, too."""
    message = f"The embedded AWS cannot read this request of {service}: {type(error).__name__}: {error}"
    return refusal(service, ServiceError("InvalidRequest", message), environ)


def _not_embedded(service: str, reason: str, environ: dict[str, Any]) -> Response:
    message = f"The embedded AWS does not have this operation of {service}: {reason}"
    return refusal(service, ServiceError("UnknownOperationException", message), environ)
