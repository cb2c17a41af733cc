"""The CloudFormation stacks behind projects: begun, followed to their end, and why they failed."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local_aws.kernel.account import Account
from local_aws.kernel.s3_addresses import place

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
POLL_SECONDS = (0.02, 0.25)
"""The first and the longest pause between two looks at a stack."""

_SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"})
_NO_REASON = ("Resource creation cancelled", "Resource update cancelled")


@dataclass(frozen=True)
class Wanted:
    """The wanted stack of a project. `injected` are given to those parameters of the template that have these names."""

    name: str
    template_url: str
    role_arn: str | None
    parameters: Mapping[str, str]
    injected: Mapping[str, str]
    tags: Mapping[str, str]


class StackFailedError(Exception):
    """A stack did not become what it was to be; the message is why: the first failing resource's reason."""


class Abandoned(Exception):
    """The server goes: nobody follows the stack any more."""


class ProjectStacks:
    """Calls CloudFormation as whoever asked for the project, and waits. Each method raises StackFailedError and Abandoned.

    Its methods are to be called as the caller (`identity.caller.calling`), whose permissions they take: to read the template
    and its tags, and for the stack. Source: "Create custom project templates", Amazon SageMaker AI developer guide.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._closed = threading.Event()

    def close(self) -> None:
        """Have everybody who waits stop."""
        self._closed.set()

    def create(self, wanted: Wanted, begun: Callable[[str], None]) -> None:
        """Create the stack. `begun` is given its id as soon as there is one."""
        token = str(uuid.uuid4())
        names = self._parameters_of(wanted.template_url)
        self._require_readable(wanted.template_url)
        stack_id = self._call(
            "create_stack",
            **self._request(wanted, {**wanted.injected, **wanted.parameters}, names, token),
            **({"RoleARN": wanted.role_arn} if wanted.role_arn else {}),
        )["StackId"]
        begun(stack_id)
        self._call("describe_stacks", StackName=stack_id)
        self._follow(stack_id, token)

    def update(self, wanted: Wanted, stack_id: str) -> None:
        """Update the stack; parameters that are not given keep their values. Nothing to change is success."""
        token = str(uuid.uuid4())
        names = self._parameters_of(wanted.template_url)
        stack = self._call("describe_stacks", StackName=stack_id)["Stacks"][0]
        kept = {each["ParameterKey"] for each in stack.get("Parameters", ())}
        request = self._request(wanted, wanted.parameters, names, token)
        request["Parameters"] += [
            {"ParameterKey": name, "UsePreviousValue": True}
            for name in sorted((kept & names) - set(wanted.parameters))
        ]
        try:
            self._call("update_stack", **request)
        except StackFailedError as error:
            if "No updates are to be performed" not in str(error):
                raise
            return
        self._follow(stack_id, token)

    def delete(self, stack_id: str) -> None:
        """Delete the stack, and follow the deletion to its end."""
        token = str(uuid.uuid4())
        self._call("delete_stack", StackName=stack_id, ClientRequestToken=token)
        self._follow(stack_id, token)

    def _request(
        self, wanted: Wanted, parameters: Mapping[str, str], names: set[str], token: str
    ) -> dict[str, Any]:
        # What SageMaker injects is for templates that ask for it; what the request states must be there.
        used = {
            name: value for name, value in parameters.items() if name in names or name not in wanted.injected
        }
        return {
            "StackName": wanted.name,
            "TemplateURL": wanted.template_url,
            "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in used.items()],
            "Tags": [{"Key": key, "Value": value} for key, value in wanted.tags.items()],
            "Capabilities": CAPABILITIES,
            "ClientRequestToken": token,
        }

    def _parameters_of(self, template_url: str) -> set[str]:
        summary = self._as_service("get_template_summary", TemplateURL=template_url)
        return {each["ParameterKey"] for each in summary["Parameters"]}

    def _follow(self, stack_id: str, token: str) -> None:
        pause, longest = POLL_SECONDS
        while True:
            stack = self._as_service("describe_stacks", StackName=stack_id)["Stacks"][0]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                break
            if self._closed.wait(pause):
                raise Abandoned
            pause = min(pause * 1.5, longest)
        if stack["StackStatus"] not in _SUCCEEDED:
            raise StackFailedError(
                self._reason(stack_id, token) or stack.get("StackStatusReason", "no reason given")
            )

    def _reason(self, stack_id: str, token: str) -> str | None:
        """The reason of the first resource that failed in the operation with that client token."""
        pages = self._account.client("cloudformation").get_paginator("describe_stack_events")
        events = [each for page in pages.paginate(StackName=stack_id) for each in page["StackEvents"]]
        for event in reversed(events):
            reason = event.get("ResourceStatusReason", "")
            failed = event["ResourceStatus"].endswith("_FAILED") and event.get("ClientRequestToken") == token
            if failed and reason not in _NO_REASON:
                return f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
        return None

    def _require_readable(self, template_url: str) -> None:
        """The template's tags say whether Studio shows it. Its text is read by CreateStack."""
        found = place(self._account.endpoint_url, template_url)
        if found is None:
            raise StackFailedError(f"TemplateURL must be a supported URL. ({template_url})")
        bucket, key = found
        try:
            self._account.client_of_caller("s3").get_object_tagging(Bucket=bucket, Key=key)
        except ClientError as error:
            raise StackFailedError(f"{error.response['Error']['Message']} ({template_url})") from error

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self._try_call(self._account.client_of_caller("cloudformation"), operation, request)

    def _as_service(self, operation: str, **request: Any) -> dict[str, Any]:
        return self._try_call(self._account.client("cloudformation"), operation, request)

    def _try_call(self, client: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(client, operation)(**request)
        except ClientError as error:
            if self._closed.is_set():
                raise Abandoned from error
            raise StackFailedError(error.response["Error"]["Message"]) from error
        return answer
