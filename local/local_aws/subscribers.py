"""Deliveries of moto's topics and buckets to functions, queues, topics and the event bus of this server.

moto would look for functions and rules in its own Lambda and EventBridge, which are not used here, and asks no policy of a
queue or topic. Deliveries go on in threads of their own: on AWS, too, they come after the answer to whoever caused them.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from urllib.parse import quote_plus

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.identity.policies.policy import PolicyError
from local_aws.identity.policies.resource_policy import allows
from local_aws.kernel import caller
from local_aws.kernel.account import ACCOUNT_ID, Account
from local_aws.kernel.moto_internals import S3Backend, Subscription, notifications
from local_aws.kernel.service_events import ServiceEvent
from local_aws.lambda_.invocation.events import EventQueue
from local_aws.lambda_.triggers import Triggers

log = logging.getLogger(__name__)

S3, SNS = "s3.amazonaws.com", "sns.amazonaws.com"

_CREATED_BY = {
    "CopyObject": "ObjectCreated:Copy",
    "CompleteMultipartUpload": "ObjectCreated:CompleteMultipartUpload",
    "PostObject": "ObjectCreated:Post",
}
"""The event of an operation that creates an object, where that is not a put."""
_EVENTS = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "ObjectTagging:Put": "Object Tags Added",
    "ObjectTagging:Delete": "Object Tags Deleted",
    "ObjectAcl": "Object ACL Updated",
    "ObjectRestore:Post": "Object Restore Initiated",
    "ObjectRestore:Completed": "Object Restore Completed",
}
"""The detail-type of an event in EventBridge, by the name of the event in S3."""


class Subscribers:
    """Delivers for S3 and SNS. `functions` are Lambda's handlers."""

    def __init__(self, account: Account, functions: Iterable[object]) -> None:
        self._account = account
        queue = next(handler for handler in functions if isinstance(handler, EventQueue))
        self._triggers = Triggers(queue)

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Inside the block moto's topics and buckets of this process deliver through this object."""
        original, delete = Subscription.publish, S3Backend.delete_object

        def publish(subscription: Subscription, message: str, message_id: str, **more: Any) -> None:
            self._publish(original, subscription, message, message_id, more)

        def delete_object(backend: S3Backend, bucket: str, key: str, *more: Any, **named: Any) -> Any:
            return self._delete(delete, backend, bucket, key, *more, **named)

        with (
            mock.patch.object(S3Backend, "delete_object", delete_object),
            mock.patch.object(Subscription, "publish", publish),
            mock.patch.object(notifications, "send_event", self._notify),
            mock.patch.object(notifications, "send_test_event", self._send_test_event),
        ):
            yield

    def problem(self, service: str, arn: str, source: str, principal: str = S3) -> str | None:
        """Why `principal` cannot send what comes from `source` to a function, queue or topic; None where it can."""
        if service == "lambda":
            facts = {"AWS:SourceArn": source, "AWS:SourceAccount": ACCOUNT_ID}
            return self._triggers.problem(arn, principal, facts)
        action = "sqs:SendMessage" if service == "sqs" else "sns:Publish"
        facts = {
            "aws:SourceArn": source,
            "aws:SourceAccount": ACCOUNT_ID,
            "aws:SecureTransport": "true",
            "aws:PrincipalIsAWSService": "true",
        }
        try:
            policy = self._policy(service, arn)
            if allows(policy, service=principal, action=action, resource=arn, facts=facts):
                return None
        except (ClientError, BotoCoreError, PolicyError) as error:
            return f"{arn} cannot be used: {error}"
        return f"The policy of {arn} does not let {principal} do {action} for {source}."

    def _policy(self, service: str, arn: str) -> str | None:
        client = self._account.client(service)
        if service == "sns":
            attributes = client.get_topic_attributes(TopicArn=arn)["Attributes"]
        else:
            url = client.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
            answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
            attributes = answer.get("Attributes", {})
        return attributes.get("Policy")  # type: ignore[no-any-return]

    def _publish(
        self,
        original: Callable[..., None],
        subscription: Subscription,
        message: str,
        message_id: str,
        more: Mapping[str, Any],
    ) -> None:
        """Deliver a message to one subscription, in a thread: whoever published waits for nobody."""
        if subscription.protocol not in ("lambda", "sqs"):
            original(subscription, message, message_id, **more)
            return
        matcher = subscription._filter_policy_matcher
        if matcher is not None and not matcher.matches(more.get("message_attributes"), message):
            return

        def deliver() -> None:
            topic, endpoint = subscription.topic.arn, subscription.endpoint
            problem = self.problem(subscription.protocol, endpoint, topic, SNS)
            if problem is None and subscription.protocol == "sqs":
                original(subscription, message, message_id, **more)
            elif problem is None:
                self._triggers.invoke(endpoint, _sns_event(subscription, message, message_id, more))
            else:
                self._send_dead_letter(subscription, message, problem)

        _in_background(deliver)

    def _send_dead_letter(self, subscription: Subscription, message: str, problem: str) -> None:
        """Put a message into the subscription's dead-letter queue, where it has one."""
        log.warning("%s does not reach %s: %s", subscription.topic.arn, subscription.endpoint, problem)
        redrive = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
        target = redrive.get("deadLetterTargetArn")
        if target:
            self._send("sqs", target, message, subscription.topic.arn, SNS)

    def _delete(
        self,
        original: Callable[..., Any],
        backend: S3Backend,
        bucket_name: str,
        key_name: str,
        version_id: str | None = None,
        bypass: bool = False,
    ) -> Any:
        """Delete an object, and tell of it: moto knows nothing of delete markers and of single versions."""
        bucket = backend.get_bucket(bucket_name)
        before = backend.get_object(bucket_name, key_name, version_id=version_id)
        answer = original(backend, bucket_name, key_name, version_id, bypass)
        if not answer[0]:
            return answer
        if bucket.is_versioned and version_id is None:
            marker = bucket.keys.get(key_name)
            self._send_bucket_event("ObjectRemoved:DeleteMarkerCreated", bucket, marker)
        elif before is not None:
            self._send_bucket_event("ObjectRemoved:Delete", bucket, before)
        return answer

    def _notify(self, account_id: str, event_name: str, bucket: Any, key: Any) -> None:
        """moto's `notifications.send_event`, less what it tells twice or of what nobody asked for."""
        name = str(getattr(event_name, "value", event_name)).removeprefix("s3:")
        asked = caller.operation()
        if name.startswith("ObjectRemoved") or (name.startswith("ObjectTagging") and "Tagging" not in asked):
            return
        name = _CREATED_BY.get(asked, name) if name.startswith("ObjectCreated") else name
        self._send_bucket_event(name, bucket, key)

    def _send_bucket_event(self, name: str, bucket: Any, key: Any) -> None:
        """Tell of an event of a bucket's object: "ObjectCreated:Put"."""
        stated = bucket.notification_configuration
        if stated is None:
            return
        wanted = [
            (service, each.arn, _s3_event(name, bucket, key, each.id))
            for service, all_of in (
                ("lambda", stated.cloud_function),
                ("sqs", stated.queue),
                ("sns", stated.topic),
            )
            for each in all_of
            if each.matches(f"s3:{name}", key.name)
        ]
        for service, arn, event in wanted:
            _in_background(self._send_event, service, arn, event, bucket.arn)
        if stated.event_bridge is not None and (kind := _detail_type(name)):
            self._account.events.emit(ServiceEvent("aws.s3", kind, (bucket.arn,), _detail(name, bucket, key)))

    def _send_test_event(self, account_id: str, bucket: Any) -> None:
        """Tell the queues and topics of a new configuration; moto's `notifications.send_test_event`."""
        stated = bucket.notification_configuration
        event = {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": _now(),
            "Bucket": bucket.name,
        }
        for service, all_of in (("sqs", stated.queue), ("sns", stated.topic)):
            for arn in {each.arn for each in all_of}:
                _in_background(self._send_event, service, arn, event, bucket.arn)

    def _send_event(self, service: str, arn: str, event: Mapping[str, Any], source: str) -> None:
        if service != "lambda":
            self._send(service, arn, json.dumps(event), source, S3)
        elif problem := self.problem(service, arn, source):
            log.warning("An event of %s is lost: %s", source, problem)
        else:
            self._triggers.invoke(arn, event)

    def _send(self, service: str, arn: str, body: str, source: str, principal: str) -> None:
        if problem := self.problem(service, arn, source, principal):
            log.warning("An event of %s is lost: %s", source, problem)
            return
        client = self._account.client(service)
        try:
            if service == "sns":
                client.publish(TopicArn=arn, Message=body)
            else:
                url = client.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
                client.send_message(QueueUrl=url, MessageBody=body)
        except (ClientError, BotoCoreError):
            log.warning("An event of %s does not reach %s", source, arn, exc_info=True)


