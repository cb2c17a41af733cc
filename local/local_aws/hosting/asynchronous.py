"""Asynchronous invocations: they wait in a queue, their answers go to S3, and topics are told of each.

    InvokeEndpointAsync -> Queue (one for each endpoint) -> instance -> OutputLocation | FailureLocation, SNS

An endpoint without instances keeps its queue: what waits is answered once it has scaled out. Requests expire.
Sources: "Asynchronous inference", "Check prediction results" and "Monitor asynchronous endpoint", Amazon SageMaker
developer guide.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.containers.errors import shortened
from local_aws.containers.s3_data import Location
from local_aws.hosting.endpoint import Endpoint, Reply
from local_aws.hosting.errors import InvocationError, TimedOutError, UnavailableError
from local_aws.hosting.metrics import NAMESPACE
from local_aws.kernel.account import Account

log = logging.getLogger(__name__)

CONCURRENT = 4
"""How many invocations an instance gets at once where the configuration does not say. SageMaker chooses a number itself."""
LARGEST_INPUT = 1024**3
LARGEST_INCLUDED = 128 * 1024
"""An answer up to that size is put into the notification, where the configuration asks for that."""

PUBLISH_SECONDS = 60.0
"""Between two times that a queue's metrics are published. A wait: LOCAL_AWS_TIME_SCALE shrinks it."""
SHORTEST_PUBLISH_SECONDS = 0.2
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Invocation:
    """One request. `body` is None where the input lies at `input_uri`; seconds are of this machine's clock."""

    id: str
    body: bytes | None
    input_uri: str
    headers: Mapping[str, str]
    output_uri: str
    failure_uri: str | None
    limit_seconds: float
    ttl_seconds: float
    received: float = field(default_factory=time.monotonic)
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))


class Failure(Exception):
    """An invocation has no answer. The message is what lies at the FailureLocation."""


