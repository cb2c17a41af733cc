"""Function URLs: functions that answer HTTP requests by themselves, here at ENDPOINT/_url/ID/."""

from __future__ import annotations

import secrets
import string
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from local_aws.identity.actions.requirements import Requirement
from local_aws.identity.gate import GATE
from local_aws.kernel.wire import ServiceError
from local_aws.lambda_ import http_events
from local_aws.lambda_.errors import conflict, invalid, not_found
from local_aws.lambda_.function import Function, Url
from local_aws.lambda_.http_events import MalformedAnswer, Place
from local_aws.lambda_.invocation.invoker import Invoker
from local_aws.lambda_.names import Reference
from local_aws.lambda_.paging import paged
from local_aws.lambda_.permissions import ANYBODY, allows

PREFIX = "/_url/"

_ACTIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
_AUTH_TYPE = "lambda:FunctionUrlAuthType"
_VIA_URL = {"lambda:InvokedViaFunctionUrl": "true"}

_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


class FunctionUrls:
    """CreateFunctionUrlConfig, GetFunctionUrlConfig, ListFunctionUrlConfigs, UpdateFunctionUrlConfig,

    DeleteFunctionUrlConfig; and the URLs.

    AuthType AWS_IAM asks for a signature of the service `lambda`, and for the caller's permission;
    NONE for a permission of everybody in the function's policy. Either is for two actions, lambda:InvokeFunctionUrl and
    lambda:InvokeFunction. Source: "Control access to Lambda function URLs", Lambda developer guide (October 2025).
    """

    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker
        self._store = invoker.store

    def create_function_url_config(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create the URL of a function or alias.

        Raises InvalidParameterValueException, ResourceConflictException, ResourceNotFoundException. Source: AWS Lambda API reference, CreateFunctionUrlConfig.
        """
        _refuse_what_is_not_embedded(request)
        reference = self._reference(request)
        with self._store.lock:
            function = self._store.find(reference)
            if reference.qualifier in function.urls:
                raise conflict(
                    f"FunctionUrlConfig exists for this Lambda function: {reference.arn(self._store.account)}"
                )
            identity = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(32))
            now = _now()
            url = Url(identity, reference.qualifier, request["AuthType"], created=now, modified=now)
            function.urls[reference.qualifier] = url
            return self._answer(reference, url)

    def get_function_url_config(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe the URL of a function or alias.

        Raises InvalidParameterValueException, ResourceNotFoundException. Source: AWS Lambda API reference, GetFunctionUrlConfig.
        """
        reference = self._reference(request)
        with self._store.lock:
            url = self._find(reference)
            return {**self._answer(reference, url), "LastModifiedTime": url.modified}

    def list_function_url_configs(self, request: dict[str, Any]) -> dict[str, Any]:
        """List the URLs of a function, one page at a time.

        Raises InvalidParameterValueException, ResourceNotFoundException, ValidationException. Source: AWS Lambda API reference, ListFunctionUrlConfigs.
        """
        name = Reference.parse(request["FunctionName"]).name
        with self._store.lock:
            urls = self._store.find(Reference(name)).urls.values()
            found = [
                {**self._answer(Reference(name, url.qualifier), url), "LastModifiedTime": url.modified}
                for url in urls
            ]
        return paged("FunctionUrlConfigs", found, request)

    def update_function_url_config(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change authorisation or CORS of a URL.

        Raises InvalidParameterValueException, ResourceNotFoundException. Source: AWS Lambda API reference, UpdateFunctionUrlConfig.
        """
        _refuse_what_is_not_embedded(request)
        reference = self._reference(request)
        with self._store.lock:
            before = self._find(reference)
            auth_type = request.get("AuthType", before.auth_type)
            url = Url(before.id, before.qualifier, auth_type, created=before.created, modified=_now())
            self._store.find(reference).urls[reference.qualifier] = url
            return {**self._answer(reference, url), "LastModifiedTime": url.modified}

    def delete_function_url_config(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete the URL of a function or alias.

        Raises InvalidParameterValueException, ResourceNotFoundException. Source: AWS Lambda API reference, DeleteFunctionUrlConfig.
        """
        reference = self._reference(request)
        with self._store.lock:
            self._find(reference)
            del self._store.find(reference).urls[reference.qualifier]
        return {}

    def respond(self, request: Request) -> Response | None:
        """Answer a request for a function URL; None for any other."""
        if not request.path.startswith(PREFIX):
            return None
        identity, _, path = request.path.removeprefix(PREFIX).partition("/")
        found = self._function_at(identity)
        if found is None:
            return http_events.refusal(403, "Forbidden", "Message")
        function, url = found
        try:
            authorizer = self._authorize(request, function, url)
        except ServiceError:
            return http_events.refusal(403, _FORBIDDEN, "Message")
        place = Place(
            api_id=identity,
            domain=urlsplit(self._store.account.endpoint_url).netloc,
            path=f"/{path}",
            authorizer=authorizer,
        )
        return self._call(Reference(function.latest.name, url.qualifier), http_events.event(request, place))

    def _authorize(self, request: Request, function: Function, url: Url) -> dict[str, Any] | None:
        """`requestContext.authorizer`, None where everybody is let in. Raises ServiceError where nobody may."""
        if url.auth_type == "NONE":
            if not all(
                allows(function, url.qualifier, action, ANYBODY, _VIA_URL | {_AUTH_TYPE: "NONE"})
                for action in _ACTIONS
            ):
                raise ServiceError("AccessDenied", _FORBIDDEN, 403)
            return None
        access_key = http_events.signer(request, "lambda")
        if access_key is None:
            raise ServiceError("AccessDenied", _FORBIDDEN, 403)
        arn = Reference(function.latest.name, url.qualifier).arn(self._store.account)
        url_action, function_action = _ACTIONS
        needed = [
            Requirement(url_action, arn, {_AUTH_TYPE: (url.auth_type,)}),
            Requirement(function_action, arn, {key: (value,) for key, value in _VIA_URL.items()}),
        ]
        session = request.environ[GATE].admit(request.environ, "lambda", "InvokeFunctionUrl", needed)
        return http_events.iam_authorizer(access_key, session)

    def _call(self, reference: Reference, event: bytes) -> Response:
        try:
            _, outcome = self._invoker.answer(reference, event)
        except ServiceError as error:
            return http_events.refusal(error.status, error.message, "Message")
        try:
            if not outcome.failed:
                return http_events.response(outcome.payload, "application/json")
        except MalformedAnswer:
            pass
        return Response("Internal Server Error", 502, content_type="application/json")

    def _function_at(self, identity: str) -> tuple[Function, Url] | None:
        with self._store.lock:
            for function in self._store.functions.values():
                for url in function.urls.values():
                    if url.id == identity:
                        return function, url
        return None

    def _reference(self, request: dict[str, Any]) -> Reference:
        reference = Reference.of(request)
        if reference.qualifier is not None and reference.qualifier not in self._store.find(reference).aliases:
            raise invalid(
                f"A function URL is of an alias or of $LATEST, and {reference.qualifier} is no alias."
            )
        return reference

    def _find(self, reference: Reference) -> Url:
        url = self._store.find(reference).urls.get(reference.qualifier)
        if url is None:
            raise not_found("The resource you requested does not exist.")
        return url

    def _answer(self, reference: Reference, url: Url) -> dict[str, Any]:
        return {
            "FunctionUrl": f"{self._store.account.endpoint_url}{PREFIX}{url.id}/",
            "FunctionArn": reference.arn(self._store.account),
            "AuthType": url.auth_type,
            "CreationTime": url.created,
            "InvokeMode": "BUFFERED",
        }


def _refuse_what_is_not_embedded(request: dict[str, Any]) -> None:
    if request.get("Cors"):
        raise invalid("The embedded Lambda does not have Cors: answer preflight requests in the function.")
    if request.get("InvokeMode", "BUFFERED") != "BUFFERED":
        raise invalid("The embedded Lambda does not stream: InvokeMode must be BUFFERED.")


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
