"""AWS::Logs: log groups."""

from __future__ import annotations

from local_aws.cloudformation.resources.base import Physical, Properties, ResourceType, unchangeable, words
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import tag_changes, tags_of

NAME_LENGTH = 512


class LogGroup(ResourceType):
    """A log group."""

    name = "AWS::Logs::LogGroup"
    create_only = words("LogGroupName")
    properties = words("KmsKeyId LogGroupClass LogGroupName RetentionInDays Tags")
    attributes = words("Arn")
    named_by = "LogGroupName"
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        name = properties.get("LogGroupName") or context.name(NAME_LENGTH)
        request = {"logGroupName": name, "tags": tags_of(properties)}
        if "KmsKeyId" in properties:
            request["kmsKeyId"] = properties["KmsKeyId"]
        if "LogGroupClass" in properties:
            request["logGroupClass"] = properties["LogGroupClass"]
        context.call("logs", "CreateLogGroup", request)
        context.report(name)
        self._set_retention({}, properties, name, context)
        return Physical(name, {"Arn": context.account.arn("logs", f"log-group:{name}:*")})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        unchangeable(self.name, old, new, "KmsKeyId", "LogGroupClass")
        self._set_retention(old, new, physical_id, context)
        put, gone = tag_changes(old, new)
        arn = context.account.arn("logs", f"log-group:{physical_id}")
        if put:
            context.call("logs", "TagResource", {"resourceArn": arn, "tags": put})
        if gone:
            context.call("logs", "UntagResource", {"resourceArn": arn, "tagKeys": gone})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("logs", "DeleteLogGroup", {"logGroupName": physical_id})

    @staticmethod
    def _set_retention(old: Properties, new: Properties, name: str, context: Context) -> None:
        days = new.get("RetentionInDays")
        if days == old.get("RetentionInDays"):
            return
        if days is None:
            context.call("logs", "DeleteRetentionPolicy", {"logGroupName": name})
        else:
            context.call("logs", "PutRetentionPolicy", {"logGroupName": name, "retentionInDays": days})