def _in_background(work: Callable[..., None], *arguments: Any) -> None:
    threading.Thread(target=work, args=arguments, name="subscriber", daemon=True).start()


def _sns_event(
    subscription: Subscription, message: str, message_id: str, more: Mapping[str, Any]
) -> dict[str, Any]:
    """The event for a function. https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html"""
    if more.get("message_structure") == "json":
        message = subscription._parse_message_structure(message, subscription.protocol)
    told = subscription.get_post_data(message, message_id, more.get("subject"))
    spelt = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    record = {spelt.get(name, name): value for name, value in told.items()}
    record["Subject"] = more.get("subject")
    record["MessageAttributes"] = more.get("message_attributes") or {}
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription.arn,
                "Sns": record,
            }
        ]
    }


def _s3_event(name: str, bucket: Any, key: Any, configuration: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"""
    versioned = {"versionId": key.version_id} if bucket.is_versioned else {}
    gone = {} if name.startswith("ObjectRemoved") else {"size": key.size, "eTag": _etag(key)}
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": bucket.region_name,
                "eventTime": _now(),
                "eventName": name,
                "userIdentity": {"principalId": f"AWS:{ACCOUNT_ID}"},
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": configuration,
                    "bucket": {
                        "name": bucket.name,
                        "ownerIdentity": {"principalId": ACCOUNT_ID},
                        "arn": bucket.arn,
                    },
                    "object": {"key": quote_plus(key.name), **gone, **versioned, "sequencer": _sequencer()},
                },
            }
        ]
    }


def _detail(name: str, bucket: Any, key: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html"""
    operation = name.partition(":")[2]
    reasons = {"Put": "PutObject", "Post": "POST Object", "Copy": "CopyObject", "Delete": "DeleteObject"}
    versioned = {"version-id": key.version_id} if bucket.is_versioned else {}
    gone = {} if name.startswith("ObjectRemoved") else {"size": key.size, "etag": _etag(key)}
    detail = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": {"key": key.name, **gone, **versioned, "sequencer": _sequencer()},
        "request-id": _sequencer(),
        "requester": ACCOUNT_ID,
        "source-ip-address": "127.0.0.1",
    }
    if name.startswith(("ObjectCreated", "ObjectRemoved")):
        detail["reason"] = reasons.get(operation, operation)
    return detail


def _detail_type(name: str) -> str | None:
    return next((kind for prefix, kind in _EVENTS.items() if name.startswith(prefix)), None)


def _etag(key: Any) -> str:
    return str(key.etag).replace('"', "")


def _now() -> str:
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"


def _sequencer() -> str:
    return f"{int(datetime.now(UTC).timestamp() * 1_000_000):016X}"
