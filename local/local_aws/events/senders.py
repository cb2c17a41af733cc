"""Sends events to a function, a queue or a topic, if the resource's policy allows EventBridge to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.events.errors import DeliveryError
from local_aws.events.store import Rule, Target
from local_aws.identity.policies.policy import PolicyError
from local_aws.identity.policies.resource_policy import allows
from local_aws.kernel import json_text
from local_aws.kernel.account import ACCOUNT_ID, Account
from local_aws.kernel.wire import ServiceError
from local_aws.lambda_.invocation.events import EventQueue
from local_aws.lambda_.names import Reference
from local_aws.lambda_.permissions import allows as function_allows
from local_aws.lambda_.store import Store as Functions

PRINCIPAL = "events.amazonaws.com"
_NOT_FOUND = frozenset(
    {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NotFound", "NotFoundException"}
)


class Sender(Protocol):
    """Sends to the targets of one service."""

    def send(self, target: Target, body: str, rule: Rule) -> None:
        """Hand `body` over. Raises DeliveryError."""


class FunctionSender:
    """Invokes functions asynchronously: what becomes of the event after that is Lambda's own affair."""

    def __init__(self, functions: Functions, queue: EventQueue) -> None:
        self._functions = functions
        self._queue = queue

    def send(self, target: Target, body: str, rule: Rule) -> None:
        """Invoke the function asynchronously, if its policy allows EventBridge to. Raises DeliveryError."""
        reference = Reference.parse(target["Arn"])
        facts = {"AWS:SourceArn": rule.arn, "AWS:SourceAccount": ACCOUNT_ID}
        try:
            function = self._functions.find(reference)
        except ServiceError as error:
            raise DeliveryError("NO_RESOURCE", error.message) from error
        with self._functions.lock:
            allowed = function_allows(
                function, reference.qualifier, "lambda:InvokeFunction", PRINCIPAL, facts
            )
        if not allowed:
            raise _no_permission("lambda:InvokeFunction", target["Arn"], rule)
        try:
            json_text.loads(body)
        except ValueError as error:
            raise DeliveryError(
                "INVALID_JSON", f"The input of {target['Arn']} is not JSON: {error}"
            ) from error
        self._queue.put(reference, body.encode())


class QueueSender:
    """Sends messages to queues: as a target, and as dead letters."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def send(self, target: Target, body: str, rule: Rule) -> None:
        """Send a message to the queue, if its policy allows EventBridge to."""
        group = (target.get("SqsParameters") or {}).get("MessageGroupId")
        self._send(target["Arn"], body, rule, {"MessageGroupId": group} if group else {})

    def send_dead_letter(self, queue_arn: str, body: str, attributes: Mapping[str, str], rule: Rule) -> None:
        """Put a dead letter into a queue. Raises DeliveryError."""
        stated = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        self._send(queue_arn, body, rule, {"MessageAttributes": stated})

    def _send(self, arn: str, body: str, rule: Rule, more: Mapping[str, Any]) -> None:
        sqs = self._account.client("sqs")
        try:
            url = sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
            answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
            _require_permission(answer.get("Attributes", {}).get("Policy"), "sqs:SendMessage", arn, rule)
            sqs.send_message(QueueUrl=url, MessageBody=body, **more)
        except (ClientError, BotoCoreError) as error:
            raise _delivery_error(arn, error) from error


class TopicSender:
    """Publishes to topics."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def send(self, target: Target, body: str, rule: Rule) -> None:
        """Publish to the topic, if its policy allows EventBridge to. Raises DeliveryError."""
        sns, arn = self._account.client("sns"), target["Arn"]
        try:
            policy = sns.get_topic_attributes(TopicArn=arn)["Attributes"].get("Policy")
            _require_permission(policy, "sns:Publish", arn, rule)
            sns.publish(TopicArn=arn, Message=body)
        except (ClientError, BotoCoreError) as error:
            raise _delivery_error(arn, error) from error


def _require_permission(policy: str | None, action: str, arn: str, rule: Rule) -> None:
    facts = {
        "aws:SourceArn": rule.arn,
        "aws:SourceAccount": ACCOUNT_ID,
        "aws:SecureTransport": "true",
        "aws:PrincipalIsAWSService": "true",
    }
    try:
        allowed = allows(policy, service=PRINCIPAL, action=action, resource=arn, facts=facts)
    except PolicyError as error:
        raise DeliveryError("NO_PERMISSIONS", str(error)) from error
    if not allowed:
        raise _no_permission(action, arn, rule)


def _no_permission(action: str, arn: str, rule: Rule) -> DeliveryError:
    return DeliveryError(
        "NO_PERMISSIONS", f"The resource policy of {arn} does not let {PRINCIPAL} do {action} for {rule.arn}."
    )


def _delivery_error(arn: str, error: Exception) -> DeliveryError:
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        if code in _NOT_FOUND:
            return DeliveryError("NO_RESOURCE", f"{arn} does not exist.")
        if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
            return DeliveryError("SDK_CLIENT_ERROR", str(error))
    return DeliveryError("INTERNAL_ERROR", str(error), retriable=True)
