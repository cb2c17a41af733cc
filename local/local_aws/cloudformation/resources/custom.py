"""AWS::CloudFormation::CustomResource and Custom::*: a Lambda function makes, changes and deletes the resource.

The function is invoked asynchronously with an event that holds an address, and puts its answer there:
`{"Status": "SUCCESS" | "FAILED", "PhysicalResourceId", "Reason", "Data", "NoEcho"}`.
See AWS CloudFormation User Guide, "Custom resource request and response objects".
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from local_aws.cloudformation.errors import ResourceError
from local_aws.cloudformation.resources.base import Physical, Properties, ResourceType, words
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.response_urls import ResponseUrls
from local_aws.cloudformation.templates.intrinsics import text_of
from local_aws.kernel import json_text

TIMEOUT_SECONDS = 3600
NAME_LENGTH = 128


class CustomResource(ResourceType):
    """A custom resource."""

    name = "AWS::CloudFormation::CustomResource"
    create_only = words("ServiceToken")
    required = words("ServiceToken")
    attributes = None

    def __init__(self, response_urls: ResponseUrls) -> None:
        self._response_urls = response_urls

    def create(self, properties: Properties, context: Context) -> Physical:
        # A function that fails without naming what it made is told to delete this.
        fallback = context.name(NAME_LENGTH)
        answer = self._invoke_and_wait("Create", properties, context, {})
        if answer["Status"] != "SUCCESS":
            context.report(answer.get("PhysicalResourceId") or fallback)
            raise _failed(answer)
        if "PhysicalResourceId" not in answer:
            raise ResourceError("Invalid PhysicalResourceId: the custom resource's response has none")
        return _physical(answer)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Physical:
        more = {"PhysicalResourceId": physical_id, "OldResourceProperties": _as_text(old)}
        answer = self._invoke_and_wait("Update", new, context, more)
        if answer["Status"] != "SUCCESS":
            raise _failed(answer)
        return _physical({"PhysicalResourceId": physical_id, **answer})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        answer = self._invoke_and_wait("Delete", properties, context, {"PhysicalResourceId": physical_id})
        if answer["Status"] != "SUCCESS":
            raise _failed(answer)

    def _invoke_and_wait(
        self, request_type: str, properties: Properties, context: Context, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Invoke the function, and wait for its answer. Raises ResourceError where there is none, or a wrong one."""
        request_id = str(uuid.uuid4())
        event = {
            "RequestType": request_type,
            "RequestId": request_id,
            "ResponseURL": self._response_urls.expect(request_id),
            "ServiceToken": properties["ServiceToken"],
            "StackId": context.stack_id,
            "ResourceType": context.type,
            "LogicalResourceId": context.logical_id,
            "ResourceProperties": _as_text(properties),
            **more,
        }
        seconds = float(properties.get("ServiceTimeout", TIMEOUT_SECONDS)) * context.account.time_scale
        try:
            _invoke(properties["ServiceToken"], event, context)
            body = self._wait_for_answer(request_id, seconds, context)
        finally:
            self._response_urls.forget(request_id)
        return {**_parsed_answer(body), "RequestId": request_id}

    def _wait_for_answer(self, request_id: str, seconds: float, context: Context) -> bytes:
        end = time.monotonic() + seconds

        def look() -> bytes | None:
            body = self._response_urls.get(request_id)
            if body is None and time.monotonic() >= end:
                raise ResourceError(
                    "CloudFormation did not receive a response from your Custom Resource. Please check your logs for"
                    f" requestId [{request_id}]."
                )
            return body

        return context.wait(look)


def _invoke(service_token: str, event: Mapping[str, Any], context: Context) -> None:
    if not str(service_token).startswith("arn:aws:lambda:"):
        raise ResourceError(
            f"The embedded CloudFormation asks custom resources by Lambda only; ServiceToken is {service_token!r}."
        )
    request = {
        "FunctionName": service_token,
        "InvocationType": "Event",
        "Payload": json.dumps(event).encode(),
    }
    context.call("lambda", "Invoke", request)


def _parsed_answer(body: bytes) -> dict[str, Any]:
    text = body.decode(errors="replace")
    try:
        answer = json_text.loads(text)
    except ValueError as error:
        raise ResourceError(f"Invalid response from the custom resource: no JSON ({text[:200]!r})") from error
    if not isinstance(answer, dict) or answer.get("Status") not in {"SUCCESS", "FAILED"}:
        raise ResourceError(f"Invalid response from the custom resource: {answer!r} has no Status")
    return answer


def _physical(answer: Mapping[str, Any]) -> Physical:
    return Physical(str(answer["PhysicalResourceId"]), answer.get("Data") or {})


def _failed(answer: Mapping[str, Any]) -> ResourceError:
    reason = answer.get("Reason", "")
    return ResourceError(
        "Received response status [FAILED] from custom resource. Message returned:"
        f" {reason} (RequestId: {answer['RequestId']})"
    )


def _as_text(value: Any) -> Any:
    """Properties as CloudFormation hands them to functions: every scalar is text."""
    if isinstance(value, Mapping):
        return {key: _as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_text(each) for each in value]
    return text_of(value)
