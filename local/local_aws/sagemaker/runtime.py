"""SageMaker's runtime: InvokeEndpoint, from the client to a model server and back, and InvokeEndpointAsync, into a queue.

Streamed invocations are refused by name. What the container answers with 4xx or 5xx is a ModelError (424),
which says what the container said, and so is a container that dies or does not answer in time.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.model import OperationModel
from werkzeug.wrappers import Request, Response

from local_aws.hosting.asynchronous import Invocation as AsyncInvocation
from local_aws.hosting.asynchronous import Queues
from local_aws.hosting.capture import Captures, Payload, Record, is_sampled
from local_aws.hosting.endpoint import Endpoint, Reply
from local_aws.hosting.errors import (
    BrokenError,
    InvocationError,
    ThrottledError,
    TimedOutError,
    UnavailableError,
)
from local_aws.hosting.instances.connection import Answer
from local_aws.hosting.metrics import Invocation, InvocationMetrics
from local_aws.hosting.traffic import Route
from local_aws.kernel.account import ACCOUNT_ID, Account
from local_aws.kernel.limits import maximum
from local_aws.kernel.wire import Route as WireRoute
from local_aws.kernel.wire import Service, ServiceError
from local_aws.sagemaker.endpoints.endpoints import Endpoints

INVOCATION_SECONDS = 60.0
"""The seconds that a container has to answer. LOCAL_AWS_TIME_SCALE shrinks them, to five seconds at least."""
SHORTEST_INVOCATION_SECONDS = 5.0

ASYNC_INVOCATION_SECONDS, ASYNC_TTL_SECONDS = 900, 6 * 60 * 60
"""The defaults of InvocationTimeoutSeconds and RequestTTLSeconds, InvokeEndpointAsync, Amazon SageMaker API reference."""

_OUTCOME = "local_aws.outcome"
"""Where a request's answer or ModelError waits, in its WSGI environment, until there is a response."""

_PASSED_ON = {
    "ContentType": "Content-Type",
    "Accept": "Accept",
    "CustomAttributes": "X-Amzn-SageMaker-Custom-Attributes",
    "InferenceId": "X-Amzn-SageMaker-Inference-Id",
}
_NOT_EMBEDDED = (
    "TargetModel",
    "TargetContainerHostname",
    "EnableExplanations",
    "InferenceComponentName",
    "SessionId",
)


class ModelError(ServiceError):
    """The container failed: HTTP 424, with what it said. `status` of the container is 0 where it said nothing."""

    def __init__(self, account: Account, endpoint: str, status: int, message: str) -> None:
        side = "client" if 400 <= status < 500 else "server"
        group = f"/aws/sagemaker/Endpoints/{endpoint}"
        console = f"https://{account.region}.console.aws.amazon.com/cloudwatch/home?region={account.region}"
        super().__init__(
            "ModelError",
            f'Received {side} error ({status}) from primary with message "{message}". See '
            f"{console}#logEventViewer:group={group} in account {ACCOUNT_ID} for more information.",
            424,
        )
        self.details = {
            "OriginalStatusCode": status,
            "OriginalMessage": message,
            "LogStreamArn": account.arn("logs", f"log-group:{group}"),
        }


