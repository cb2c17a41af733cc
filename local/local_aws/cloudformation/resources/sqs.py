"""AWS::SQS: queues and their policies."""

from __future__ import annotations

from local_aws.cloudformation.resources.base import Physical, Properties, ResourceType, as_text, only, words
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import own, tag_changes, tags_of

NAME_LENGTH = 80
_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DelaySeconds": "0",
    "KmsDataKeyReusePeriodSeconds": "300",
    "KmsMasterKeyId": "",
    "MaximumMessageSize": "262144",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "RedrivePolicy": "",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
"""The attributes that can change, and what they are where the template is silent."""


class Queue(ResourceType):
    """A queue."""

    name = "AWS::SQS::Queue"
    create_only = words("FifoQueue QueueName")
    properties = create_only | set(_DEFAULTS) | {"Tags"}
    attributes = words("Arn QueueName QueueUrl")
    named_by = "QueueName"
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        suffix = ".fifo" if str(properties.get("FifoQueue", False)).lower() == "true" else ""
        name = properties.get("QueueName") or context.name(NAME_LENGTH - len(suffix)) + suffix
        attributes = only(properties, "FifoQueue", *_DEFAULTS)
        request = {"QueueName": name, "Attributes": attributes, "tags": own(tags_of(properties))}
        url = context.call("sqs", "CreateQueue", request)["QueueUrl"]
        arn = context.account.arn("sqs", name)
        return Physical(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        attributes = {
            name: new.get(name, default)
            for name, default in _DEFAULTS.items()
            if old.get(name) != new.get(name)
        }
        if attributes:
            context.call("sqs", "SetQueueAttributes", {"QueueUrl": physical_id, "Attributes": attributes})
        put, gone = tag_changes(old, new)
        if put:
            context.call("sqs", "TagQueue", {"QueueUrl": physical_id, "Tags": put})
        if gone:
            context.call("sqs", "UntagQueue", {"QueueUrl": physical_id, "TagKeys": gone})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("sqs", "DeleteQueue", {"QueueUrl": physical_id})


class QueuePolicy(ResourceType):
    """The policy of one or more queues. A queue has one policy: the last that is put."""

    name = "AWS::SQS::QueuePolicy"
    properties = words("PolicyDocument Queues")
    required = properties
    attributes = words("Id")

    def create(self, properties: Properties, context: Context) -> Physical:
        physical_id = context.name(NAME_LENGTH)
        context.report(physical_id)
        self._put(properties["Queues"], as_text(properties["PolicyDocument"]), context)
        return Physical(physical_id, {"Id": physical_id})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        self._put(new["Queues"], as_text(new["PolicyDocument"]), context)
        self._put([url for url in old["Queues"] if url not in new["Queues"]], "", context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        self._put(properties["Queues"], "", context)

    @staticmethod
    def _put(queues: list[str], policy: str, context: Context) -> None:
        """Put the policy; an empty one takes it away, and the queue may be gone already."""
        act = context.call if policy else context.drop
        for url in queues:
            act("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": policy}})