class Queue:
    """The invocations of one endpoint that wait or are under way."""

    def __init__(self, account: Account, endpoint: Endpoint) -> None:
        self._account, self.endpoint = account, endpoint
        self._waiting: deque[Invocation] = deque()
        self._running = 0
        self._changed = threading.Condition()
        self._closing = False
        self._pool = ThreadPoolExecutor(64, thread_name_prefix=f"async-{endpoint.name}")
        self._thread = threading.Thread(target=self._run, name=f"async-{endpoint.name}", daemon=True)
        self._thread.start()

    @property
    def size(self) -> int:
        """How many invocations wait or are under way."""
        return len(self._waiting) + self._running

    @property
    def oldest(self) -> float:
        """The age in seconds of the request that waits longest."""
        first = next(iter(self._waiting), None)
        return time.monotonic() - first.received if first else 0.0

    @property
    def instances(self) -> int:
        """How many instances the endpoint has."""
        return sum(len(fleet.targets) for fleet in self.endpoint.live.fleets.values())

    def put(self, invocation: Invocation) -> None:
        """Add an invocation to those that wait."""
        with self._changed:
            self._waiting.append(invocation)
            self._changed.notify_all()

    def close(self) -> None:
        """Stop, and drop the invocations that wait."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while True:
            with self._changed:
                # Instances and the clock notify nobody: while something waits they are looked at.
                self._changed.wait(_LOOK_SECONDS if self._waiting else None)
                if self._closing:
                    return
                taken = self._take()
            for invocation in taken:
                self._pool.submit(self._answer, invocation)

    def _take(self) -> list[Invocation]:
        taken = []
        capacity = self.instances * self._concurrent if self.endpoint.is_serving else 0
        while self._waiting and (self._running < capacity or _is_expired(self._waiting[0])):
            taken.append(self._waiting.popleft())
            self._running += 1
        return taken

    @property
    def _concurrent(self) -> int:
        client = self._config.get("ClientConfig", {})
        return int(client.get("MaxConcurrentInvocationsPerInstance", CONCURRENT))

    @property
    def _config(self) -> Mapping[str, Any]:
        return self.endpoint.live.plan.asynchronous or {}

    def _answer(self, invocation: Invocation) -> None:
        try:
            role_arn = self.endpoint.live.plan.variants[0].container.role_arn
            _Answerer(self._account, self.endpoint, self._config, role_arn).answer(invocation)
        except Exception:
            log.exception("The asynchronous invocation %s was lost", invocation.id)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()


class _Answerer:
    """Answers one invocation as the role of the endpoint's model."""

    def __init__(
        self, account: Account, endpoint: Endpoint, config: Mapping[str, Any], role_arn: str
    ) -> None:
        self._account, self._endpoint, self._output = account, endpoint, config["OutputConfig"]
        self._s3 = account.client_of_role(role_arn, "s3")
        self._sns = account.client_of_role(role_arn, "sns")

    def answer(self, invocation: Invocation) -> None:
        try:
            reply = self._invoke(invocation)
            self._write(invocation.output_uri, reply.answer.body, reply.answer.headers.get("content-type"))
        except Failure as failure:
            self._fail(invocation, str(failure))
            return
        except ClientError as error:
            self._fail(invocation, f"ClientError: {_error_text(error)} ({invocation.output_uri})")
            return
        self._notify(
            invocation,
            "SuccessTopic",
            reply.answer.body,
            content_type=reply.answer.headers.get("content-type"),
        )

    def _invoke(self, invocation: Invocation) -> Reply:
        if _is_expired(invocation):
            raise Failure(
                f"ClientError: the request waited longer than its RequestTTLSeconds, {invocation.ttl_seconds:g}"
            )
        body = invocation.body if invocation.body is not None else self._read(invocation.input_uri)
        try:
            variant = self._endpoint.route(None).variant
            reply = self._endpoint.invoke(variant, body, invocation.headers, invocation.limit_seconds)
        except TimedOutError as error:
            raise Failure(
                "ModelError: the container primary did not answer within InvocationTimeoutSeconds, "
                f"{invocation.limit_seconds:g}"
            ) from error
        except UnavailableError as error:
            raise Failure(f"ServiceUnavailable: {error}") from error
        except InvocationError as error:
            raise Failure(
                f"ModelError: the container primary closed the connection before it answered ({error})"
            ) from error
        if reply.answer.status >= 400:
            side = "client" if reply.answer.status < 500 else "server"
            message = reply.answer.body.decode("utf-8", "replace")
            raise Failure(
                f'ModelError: Received {side} error ({reply.answer.status}) from primary with message "{message}"'
            )
        return reply

    def _read(self, uri: str) -> bytes:
        location = Location.parse(uri)
        try:
            found = self._s3.get_object(Bucket=location.bucket, Key=location.key)
            if found["ContentLength"] > LARGEST_INPUT:
                raise Failure(
                    f"ClientError: the input {uri} has {found['ContentLength']:,} bytes; the most is 1 GB"
                )
            content: bytes = found["Body"].read()
        except ClientError as error:
            raise Failure(f"ClientError: the input {uri} cannot be read: {_error_text(error)}") from error
        return content

    def _write(self, uri: str, body: bytes, content_type: str | None) -> None:
        location = Location.parse(uri)
        key_id = self._output.get("KmsKeyId")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}
        kind = {"ContentType": content_type} if content_type else {}
        self._s3.put_object(Bucket=location.bucket, Key=location.key, Body=body, **kind, **encryption)

    def _fail(self, invocation: Invocation, reason: str) -> None:
        if invocation.failure_uri is not None:
            try:
                self._write(invocation.failure_uri, reason.encode(), "text/plain")
            except ClientError:
                log.warning("%s could not be written", invocation.failure_uri, exc_info=True)
        self._notify(invocation, "ErrorTopic", reason.encode(), reason=reason)

    def _notify(
        self,
        invocation: Invocation,
        kind: str,
        body: bytes,
        *,
        reason: str | None = None,
        content_type: str | None = None,
    ) -> None:
        """Publish the notification that the configuration asks for, as the model's role."""
        stated = self._output.get("NotificationConfig", {})
        topic = stated.get(kind)
        if not topic:
            return
        message = _message(self._account, self._endpoint, invocation, reason, content_type)
        if _INCLUDED[kind] in stated.get("IncludeInferenceResponseIn", ()) and len(body) <= LARGEST_INCLUDED:
            message["responseBody"] = {"content": body.decode("utf-8", "replace"), "encoding": "UTF-8"}
        try:
            self._sns.publish(TopicArn=topic, Message=json.dumps(message))
        except (ClientError, BotoCoreError):
            # On SageMaker, too, nobody is told of a notification that could not be sent.
            log.warning("%s could not be told of %s", topic, invocation.id, exc_info=True)