class Runtime:
    """InvokeEndpoint. `invocation_seconds` is the limit for a container's answer, before it is scaled."""

    def __init__(
        self, account: Account, endpoints: Endpoints, invocation_seconds: float = INVOCATION_SECONDS
    ) -> None:
        self._account = account
        self._endpoints = endpoints
        self._limit = max(invocation_seconds * account.time_scale, SHORTEST_INVOCATION_SECONDS)
        self._metrics = InvocationMetrics(account)
        self._captures = Captures(account)
        self._queues = Queues(account, endpoints.all)

    def invoke_endpoint(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request to a model server of the endpoint and return its answer.

        Raises ServiceUnavailable, ThrottlingException, ValidationError, ValidationException. Source: Amazon SageMaker API reference, InvokeEndpoint.
        """
        start = time.perf_counter()
        for member in _NOT_EMBEDDED:
            if member in request:
                raise ServiceError("ValidationError", f"{member} is not embedded.")
        endpoint = self._find(request["EndpointName"])
        if endpoint.live.plan.asynchronous:
            raise ServiceError(
                "ValidationError",
                f"Endpoint {endpoint.name} is asynchronous: use InvokeEndpointAsync.",
            )
        _require_size(request["Body"], endpoint.live.plan.is_serverless)
        route = _route(endpoint, request.get("TargetVariant"))
        status, model_seconds = 500, None
        try:
            reply = self._invoke(endpoint, route, request)
            status, model_seconds = reply.answer.status, reply.seconds
        except ServiceError as error:
            status = error.status if error.code != "ModelError" else 500
            raise
        finally:
            overhead = time.perf_counter() - start - (model_seconds or 0)
            invocation = Invocation(status, model_seconds, overhead, route.size)
            self._metrics.add(endpoint.name, route.variant, invocation)
        self._capture(endpoint, route.variant, request, reply.answer)
        if status >= 400:
            message = reply.answer.body.decode("utf-8", "replace")
            raise ModelError(self._account, endpoint.name, status, message)
        return _answer(reply.answer, route.variant)

    def invoke_endpoint_async(self, request: dict[str, Any]) -> dict[str, Any]:
        """Put one request into the queue of an asynchronous endpoint.

        Raises ValidationError. Source: Amazon SageMaker API reference, InvokeEndpointAsync.
        """
        endpoint = self._find(request["EndpointName"])
        config = endpoint.live.plan.asynchronous
        if config is None:
            raise ServiceError(
                "ValidationError",
                f"Endpoint {endpoint.name} is not asynchronous: use InvokeEndpoint, or an AsyncInferenceConfig.",
            )
        invocation = _asynchronous_invocation(config["OutputConfig"], request, self._account.time_scale)
        self._queues.put(endpoint, invocation)
        answer = {"InferenceId": invocation.id, "OutputLocation": invocation.output_uri}
        return answer | ({"FailureLocation": invocation.failure_uri} if invocation.failure_uri else {})

    def invoke_endpoint_with_response_stream(self, request: dict[str, Any]) -> dict[str, Any]:
        """Refused: streamed answers are not embedded.

        Raises ValidationError. Source: Amazon SageMaker API reference, InvokeEndpointWithResponseStream.
        """
        raise ServiceError(
            "ValidationError", "InvokeEndpointWithResponseStream: streamed answers are not embedded."
        )

    def close(self) -> None:
        """Write the remaining captures and metrics."""
        self._queues.close()
        self._captures.close()
        self._metrics.close()

    def _find(self, name: str) -> Endpoint:
        endpoint = self._endpoints.live(name)
        if endpoint is None or not endpoint.is_serving:
            raise ServiceError("ValidationError", f"Endpoint {name} of account {ACCOUNT_ID} not found.")
        return endpoint

    def _invoke(self, endpoint: Endpoint, route: Route, request: Mapping[str, Any]) -> Reply:
        headers = {header: request[member] for member, header in _PASSED_ON.items() if member in request}
        try:
            return endpoint.invoke(route.variant, request["Body"], headers, self._limit)
        except TimedOutError as error:
            raise ModelError(
                self._account,
                endpoint.name,
                0,
                "Your invocation timed out while waiting for a response from container primary. Review the latency "
                "metrics for each container in Amazon CloudWatch, resolve the issue, and try again.",
            ) from error
        except BrokenError as error:
            raise ModelError(
                self._account,
                endpoint.name,
                500,
                "The container primary closed the connection before it answered.",
            ) from error
        except ThrottledError as error:
            raise ServiceError("ThrottlingException", f"Rate exceeded: {error}", 429) from error
        except InvocationError as error:
            raise ServiceError("ServiceUnavailable", f"The service is unavailable: {error}", 503) from error

    def _capture(self, endpoint: Endpoint, variant: str, request: Mapping[str, Any], answer: Answer) -> None:
        plan = endpoint.live.plan
        config = plan.capture
        if config is None or answer.status >= 400 or not is_sampled(config):
            return
        asked = Payload(request.get("ContentType", ""), request["Body"])
        answered = Payload(answer.headers.get("content-type", ""), answer.body)
        inference_id = request.get("InferenceId")
        stated = plan.variant(variant)
        role_arn = stated.container.role_arn if stated else ""
        self._captures.put(Record(config, endpoint.name, variant, role_arn, asked, answered, inference_id))


class RuntimeService(Service):
    """The runtime on the wire: as any service, but an answer has the content type that the container gave it, and a
    ModelError carries what the container said.
    """

    def respond(self, request: Request, route: WireRoute) -> Response:
        """Answer a request, with the model's status and body if the model failed."""
        response = super().respond(request, route)
        match request.environ.get(_OUTCOME):
            case ModelError() as error:
                response.set_data(json.dumps({**json.loads(response.get_data()), **error.details}))
            case {"ContentType": str(content_type)}:
                response.headers["Content-Type"] = content_type
        return response

    def _call(self, operation: OperationModel, request: Request, route: WireRoute) -> dict[str, Any]:
        try:
            answer = super()._call(operation, request, route)
        except ModelError as error:
            request.environ[_OUTCOME] = error
            raise
        request.environ[_OUTCOME] = answer
        return answer


def handlers(account: Account, control_plane: Iterable[object]) -> list[object]:
    """The runtime of the endpoints that are among the handlers of SageMaker's control plane."""
    [endpoints] = [handler for handler in control_plane if isinstance(handler, Endpoints)]
    return [Runtime(account, endpoints)]


def _asynchronous_invocation(
    output: Mapping[str, Any], request: Mapping[str, Any], time_scale: float
) -> AsyncInvocation:
    """The invocation of a request. Raises ServiceError (ValidationError) if it has no input, or two."""
    body, uri = request.get("Body"), request.get("InputLocation", "")
    # The wire gives an absent payload as an empty one.
    if bool(body) == bool(uri):
        raise ServiceError(
            "ValidationError",
            "Body and InputLocation are mutually exclusive. Provide exactly one of them.",
        )
    if body and len(body) > maximum("sagemaker.async_inline_payload"):
        raise ServiceError(
            "ValidationError",
            f"The body has {len(body):,} bytes, and an asynchronous request takes "
            f"{maximum('sagemaker.async_inline_payload'):,} at most; put it into S3 and name it in InputLocation.",
        )
    inference_id = request.get("InferenceId") or str(uuid.uuid4())
    place = output["S3OutputPath"].rstrip("/")
    if extension := request.get("S3OutputPathExtension", "").strip("/"):
        place = f"{place}/{extension}"
    unique = str(uuid.uuid4())
    failures = output.get("S3FailurePath")
    limit = request.get("InvocationTimeoutSeconds", ASYNC_INVOCATION_SECONDS) * time_scale
    return AsyncInvocation(
        inference_id,
        body or None,
        uri,
        {header: request[member] for member, header in _PASSED_ON.items() if member in request},
        f"{place}/{request.get('Filename') or f'{unique}.out'}",
        f"{failures.rstrip('/')}/{unique}-error.out" if failures else None,
        max(limit, SHORTEST_INVOCATION_SECONDS),
        max(request.get("RequestTTLSeconds", ASYNC_TTL_SECONDS) * time_scale, SHORTEST_INVOCATION_SECONDS),
    )


def _route(endpoint: Endpoint, variant: str | None) -> Route:
    try:
        return endpoint.route(variant)
    except KeyError as error:
        raise ServiceError(
            "ValidationError", f"Variant {variant} not found for endpoint {endpoint.name}."
        ) from error
    except UnavailableError as error:
        raise ServiceError("ServiceUnavailable", f"The service is unavailable: {error}", 503) from error


def _answer(answer: Answer, variant: str) -> dict[str, Any]:
    described: dict[str, Any] = {"Body": answer.body, "InvokedProductionVariant": variant}
    if content_type := answer.headers.get("content-type"):
        described["ContentType"] = content_type
    if attributes := answer.headers.get("x-amzn-sagemaker-custom-attributes"):
        described["CustomAttributes"] = attributes
    return described


def _require_size(body: bytes, is_serverless: bool) -> None:
    """Raises ServiceError (ValidationError) for a body that the endpoint's kind does not take."""
    kind, limit = ("serverless", "serverless") if is_serverless else ("real-time", "realtime")
    most = maximum(f"sagemaker.{limit}_payload")
    if len(body) > most:
        raise ServiceError(
            "ValidationError",
            f"The body has {len(body):,} bytes, and a {kind} endpoint takes {most:,} at most.",
        )
