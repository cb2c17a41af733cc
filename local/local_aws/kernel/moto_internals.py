"""All that this package uses of moto beside its HTTP interface. A new version of moto is checked against this module.

moto answers for the commodity services, over WSGI (`application`). What it has no interface for is reached here: its
protocol parsers and serialisers, its KMS keys' tags, and the policies of its buckets.
"""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from tempfile import SpooledTemporaryFile
from types import SimpleNamespace
from typing import Any
from unittest import mock

from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.core.common_models import BaseModel
from moto.core.config import default_user_config
from moto.core.model import ServiceModel
from moto.core.model_instances import reset_model_data
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SERIALIZERS
from moto.iam import models as iam_models
from moto.iam.access_control import PermissionResult
from moto.kms import models as kms_models
from moto.kms import responses as kms_responses
from moto.kms.models import kms_backends
from moto.logs.models import LogStream
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3 import models as s3_models
from moto.s3 import notifications
from moto.s3.models import FakeBucket, FakeKey, S3Backend
from moto.s3.responses import S3Response
from moto.sns.models import Subscription, Topic
from moto.sqs.models import Queue

__all__ = [
    "PROTOCOL_PARSERS",
    "SERIALIZERS",
    "MotoApplication",
    "MotoRequestHandler",
    "S3Backend",
    "ServiceModel",
    "Subscription",
    "backend",
    "backends",
    "bounded_logs",
    "bounded_queues",
    "bounded_topics",
    "bucket_owners",
    "bucket_policies_unread",
    "default_user_config",
    "forget_everything",
    "key_age_and_tags",
    "notifications",
    "one_account",
    "read_key_policies",
    "resource_policy",
    "symmetric_keys",
    "told_notifications",
    "untracked_models",
    "upload_key",
]

LOG_EVENTS = 10_000
"""The number of events in a log stream: some hours of a function under load, and the whole log of a job."""

DELETED_MESSAGES = 10_000
"""Handles of deleted messages that a queue remembers, so that deleting one twice is no error."""

NOTIFICATIONS = 100
"""Notifications that a topic remembers. Nothing asks for them: moto keeps them for tests of its own."""


class MotoApplication(DomainDispatcherApplication):  # type: ignore[misc]
    """moto as a WSGI application. It finds out once, and not at every request, which service a host belongs to."""

    def __init__(self) -> None:
        super().__init__(_app_that_raises)
        self.get_backend_for_host = cache(super().get_backend_for_host)


def _app_that_raises(service: str) -> Any:
    """moto's application of a service. What it does not handle is raised, and not made a page of HTML."""
    app = create_backend_app(service)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app


def backends() -> Iterator[tuple[str, str, str, Any]]:
    """Everything that moto keeps: service, account and region of each of its backends, and the backend."""
    for service in list(BackendDict._instances):
        for account_id, regions in list(service.items()):
            for region, found in list(regions.items()):
                yield service.service_name, account_id, region, found


def backend(service: str, account_id: str, region: str) -> Any:
    """The backend of a service, which is made where it is missing."""
    return get_backend(service)[account_id][region]


def bucket_owners() -> dict[str, tuple[str, str]]:
    """The partition and account of each bucket, which S3's backends share: names of buckets are unique in all of them."""
    owners: dict[str, tuple[str, str]] = s3_models.s3_backends.bucket_accounts
    return owners


def forget_everything() -> None:
    """Forget moto's whole state.

    moto makes each of its backends again before it drops it, IAM's with all of AWS's managed policies. They are left out.
    """
    with mock.patch.dict(default_user_config["iam"], {"load_aws_managed_policies": False}):
        BackendDict.reset()
    reset_model_data()


def key_age_and_tags(arn: str, now: float) -> tuple[float | None, Mapping[str, str]]:
    """How many seconds ago a KMS key was created, None for an unknown one, and its tags. `now` is a Unix time."""
    region, account_id, resource = arn.split(":")[3:6]
    backend, name = kms_backends[account_id][region], resource.removeprefix("key/")
    key = backend.keys.get(name)
    tags: Mapping[str, str] = backend.tagger.get_tag_dict_for_resource(name)
    return (now - key.creation_date if key is not None else None), tags


@contextmanager
def bounded_logs(events: int = LOG_EVENTS) -> Iterator[None]:
    """Inside the block a log stream keeps its newest `events` only: moto keeps all of them in memory, for ever."""
    put = LogStream.put_log_events

    def put_and_forget(stream: Any, log_events: list[dict[str, Any]]) -> str:
        token: str = put(stream, log_events)
        if len(stream.events) > events:
            forgotten = stream.events[:-events]
            stream.stored_bytes -= sum(len(each.message) for each in forgotten)
            del stream.events[: len(forgotten)]
        return token

    with mock.patch.object(LogStream, "put_log_events", put_and_forget):
        yield


