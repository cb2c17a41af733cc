"""AWS::SSM: parameters."""

from __future__ import annotations

from local_aws.cloudformation.resources.base import (
    Physical,
    Properties,
    ResourceType,
    unchangeable,
    without,
    words,
)
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import as_list, tag_changes, tags_of

NAME_LENGTH = 1011


class Parameter(ResourceType):
    """A parameter."""

    name = "AWS::SSM::Parameter"
    create_only = words("Name")
    properties = words("AllowedPattern DataType Description Name Tags Tier Type Value")
    required = words("Type Value")
    attributes = words("Type Value")
    named_by = "Name"
    tags = "map"

    def create(self, properties: Properties, context: Context) -> Physical:
        name = properties.get("Name") or context.name(NAME_LENGTH)
        tags = as_list(tags_of(properties))
        context.call("ssm", "PutParameter", {**properties, "Name": name, "Tags": tags})
        return _physical(name, properties)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Physical:
        unchangeable(self.name, old, new, "DataType", "Type")
        request = {**without(new, "Tags"), "Name": physical_id, "Overwrite": True}
        context.call("ssm", "PutParameter", request)
        resource = {"ResourceType": "Parameter", "ResourceId": physical_id}
        put, gone = tag_changes(old, new)
        if put:
            context.call("ssm", "AddTagsToResource", {**resource, "Tags": as_list(put)})
        if gone:
            context.call("ssm", "RemoveTagsFromResource", {**resource, "TagKeys": gone})
        return _physical(physical_id, new)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("ssm", "DeleteParameter", {"Name": physical_id})


def _physical(name: str, properties: Properties) -> Physical:
    return Physical(name, {"Type": properties["Type"], "Value": properties["Value"]})
