"""The gate of the server: every request passes it, is recorded, and refused where it must be.

Refused are what `faults` say, where the server enforces policies what the caller's role is not allowed, and what `checks`
find: what AWS refuses of anybody. Who the caller is has been verified before (`local_aws.admission`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Protocol

from local_aws.identity import deletions
from local_aws.identity.actions import requirements
from local_aws.identity.actions.api_request import ApiRequest, recognise
from local_aws.identity.actions.requirements import Requirement
from local_aws.identity.actions.resources import Namer
from local_aws.identity.policies import resource_denials
from local_aws.identity.policies.permissions import request_of
from local_aws.identity.policies.policy import decide
from local_aws.identity.roles import Roles
from local_aws.kernel.caller import Signature, calling, signature
from local_aws.kernel.calls import Call, Calls
from local_aws.kernel.faults import Faults
from local_aws.kernel.http.error_responses import refusal
from local_aws.kernel.sessions import Session, Sessions
from local_aws.kernel.wire import ServiceError

log = logging.getLogger(__name__)

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

SERVICE = "local_aws.service"
"""Where the service of an unsigned request stands in its WSGI environment."""
GATE = "local_aws.gate"
"""Where the gate stands in the WSGI environment of a request that is no API call."""

# What STS answers is decided by trust policies, and there.
_DECIDED_ELSEWHERE = "sts"
_BY_KEY = ("s3", "DeleteObjects")
"""The operation whose keys are judged each by itself."""


class Checker(Protocol):
    """Refuses requests that AWS would not accept."""

    def check(self, request: ApiRequest) -> None:
        """Raises ServiceError for such a request."""


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
        checks: Checker,
        enforce: bool = False,
    ) -> None:
        self.enforce = enforce
        self._namer = namer
        self._sessions = sessions
        self._calls = calls
        self._faults = faults
        self._exempt = exempt
        self._roles = roles
        self._checks = checks

    def pass_on(self, environ: dict[str, Any], start_response: StartResponse, to: Wsgi) -> Iterable[bytes]:
        """Answer a request: by `to`, or with a refusal. Raises nothing: a refusal is a response."""
        signed = signature(environ)
        try:
            request = recognise(environ, signed)
        except ServiceError as error:
            return refusal(signed.service, error, environ)(environ, start_response)
        if request is None:
            return self._pass_unrecognised(environ, start_response, to, signed)
        environ[SERVICE] = signed.service or request.service
        needed = self._requirements(request)
        session = self._sessions.find(signed.access_key)
        is_exempt = signed.access_key == self._exempt
        request = replace(
            request,
            length=int(environ.get("CONTENT_LENGTH") or 0),
            by_service=is_exempt or (session is not None and session.by_service),
        )
        denied: dict[int, ServiceError] = {}
        try:
            if not is_exempt:
                self._record(request, session, needed)
                self._faults.strike(request.service, request.operation)
                denied = self._judge(request, session, needed)
            if request.malformed:
                raise ServiceError("MalformedInput", f"{request.operation}: {request.malformed}")
            with calling(session, request.operation):
                self._checks.check(request)
        except ServiceError as error:
            return refusal(request.service, error, environ)(environ, start_response)

        def noted(status: str, *rest: Any) -> Any:
            # Before the client can know of it: its next request may build on this one.
            if int(status[:3]) < 400:
                self._note_facts(request, needed)
            return start_response(status, *rest)

        with calling(session, request.operation):
            if (request.service, request.operation) == _BY_KEY:
                return deletions.answer(environ, noted, to, denied)
            return to(environ, noted)

    def _judge(
        self, request: ApiRequest, session: Session | None, needed: list[Requirement]
    ) -> dict[int, ServiceError]:
        """The refusals of single keys, by their place, of a request to delete many. Raises ServiceError for all else."""
        is_by_key = len(needed) == len(request.parameters.get("Objects") or ())
        if (request.service, request.operation) != _BY_KEY or not is_by_key:
            self._enforce(request.service, session, needed)
            resource_denials.refuse(session, needed, self._namer.region)
            return {}
        denied = {}
        for number, each in enumerate(needed):
            try:
                self._enforce(request.service, session, [each])
                resource_denials.refuse(session, [each], self._namer.region)
            except ServiceError as error:
                denied[number] = error
        return denied

    def _pass_unrecognised(
        self, environ: dict[str, Any], start_response: StartResponse, to: Wsgi, signed: Signature
    ) -> Iterable[bytes]:
        """A request whose operation nobody can tell: nobody is allowed that, where policies are enforced."""
        session = self._sessions.find(signed.access_key)
        try:
            if self.enforce and session is not None:
                request = (
                    environ.get("HTTP_X_AMZ_TARGET") or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
                )
                raise ServiceError(
                    "AccessDenied",
                    f"User: {session.arn} is not authorized to perform: {request}, which is no operation of {signed.service} "
                    "that is known here",
                    403,
                )
        except ServiceError as error:
            return refusal(signed.service, error, environ)(environ, start_response)
        return to(environ, start_response)

    def admit(
        self, environ: dict[str, Any], service: str, operation: str, needed: list[Requirement]
    ) -> Session | None:
        """Record and judge a signed request that is no API call, such as one for an HTTP API; returns its session.

        `needed` is what the caller must be allowed. Raises ServiceError where it may not.
        """
        signed = signature(environ)
        session = self._sessions.find(signed.access_key)
        if signed.access_key != self._exempt:
            self._record(ApiRequest(service, operation), session, needed)
            self._enforce(service, session, needed)
        return session

    def _note_facts(self, request: ApiRequest, needed: list[Requirement]) -> None:
        own = [each.resource for each in needed if each.action == needed[0].action]
        self._namer.facts.note(request, own)
        if request.service == "iam" and not request.operation.startswith(("Get", "List")):
            # A request that names a role changes that role. Any other may change a policy that several have.
            self._roles.forget(request.parameters.get("RoleName"))

    def _requirements(self, request: ApiRequest) -> list[Requirement]:
        try:
            return requirements.of(request, self._namer)
        except (AttributeError, KeyError, TypeError, ValueError):
            # A request that does not fit its API's model: whoever answers it says so, to those who may do everything.
            log.debug("%s:%s cannot be taken apart", request.service, request.operation, exc_info=True)
            return [requirements.whole(request)]

    def _record(self, request: ApiRequest, session: Session | None, needed: list[Requirement]) -> None:
        role = session.role_arn if session else None
        for each in needed:
            context = tuple(sorted(each.context.items()))
            self._calls.add(
                Call(role, request.service, request.operation, each.action, (each.resource,), context)
            )

    def _enforce(self, service: str, session: Session | None, needed: list[Requirement]) -> None:
        if not self.enforce or session is None or service == _DECIDED_ELSEWHERE:
            return
        policies = self._roles.policies(session.role_arn)
        for each in needed:
            policy_request = request_of(
                session.role_arn, policies, each.action, each.resource, each.context, self._namer.region
            )
            decision = decide(policy_request, policies)
            if not decision.allowed:
                raise ServiceError(
                    "AccessDenied",
                    f"User: {session.arn} is not authorized to perform: {each.action} on resource: {each.resource} "
                    f"{decision.words}",
                    403,
                )
