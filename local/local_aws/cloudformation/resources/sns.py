"""AWS::SNS: topics and their policies."""

from __future__ import annotations

from local_aws.cloudformation.resources.base import Physical, Properties, ResourceType, as_text, only, words
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import as_list, tag_changes
from local_aws.kernel.account import ACCOUNT_ID

NAME_LENGTH = 256
_ATTRIBUTES = ("ContentBasedDeduplication", "DisplayName", "FifoTopic", "KmsMasterKeyId")
_CHANGEABLE = ("ContentBasedDeduplication", "DisplayName", "KmsMasterKeyId")


class Topic(ResourceType):
    """A topic."""

    name = "AWS::SNS::Topic"
    create_only = words("FifoTopic TopicName")
    properties = create_only | words("ContentBasedDeduplication DisplayName KmsMasterKeyId Subscription Tags")
    attributes = words("TopicArn TopicName")
    named_by = "TopicName"
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        name = properties.get("TopicName") or context.name(NAME_LENGTH)
        attributes = only(properties, *_ATTRIBUTES)
        request = {"Name": name, "Attributes": attributes, "Tags": properties.get("Tags", [])}
        arn = context.call("sns", "CreateTopic", request)["TopicArn"]
        context.report(arn)
        self._subscribe({}, properties, arn, context)
        return Physical(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        for name in _CHANGEABLE:
            if old.get(name) != new.get(name):
                request = {
                    "TopicArn": physical_id,
                    "AttributeName": name,
                    "AttributeValue": new.get(name, ""),
                }
                context.call("sns", "SetTopicAttributes", request)
        put, gone = tag_changes(old, new)
        if put:
            context.call("sns", "TagResource", {"ResourceArn": physical_id, "Tags": as_list(put)})
        if gone:
            context.call("sns", "UntagResource", {"ResourceArn": physical_id, "TagKeys": gone})
        self._subscribe(old, new, physical_id, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("sns", "DeleteTopic", {"TopicArn": physical_id})

    @staticmethod
    def _subscribe(old: Properties, new: Properties, arn: str, context: Context) -> None:
        before, after = _subscriptions(old), _subscriptions(new)
        for protocol, endpoint in sorted(after - before):
            request = {"TopicArn": arn, "Protocol": protocol, "Endpoint": endpoint}
            context.call("sns", "Subscribe", request)
        if before - after:
            answer = context.call("sns", "ListSubscriptionsByTopic", {"TopicArn": arn})
            for subscription in answer["Subscriptions"]:
                if (subscription["Protocol"], subscription["Endpoint"]) in before - after:
                    request = {"SubscriptionArn": subscription["SubscriptionArn"]}
                    context.drop("sns", "Unsubscribe", request)


def _subscriptions(properties: Properties) -> set[tuple[str, str]]:
    return {(each["Protocol"], each["Endpoint"]) for each in properties.get("Subscription", ())}


class TopicPolicy(ResourceType):
    """The policy of one or more topics. Without it a topic has its default again: the account may do everything."""

    name = "AWS::SNS::TopicPolicy"
    properties = words("PolicyDocument Topics")
    required = properties
    attributes = words("Id")

    def create(self, properties: Properties, context: Context) -> Physical:
        physical_id = context.name(NAME_LENGTH)
        context.report(physical_id)
        self._put(properties["Topics"], as_text(properties["PolicyDocument"]), context)
        return Physical(physical_id, {"Id": physical_id})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        self._put(new["Topics"], as_text(new["PolicyDocument"]), context)
        self._reset([arn for arn in old["Topics"] if arn not in new["Topics"]], context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        self._reset(properties["Topics"], context)

    @staticmethod
    def _put(topics: list[str], policy: str, context: Context) -> None:
        for arn in topics:
            request = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": policy}
            context.call("sns", "SetTopicAttributes", request)

    @staticmethod
    def _reset(topics: list[str], context: Context) -> None:
        for arn in topics:
            policy = as_text(_default_policy(arn))
            request = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": policy}
            context.drop("sns", "SetTopicAttributes", request)


def _default_policy(arn: str) -> dict[str, object]:
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{name}" for name in _OWNERS_ACTIONS],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT_ID}},
    }
    return {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}


_OWNERS_ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)