class _Recent:
    """The newest `limit` of the texts that it was given."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._texts: OrderedDict[str, None] = OrderedDict()

    def update(self, texts: Iterable[str]) -> None:
        self._texts.update(dict.fromkeys(texts))
        while len(self._texts) > self._limit:
            self._texts.popitem(last=False)

    def __contains__(self, text: object) -> bool:
        return text in self._texts


@contextmanager
def bounded_queues(handles: int = DELETED_MESSAGES) -> Iterator[None]:
    """Inside the block new queues keep the handles of their newest deleted messages only: moto keeps all of them, for ever."""
    make = Queue.__init__

    def made(queue: Any, *arguments: Any, **options: Any) -> None:
        make(queue, *arguments, **options)
        queue.deleted_messages = _Recent(handles)

    with mock.patch.object(Queue, "__init__", made):
        yield


@contextmanager
def bounded_topics(notifications: int = NOTIFICATIONS) -> Iterator[None]:
    """Inside the block new topics keep their newest notifications only: moto keeps all of them, for ever."""
    make = Topic.__init__

    def made(topic: Any, *arguments: Any, **options: Any) -> None:
        make(topic, *arguments, **options)
        topic.sent_notifications = deque(maxlen=notifications)

    with mock.patch.object(Topic, "__init__", made):
        yield


@contextmanager
def untracked_models() -> Iterator[None]:
    """Inside the block moto forgets the models that it deletes or replaces.

    moto lists every message, log event, object and version that it ever made, for its dashboard, so that none of them is
    ever freed.
    """

    def made(cls: type[BaseModel], *_: Any, **__: Any) -> BaseModel:
        instance: BaseModel = object.__new__(cls)
        return instance

    with (
        mock.patch.object(BaseModel, "__new__", staticmethod(made)),
        mock.patch.object(s3_models, "tempfile", SimpleNamespace(SpooledTemporaryFile=_ObjectFile)),
    ):
        yield


class _ObjectFile(SpooledTemporaryFile[bytes]):
    """The content of an object. It is closed with the object, without a warning, whichever of the two goes first."""

    def __del__(self) -> None:
        self.close()


# Warns of an object that is forgotten before moto has disposed of it, for moto's own tests.
FakeKey.__del__ = FakeKey.dispose


@contextmanager
def read_key_policies() -> Iterator[None]:
    """Inside the block the Statement of a key's policy may be one object, as on AWS: moto takes only lists."""
    validate = kms_responses.validate_policy

    def validated(key: Any, action: str) -> None:
        document = json.loads(key.policy)
        statements = document["Statement"]
        listed = statements if isinstance(statements, list) else [statements]
        validate(SimpleNamespace(arn=key.arn, policy=json.dumps({**document, "Statement": listed})), action)

    with mock.patch.object(kms_responses, "validate_policy", validated):
        yield


class _Pair:
    """The key pair that moto makes for every KMS key, made when something of it is first asked for."""

    def __init__(self, make: Callable[[str], Any], key_spec: str) -> None:
        self._arguments = make, key_spec
        self._made = cache(lambda: make(key_spec))

    def __reduce__(self) -> tuple[Any, ...]:
        return _Pair, self._arguments

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made(), name)


@contextmanager
def one_account(account_id: str) -> Iterator[None]:
    """Inside the block every access key is of that account. To look it up, moto makes the IAM of every partition."""
    with mock.patch.object(iam_models, "get_account_id_from", lambda access_key: account_id):
        yield


@contextmanager
def symmetric_keys() -> Iterator[None]:
    """Inside the block a symmetric KMS key is made without an RSA key pair, which is unused and takes most of the time."""
    make = kms_models.generate_private_key

    def made(key_spec: str) -> Any:
        pair = key_spec.startswith(("RSA", "ECC"))
        return make(key_spec) if pair else _Pair(make, key_spec)

    with mock.patch.object(kms_models, "generate_private_key", made):
        yield


@contextmanager
def bucket_policies_unread() -> Iterator[None]:
    """Inside the block moto does not evaluate the policies of buckets."""

    def permission(bucket: Any, action: str, resource: str) -> PermissionResult:
        return PermissionResult.NEUTRAL

    with mock.patch.object(FakeBucket, "get_permission", permission):
        yield


@contextmanager
def told_notifications() -> Iterator[None]:
    """Inside the block the notification configuration of a bucket names EventBridge: moto leaves it out of its answer."""
    answer = S3Response.serialized

    def told(response: Any, result: Any) -> Any:
        if response.data.get("Action") == "GetBucketNotificationConfiguration":
            stated = response.backend.get_bucket_notification_configuration(response.bucket_name)
            if stated and stated.event_bridge is not None:
                result.result["EventBridgeConfiguration"] = {}
        return answer(response, result)

    with mock.patch.object(S3Response, "serialized", told):
        yield


def upload_key(bucket: str, upload_id: str) -> str | None:
    """The key of a multipart upload that is under way, None where there is none."""
    found = _bucket(bucket)
    upload = found.multiparts.get(upload_id) if found else None
    return upload.key_name if upload else None


def resource_policy(arn: str) -> str | None:
    """The policy (JSON) of a bucket, key, queue, topic or secret, None where it has none or is not there.

    An object's is that of its bucket.
    """
    _, _, service, region, account_id, resource = arn.split(":", 5)
    if service == "s3":
        bucket = _bucket(resource.partition("/")[0])
        return bucket.policy.decode() if bucket and bucket.policy else None
    found: Any = None
    match service:
        case "kms":
            found = backend("kms", account_id, region).keys.get(resource.removeprefix("key/"))
        case "sqs":
            found = backend("sqs", account_id, region).queues.get(resource)
        case "sns":
            found = backend("sns", account_id, region).topics.get(arn)
        case "secretsmanager":
            secrets = backend("secretsmanager", account_id, region).secrets
            found = next((each for each in list(secrets.values()) if each.arn == arn), None)
    text = found.policy if found is not None else None
    return str(text) if text else None


def _bucket(name: str) -> Any:
    """moto's bucket, None where there is none."""
    owner = bucket_owners().get(name)
    if owner is None:
        return None
    partition, account_id = owner
    return backend("s3", account_id, partition).buckets.get(name)