_INCLUDED = {"SuccessTopic": "SUCCESS_NOTIFICATION_TOPIC", "ErrorTopic": "ERROR_NOTIFICATION_TOPIC"}


def _message(
    account: Account,
    endpoint: Endpoint,
    invocation: Invocation,
    reason: str | None,
    content_type: str | None,
) -> dict[str, Any]:
    """The message to a topic. Source: "Check prediction results", Amazon SageMaker developer guide."""
    asked = {"endpointName": endpoint.name, "inputLocation": invocation.input_uri or None}
    asked |= {
        "contentType": invocation.headers.get("Content-Type"),
        "accept": invocation.headers.get("Accept"),
    }
    message: dict[str, Any] = {
        "awsRegion": account.region,
        "eventTime": _moment(datetime.now(UTC)),
        "receivedTime": _moment(invocation.moment),
        "invocationStatus": "Failed" if reason else "Completed",
        "requestParameters": {name: value for name, value in asked.items() if value},
        "inferenceId": invocation.id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    if reason:
        message["failureReason"] = shortened(reason)
        message["failureLocation"] = invocation.failure_uri
    else:
        message["responseParameters"] = {"contentType": content_type, "outputLocation": invocation.output_uri}
    return message


class Queues:
    """The queues of all endpoints, and their metrics. `endpoints` returns those that there are."""

    def __init__(self, account: Account, endpoints: Callable[[], Iterable[Endpoint]]) -> None:
        self._account, self._endpoints = account, endpoints
        self._queues: dict[Endpoint, Queue] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._pause = max(PUBLISH_SECONDS * account.time_scale, SHORTEST_PUBLISH_SECONDS)
        self._thread = threading.Thread(target=self._run, name="async-metrics", daemon=True)
        self._thread.start()

    def put(self, endpoint: Endpoint, invocation: Invocation) -> None:
        """Add an invocation to the endpoint's queue."""
        self._queue_of(endpoint).put(invocation)

    def close(self) -> None:
        """Stop publishing, and close all queues."""
        self._closing.set()
        self._thread.join()
        with self._lock:
            queues = list(self._queues.values())
        for queue in queues:
            queue.close()

    def _queue_of(self, endpoint: Endpoint) -> Queue:
        with self._lock:
            if endpoint not in self._queues:
                self._queues[endpoint] = Queue(self._account, endpoint)
            return self._queues[endpoint]

    def _run(self) -> None:
        while not self._closing.wait(self._pause):
            try:
                there = [each for each in self._endpoints() if each.live.plan.asynchronous]
                self._close_deleted({*there})
                for endpoint in there:
                    self._publish(self._queue_of(endpoint))
            except (ClientError, BotoCoreError):
                log.warning("The metrics of asynchronous endpoints are lost", exc_info=True)

    def _close_deleted(self, there: set[Endpoint]) -> None:
        """End the queues of endpoints that are gone."""
        with self._lock:
            gone = [self._queues.pop(endpoint) for endpoint in list(self._queues) if endpoint not in there]
        for queue in gone:
            queue.close()

    def _publish(self, queue: Queue) -> None:
        size, instances = queue.size, queue.instances
        values = {
            "ApproximateBacklogSize": float(size),
            "HasBacklogWithoutCapacity": float(size > 0 and instances == 0),
            "ApproximateAgeOfOldestRequest": queue.oldest,
        }
        if instances:
            values["ApproximateBacklogSizePerInstance"] = size / instances
        dimensions = [{"Name": "EndpointName", "Value": queue.endpoint.name}]
        data = [
            {"MetricName": name, "Dimensions": dimensions, "Value": value} for name, value in values.items()
        ]
        self._account.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=data)


def _is_expired(invocation: Invocation) -> bool:
    return time.monotonic() - invocation.received > invocation.ttl_seconds


def _error_text(error: ClientError) -> str:
    answer = error.response["Error"]
    return f"{answer['Code']}: {answer['Message']}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
