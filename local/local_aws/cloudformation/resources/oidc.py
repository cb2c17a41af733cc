"""AWS::IAM::OIDCProvider: whose tokens AssumeRoleWithWebIdentity takes. There is one per address and account."""

from __future__ import annotations

from local_aws.cloudformation.resources.base import (
    Physical,
    Properties,
    ResourceType,
    only,
    unchangeable,
    words,
)
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import as_list, tag_changes


class OIDCProvider(ResourceType):
    """An OpenID Connect provider."""

    name = "AWS::IAM::OIDCProvider"
    create_only = words("Url")
    properties = create_only | words("ClientIdList Tags ThumbprintList")
    attributes = words("Arn")
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        request = {**only(properties, "Url", "Tags"), "ClientIDList": properties.get("ClientIdList", [])}
        if "ThumbprintList" in properties:
            request["ThumbprintList"] = properties["ThumbprintList"]
        arn = context.call("iam", "CreateOpenIDConnectProvider", request)["OpenIDConnectProviderArn"]
        return Physical(arn, {"Arn": arn})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        provider = {"OpenIDConnectProviderArn": physical_id}
        # moto knows no operation that changes them.
        unchangeable(self.name, old, new, "ClientIdList")
        if "ThumbprintList" in new and old.get("ThumbprintList") != new["ThumbprintList"]:
            request = {**provider, "ThumbprintList": new["ThumbprintList"]}
            context.call("iam", "UpdateOpenIDConnectProviderThumbprint", request)
        put, gone = tag_changes(old, new)
        if put:
            context.call("iam", "TagOpenIDConnectProvider", {**provider, "Tags": as_list(put)})
        if gone:
            context.call("iam", "UntagOpenIDConnectProvider", {**provider, "TagKeys": gone})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("iam", "DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": physical_id})
