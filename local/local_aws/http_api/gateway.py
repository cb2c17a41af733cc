"""HTTP APIs that answer: a request is routed, throttled, authorized, and passed to a function.

ENDPOINT/_api/ID/PATH          the stage $default
ENDPOINT/_api/ID/STAGE/PATH    a stage with a name
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from local_aws.http_api import jwt
from local_aws.http_api.access_log import AccessLogs
from local_aws.http_api.apis import PREFIX
from local_aws.http_api.errors import IntegrationFailed, Refused, Unauthorized
from local_aws.http_api.routes import DEFAULT
from local_aws.http_api.routing import Match, route_of, stage_of
from local_aws.http_api.store import Api, Members, Store
from local_aws.http_api.throttle import Throttle
from local_aws.identity.actions.requirements import Requirement
from local_aws.identity.gate import GATE
from local_aws.kernel.wire import ServiceError
from local_aws.lambda_ import http_events
from local_aws.lambda_.http_events import MalformedAnswer, Place
from local_aws.lambda_.invocation.invoker import Invoker
from local_aws.lambda_.names import Reference
from local_aws.lambda_.permissions import allows

_PRINCIPAL = "apigateway.amazonaws.com"
_UNAVAILABLE = (503, "Service Unavailable")


@dataclass(frozen=True)
class _Call:
    """A request on its way: the route that it takes, and the integration that will answer."""

    request: Request
    api: Api
    stage: Members
    match: Match
    below: str
    place: Place
    integration: Members | None
    authorizer: Members | None

    @property
    def source_arn(self) -> str:
        """The last part of the ARN by which resource policies of functions identify the route."""
        key = self.match.route["RouteKey"]
        path = key if key == DEFAULT else f"{self.request.method}{key.partition(' ')[2]}"
        return f"{self.api.id}/{self.stage['StageName']}/{path}"

    @property
    def invoked(self) -> str:
        """The last part of the ARN by which policies of callers identify the request: API/STAGE/METHOD/PATH."""
        return f"{self.api.id}/{self.stage['StageName']}/{self.request.method}{self.below}"


class Gateway:
    """The data plane. AWS_IAM asks for a signature of the service `execute-api`, and for the caller's
    permission of execute-api:Invoke. An HTTP API takes no resource policy, so the caller's own policies decide.

    Source: "Control access to HTTP APIs with IAM authorization", API Gateway developer guide.
    """

    def __init__(self, store: Store, invoker: Invoker) -> None:
        self._store = store
        self._invoker = invoker
        self._throttle = Throttle()
        self._logs = AccessLogs(store.account)

    def respond(self, request: Request) -> Response | None:
        """Answer a request for an API; None for any other."""
        if not request.path.startswith(PREFIX):
            return None
        try:
            call = self._find_call(request)
        except Refused as refused:
            return refused.response()
        start = time.monotonic()
        refusal = None
        try:
            response = self._answer(call)
        except Refused as refused:
            response, refusal = refused.response(), refused
        response.headers["apigw-requestid"] = call.place.request_id
        seconds = time.monotonic() - start
        self._logs.write(call.api.id, call.stage, _log_values(call, response, seconds, refusal))
        return response

    def close(self) -> None:
        """Send what is left of the access logs."""
        self._logs.close()

    def _find_call(self, request: Request) -> _Call:
        identity, _, rest = request.path.removeprefix(PREFIX).partition("/")
        with self._store.lock:
            api = self._store.apis.get(identity)
            staged = stage_of(api, f"/{rest}") if api else None
            if api is None or staged is None:
                raise Refused(404, "Not Found")
            stage, below = staged
            match = route_of(api.routes.values(), request.method, below)
            if match is None:
                raise Refused(404, "Not Found")
            place = Place(
                api_id=identity,
                domain=urlsplit(self._store.account.endpoint_url).netloc,
                path=f"/{rest}",
                stage=stage["StageName"],
                route_key=match.route["RouteKey"],
                path_parameters=match.parameters,
                stage_variables=stage["StageVariables"],
            )
            return _Call(
                request,
                api,
                stage,
                match,
                below,
                place,
                integration=api.integrations.get(match.route.get("Target", "").partition("/")[2]),
                authorizer=api.authorizers.get(match.route.get("AuthorizerId", "")),
            )

    def _answer(self, call: _Call) -> Response:
        if not self._throttle.admits(call.api.id, call.stage, call.place.route_key):
            raise Refused(429, "Too Many Requests")
        authorizer = self._authorize(call)
        if call.integration is None:
            raise IntegrationFailed("the route has no target")
        place = replace(call.place, authorizer=authorizer)
        return self._invoke(call, call.integration, http_events.event(call.request, place))

    def _authorize(self, call: _Call) -> Mapping[str, Any] | None:
        """`requestContext.authorizer`. Raises Unauthorized."""
        match call.match.route["AuthorizationType"], call.authorizer:
            case "NONE", _:
                return None
            case "AWS_IAM", _:
                return self._iam_authorizer(call)
            case "JWT", dict(authorizer):
                return jwt.authorize(
                    call.request, authorizer, call.match.route.get("AuthorizationScopes", [])
                )
        raise Unauthorized(403, "Forbidden", "the route's authorizer is not there")

    def _iam_authorizer(self, call: _Call) -> Mapping[str, Any]:
        access_key = http_events.signer(call.request, "execute-api")
        if access_key is None:
            raise Unauthorized(403, "Forbidden", "the request is not signed for execute-api")
        arn = self._store.account.arn("execute-api", call.invoked)
        environ = call.request.environ
        try:
            needed = [Requirement("execute-api:Invoke", arn)]
            session = environ[GATE].admit(environ, "execute-api", "Invoke", needed)
        except ServiceError as error:
            raise Unauthorized(403, "Forbidden", error.message) from error
        return http_events.iam_authorizer(access_key, session)

    def _invoke(self, call: _Call, integration: Members, event: bytes) -> Response:
        reference = _function(integration["IntegrationUri"])
        self._require_permission(call, reference)
        start = time.monotonic()
        try:
            _, outcome = self._invoker.answer(reference, event)
        except ServiceError as error:
            if error.status == 413:
                raise Refused(413, "Request Entity Too Large") from error
            if error.status == 429:
                raise IntegrationFailed(error.message, *_UNAVAILABLE) from error
            raise IntegrationFailed(error.message) from error
        if (time.monotonic() - start) * 1000 > integration["TimeoutInMillis"]:
            raise IntegrationFailed("the function took longer than TimeoutInMillis", *_UNAVAILABLE)
        if outcome.failed:
            raise IntegrationFailed("the function failed")
        try:
            return http_events.response(outcome.payload, "text/plain; charset=utf-8")
        except MalformedAnswer as error:
            raise IntegrationFailed("the function's answer is malformed") from error

    def _require_permission(self, call: _Call, reference: Reference) -> None:
        account = self._store.account
        facts = {"AWS:SourceArn": account.arn("execute-api", call.source_arn)}
        facts["AWS:SourceAccount"] = facts["AWS:SourceArn"].split(":")[4]
        try:
            with self._invoker.store.lock:
                function = self._invoker.store.find(reference)
                allowed = allows(function, reference.qualifier, "lambda:InvokeFunction", _PRINCIPAL, facts)
        except ServiceError as error:
            raise IntegrationFailed(error.message) from error
        if not allowed:
            raise IntegrationFailed(
                f"The IAM role configured on the integration or API Gateway doesn't have permissions to call "
                f"{reference.name}: its policy must allow {_PRINCIPAL} for {facts['AWS:SourceArn']}.",
            )


def _function(uri: str) -> Reference:
    """The function of an integration: by its ARN, or by the ARN of the API call that invokes it."""
    return Reference.parse(uri.partition("/functions/")[2].removesuffix("/invocations") or uri)


def _log_values(call: _Call, response: Response, seconds: float, refusal: Refused | None) -> dict[str, Any]:
    """The values of the $context variables that access logs have here."""
    now = datetime.now(UTC)
    return {
        "apiId": call.api.id,
        "domainName": call.place.domain,
        "authorizer.error": refusal.why if isinstance(refusal, Unauthorized) else "-",
        "error.message": refusal.message if refusal else "-",
        "httpMethod": call.request.method,
        "identity.sourceIp": call.request.remote_addr,
        "identity.userAgent": call.request.headers.get("User-Agent", "-"),
        "integrationErrorMessage": refusal.why if isinstance(refusal, IntegrationFailed) else "-",
        "path": call.place.path,
        "protocol": call.request.environ.get("SERVER_PROTOCOL", "-"),
        "requestId": call.place.request_id,
        "requestTime": f"{now:%d/%b/%Y:%H:%M:%S +0000}",
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "responseLatency": int(seconds * 1000),
        "responseLength": response.calculate_content_length(),
        "routeKey": call.place.route_key,
        "stage": call.stage["StageName"],
        "status": response.status_code,
    }
