"""AWS::KMS: keys and their aliases."""

from __future__ import annotations

from local_aws.cloudformation.resources.base import (
    Physical,
    Properties,
    ResourceType,
    as_text,
    only,
    unchangeable,
    words,
)
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import tag_changes, tags_of
from local_aws.kernel.account import ACCOUNT_ID

_PENDING_DAYS = 30


class Key(ResourceType):
    """A key. Its deletion is a schedule: it stays in PendingDeletion for PendingWindowInDays."""

    name = "AWS::KMS::Key"
    properties = words(
        "Description EnableKeyRotation Enabled KeyPolicy KeySpec KeyUsage MultiRegion Origin PendingWindowInDays Tags"
    )
    attributes = words("Arn KeyId")
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        request = only(properties, "Description", "KeySpec", "KeyUsage", "MultiRegion", "Origin")
        request["Tags"] = _tags(tags_of(properties))
        if "KeyPolicy" in properties:
            request["Policy"] = as_text(properties["KeyPolicy"])
        key = context.call("kms", "CreateKey", request)["KeyMetadata"]
        context.report(key["KeyId"])
        self._set_enabled({}, properties, key["KeyId"], context)
        return Physical(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        unchangeable(self.name, old, new, "KeySpec", "KeyUsage", "MultiRegion", "Origin")
        key = {"KeyId": physical_id}
        if old.get("Description") != new.get("Description"):
            description = {"Description": new.get("Description", "")}
            context.call("kms", "UpdateKeyDescription", key | description)
        if old.get("KeyPolicy") != new.get("KeyPolicy"):
            policy = as_text(new.get("KeyPolicy") or _default_policy())
            context.call("kms", "PutKeyPolicy", {**key, "PolicyName": "default", "Policy": policy})
        self._set_enabled(old, new, physical_id, context)
        put, gone = tag_changes(old, new)
        if put:
            context.call("kms", "TagResource", {**key, "Tags": _tags(put)})
        if gone:
            context.call("kms", "UntagResource", {**key, "TagKeys": gone})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        days = properties.get("PendingWindowInDays", _PENDING_DAYS)
        found = context.find("kms", "DescribeKey", {"KeyId": physical_id})
        if found and found["KeyMetadata"]["KeyState"] != "PendingDeletion":
            request = {"KeyId": physical_id, "PendingWindowInDays": days}
            context.call("kms", "ScheduleKeyDeletion", request)

    @staticmethod
    def _set_enabled(old: Properties, new: Properties, key_id: str, context: Context) -> None:
        """Switch the key itself and its rotation on or off."""
        for name, operation, default in (
            ("EnableKeyRotation", "KeyRotation", False),
            ("Enabled", "Key", True),
        ):
            before, after = _is_on(old, name, default), _is_on(new, name, default)
            if before != after:
                context.call("kms", f"{'Enable' if after else 'Disable'}{operation}", {"KeyId": key_id})


class Alias(ResourceType):
    """An alias of a key."""

    name = "AWS::KMS::Alias"
    create_only = words("AliasName")
    properties = words("AliasName TargetKeyId")
    required = properties
    named_by = "AliasName"

    def create(self, properties: Properties, context: Context) -> Physical:
        context.call("kms", "CreateAlias", properties)
        return Physical(properties["AliasName"])

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        context.call("kms", "UpdateAlias", new)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("kms", "DeleteAlias", {"AliasName": physical_id})


def _is_on(properties: Properties, name: str, default: bool) -> bool:
    return str(properties.get(name, default)).lower() == "true"


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def _default_policy() -> dict[str, object]:
    root = {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
