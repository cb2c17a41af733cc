"""The gate of the server: every request passes it, is recorded, and refused where it must be.

Refused are keys of temporary credentials that have expired or never were, what `faults` say, and, where the server
enforces policies, what the caller's role is not allowed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import UnknownServiceError
from werkzeug.wrappers import Response

from local_aws.identity.actions import requirements
from local_aws.identity.actions.asked import Asked, recognise
from local_aws.identity.actions.requirements import Requirement
from local_aws.identity.actions.resources import Namer
from local_aws.identity.iam_quotas import Quotas
from local_aws.identity.policies.permissions import request_of
from local_aws.identity.policies.policy import decide
from local_aws.identity.roles import Roles
from local_aws.kernel.caller import Signature, calling, signature
from local_aws.kernel.calls import Call, Calls
from local_aws.kernel.faults import Faults
from local_aws.kernel.sessions import PREFIX, Session, Sessions
from local_aws.kernel.wire import ServiceError, error_response, service_model

log = logging.getLogger(__name__)

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

SERVICE = "local_aws.service"
"""Where the service of an unsigned request stands in its WSGI environment."""
GATE = "local_aws.gate"
"""Where the gate stands in the WSGI environment of a request that is no API call."""

_CHUNK = 1024 * 1024

# What STS answers is decided by trust policies, and there.
_DECIDED_ELSEWHERE = "sts"


class Gate:
    """Stands before a WSGI application. It enforces the policies of `roles` as long as `enforce` is true.

    Requests with the access key `exempt`, of AWS's own services, are neither recorded nor refused.
    """

    def __init__(
        self,
        namer: Namer,
        sessions: Sessions,
        calls: Calls,
        faults: Faults,
        exempt: str,
        roles: Roles,
        quotas: Quotas,
        enforce: bool = False,
    ) -> None:
        self.enforce = enforce
        self._quotas = quotas
        self._namer = namer
        self._sessions = sessions
        self._calls = calls
        self._faults = faults
        self._exempt = exempt
        self._roles = roles

    def pass_on(self, environ: dict[str, Any], start_response: StartResponse, to: Wsgi) -> Iterable[bytes]:
        """Answer a request: by `to`, or with a refusal."""
        signed = signature(environ)
        asked = recognise(environ, signed)
        if asked is None:
            return to(environ, start_response)
        environ[SERVICE] = signed.service or asked.service
        needed = self._taken_apart(asked)
        session = self._sessions.find(signed.access_key)
        try:
            if signed.access_key != self._exempt:
                _check(signed, session)
                self._record(asked, session, needed)
                self._faults.strike(asked.service, asked.operation)
                self._enforce(asked.service, session, needed)
            if asked.service == "iam":
                self._quotas.check(asked)
        except ServiceError as error:
            _drain(environ)
            return refusal(asked.service, error)(environ, start_response)

        def noted(status: str, *rest: Any) -> Any:
            # Before the client can know of it: its next request may build on this one.
            if int(status[:3]) < 400:
                self._learn(asked, needed)
            return start_response(status, *rest)

        with calling(session):
            return to(environ, noted)

    def admit(
        self, environ: dict[str, Any], service: str, operation: str, needed: list[Requirement]
    ) -> Session | None:
        """Record and judge a signed request that is no API call, such as one for an HTTP API; returns its session.

        `needed` is what the caller must be allowed. Raises ServiceError where it may not.
        """
        signed = signature(environ)
        session = self._sessions.find(signed.access_key)
        if signed.access_key != self._exempt:
            _check(signed, session)
            self._record(Asked(service, operation), session, needed)
            self._enforce(service, session, needed)
        return session

    def _learn(self, asked: Asked, needed: list[Requirement]) -> None:
        own = [each.resource for each in needed if each.action == needed[0].action]
        self._namer.known.note(asked, own)
        if asked.service == "iam" and not asked.operation.startswith(("Get", "List")):
            self._roles.forget()

    def _taken_apart(self, asked: Asked) -> list[Requirement]:
        try:
            return requirements.of(asked, self._namer)
        except (AttributeError, KeyError, TypeError, ValueError):
            # A request that does not fit its API's model: whoever answers it says so.
            log.debug("%s:%s cannot be taken apart", asked.service, asked.operation, exc_info=True)
            return []

    def _record(self, asked: Asked, session: Session | None, needed: list[Requirement]) -> None:
        role = session.role_arn if session else None
        for each in needed:
            context = tuple(sorted(each.context.items()))
            self._calls.add(
                Call(role, asked.service, asked.operation, each.action, (each.resource,), context)
            )

    def _enforce(self, service: str, session: Session | None, needed: list[Requirement]) -> None:
        if not self.enforce or session is None or service == _DECIDED_ELSEWHERE:
            return
        policies = self._roles.policies(session.role_arn)
        for each in needed:
            request = request_of(
                session.role_arn, policies, each.action, each.resource, each.context, self._namer.region
            )
            decision = decide(request, policies)
            if not decision.allowed:
                raise ServiceError(
                    "AccessDenied",
                    f"User: {session.arn} is not authorized to perform: {each.action} on resource: {each.resource} "
                    f"{decision.words}",
                    403,
                )


def _drain(environ: dict[str, Any]) -> None:
    """Read a body that nobody wants: a client that still sends it would see a broken connection, and no answer."""
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (read := environ["wsgi.input"].read(min(left, _CHUNK))):
        left -= len(read)


def _check(signed: Signature, session: Session | None) -> None:
    if not signed.access_key.startswith(PREFIX):
        return
    if session is None or session.token != signed.token:
        raise ServiceError(
            "InvalidClientTokenId", "The security token included in the request is invalid.", 403
        )
    if session.expired:
        raise ServiceError("ExpiredToken", "The security token included in the request is expired", 403)


_JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
}
"""What the errors of every service are called where the protocol is JSON."""


def refusal(service: str, error: ServiceError) -> Response:
    """`error` in the words and the protocol of `service`."""
    if service == "s3":
        body = (
            f"<?xml version='1.0'?><Error><Code>{error.code}</Code><Message>{error.message}</Message></Error>"
        )
        return Response(body, status=error.status, content_type="application/xml")
    try:
        protocol = service_model(service).protocol
    except UnknownServiceError:
        protocol = "json"
    if protocol == "query":
        return error_response(error, protocol)
    code = _JSON_CODES.get(error.code, error.code)
    status = 400 if protocol == "json" and error.status == 403 else error.status
    return error_response(ServiceError(code, error.message, status))
