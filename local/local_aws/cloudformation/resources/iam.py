"""AWS::IAM: roles, inline policies, managed policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.cloudformation.errors import ResourceError
from local_aws.cloudformation.resources.base import (
    Physical,
    Properties,
    ResourceType,
    as_text,
    changed,
    only,
    words,
)
from local_aws.cloudformation.resources.context import Context
from local_aws.cloudformation.resources.tagging import as_list, tag_changes

NAME_LENGTH = 64
POLICY_NAME_LENGTH = 128
VERSIONS_OF_A_POLICY = 5
_HOLDERS = {"Roles": "Role", "Users": "User", "Groups": "Group"}


class Role(ResourceType):
    """A role with its policies."""

    name = "AWS::IAM::Role"
    create_only = words("Path RoleName")
    properties = create_only | words(
        "AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration PermissionsBoundary Policies Tags"
    )
    required = words("AssumeRolePolicyDocument")
    attributes = words("Arn RoleId")
    named_by = "RoleName"
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Physical:
        name = properties.get("RoleName") or context.name(NAME_LENGTH)
        stated = only(properties, "Path", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags")
        trust = as_text(properties["AssumeRolePolicyDocument"])
        request = {**stated, "RoleName": name, "AssumeRolePolicyDocument": trust}
        role = context.call("iam", "CreateRole", request)["Role"]
        context.report(name)
        self._update_policies({}, properties, name, context)
        return Physical(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        name, differing = physical_id, changed(old, new)
        if "AssumeRolePolicyDocument" in differing:
            trust = as_text(new["AssumeRolePolicyDocument"])
            context.call("iam", "UpdateAssumeRolePolicy", {"RoleName": name, "PolicyDocument": trust})
        if differing & {"Description", "MaxSessionDuration"}:
            stated = {
                "Description": "",
                "MaxSessionDuration": 3600,
                **only(new, "Description", "MaxSessionDuration"),
            }
            context.call("iam", "UpdateRole", {"RoleName": name, **stated})
        if "PermissionsBoundary" in differing:
            self._set_boundary(name, new.get("PermissionsBoundary"), context)
        put, gone = tag_changes(old, new)
        if put:
            context.call("iam", "TagRole", {"RoleName": name, "Tags": as_list(put)})
        if gone:
            context.call("iam", "UntagRole", {"RoleName": name, "TagKeys": gone})
        self._update_policies(old, new, name, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        # IAM refuses to delete a role with policies; CloudFormation takes away all, however they came there.
        held = context.find("iam", "ListAttachedRolePolicies", {"RoleName": physical_id})
        for policy in held["AttachedPolicies"] if held else []:
            request = {"RoleName": physical_id, "PolicyArn": policy["PolicyArn"]}
            context.drop("iam", "DetachRolePolicy", request)
        inline = context.find("iam", "ListRolePolicies", {"RoleName": physical_id})
        for name in inline["PolicyNames"] if inline else []:
            context.drop("iam", "DeleteRolePolicy", {"RoleName": physical_id, "PolicyName": name})
        context.drop("iam", "DeleteRole", {"RoleName": physical_id})

    @staticmethod
    def _set_boundary(name: str, boundary: str | None, context: Context) -> None:
        if boundary is None:
            context.drop("iam", "DeleteRolePermissionsBoundary", {"RoleName": name})
        else:
            request = {"RoleName": name, "PermissionsBoundary": boundary}
            context.call("iam", "PutRolePermissionsBoundary", request)

    @staticmethod
    def _update_policies(old: Properties, new: Properties, name: str, context: Context) -> None:
        """Put and take away the role's inline and attached policies."""
        before, after = _documents(old), _documents(new)
        for policy, document in after.items():
            if before.get(policy) != document:
                request = {"RoleName": name, "PolicyName": policy, "PolicyDocument": document}
                context.call("iam", "PutRolePolicy", request)
        for policy in before.keys() - after.keys():
            context.drop("iam", "DeleteRolePolicy", {"RoleName": name, "PolicyName": policy})
        attached, wanted = set(old.get("ManagedPolicyArns", ())), set(new.get("ManagedPolicyArns", ()))
        for arn in sorted(wanted - attached):
            context.call("iam", "AttachRolePolicy", {"RoleName": name, "PolicyArn": arn})
        for arn in sorted(attached - wanted):
            context.drop("iam", "DetachRolePolicy", {"RoleName": name, "PolicyArn": arn})


def _documents(properties: Properties) -> dict[str, str]:
    return {
        policy["PolicyName"]: as_text(policy["PolicyDocument"]) for policy in properties.get("Policies", ())
    }


class Policy(ResourceType):
    """An inline policy, put into each of the roles, users and groups that hold it."""

    name = "AWS::IAM::Policy"
    properties = words("Groups PolicyDocument PolicyName Roles Users")
    required = words("PolicyDocument PolicyName")
    attributes = words("Id")

    def create(self, properties: Properties, context: Context) -> Physical:
        if not _holders(properties):
            raise ResourceError("At least one of [Groups,Roles,Users] must be non-empty.")
        physical_id = context.name(POLICY_NAME_LENGTH)
        context.report(physical_id)
        self._put(properties, context)
        return Physical(physical_id, {"Id": physical_id})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        self._put(new, context)
        kept = _holders(new) if old["PolicyName"] == new["PolicyName"] else set()
        self._delete_from(old, _holders(old) - kept, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        self._delete_from(properties, _holders(properties), context)

    @staticmethod
    def _put(properties: Properties, context: Context) -> None:
        document = as_text(properties["PolicyDocument"])
        for kind, holder in sorted(_holders(properties)):
            request = {"PolicyName": properties["PolicyName"], "PolicyDocument": document}
            context.call("iam", f"Put{kind}Policy", {f"{kind}Name": holder, **request})

    @staticmethod
    def _delete_from(properties: Properties, holders: set[tuple[str, str]], context: Context) -> None:
        for kind, holder in sorted(holders):
            request = {f"{kind}Name": holder, "PolicyName": properties["PolicyName"]}
            context.drop("iam", f"Delete{kind}Policy", request)


class RolePolicy(ResourceType):
    """An inline policy of one role, as a resource of its own. IAM allows only one of a name."""

    name = "AWS::IAM::RolePolicy"
    create_only = words("PolicyName RoleName")
    properties = create_only | {"PolicyDocument"}
    required = words("PolicyName RoleName")

    def create(self, properties: Properties, context: Context) -> Physical:
        self._put(properties, context)
        return Physical(f"{properties['PolicyName']}|{properties['RoleName']}")

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        self._put(new, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        context.drop("iam", "DeleteRolePolicy", only(properties, "PolicyName", "RoleName"))

    @staticmethod
    def _put(properties: Properties, context: Context) -> None:
        document = as_text(properties.get("PolicyDocument", {}))
        context.call("iam", "PutRolePolicy", {**properties, "PolicyDocument": document})


class ManagedPolicy(ResourceType):
    """A managed policy, attached to roles, users and groups."""

    name = "AWS::IAM::ManagedPolicy"
    create_only = words("Description ManagedPolicyName Path")
    properties = create_only | words("Groups PolicyDocument Roles Users")
    required = words("PolicyDocument")
    attributes = words("PolicyArn")
    named_by = "ManagedPolicyName"

    def create(self, properties: Properties, context: Context) -> Physical:
        name = properties.get("ManagedPolicyName") or context.name(POLICY_NAME_LENGTH)
        document = as_text(properties["PolicyDocument"])
        request = {"PolicyName": name, "PolicyDocument": document, **only(properties, "Description", "Path")}
        arn = context.call("iam", "CreatePolicy", request)["Policy"]["Arn"]
        context.report(arn)
        self._attach("Attach", arn, _holders(properties), context)
        return Physical(arn, {"PolicyArn": arn})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> None:
        if old["PolicyDocument"] != new["PolicyDocument"]:
            self._delete_oldest_version(physical_id, context)
            document = as_text(new["PolicyDocument"])
            request = {"PolicyArn": physical_id, "PolicyDocument": document, "SetAsDefault": True}
            context.call("iam", "CreatePolicyVersion", request)
        self._attach("Attach", physical_id, _holders(new) - _holders(old), context)
        self._attach("Detach", physical_id, _holders(old) - _holders(new), context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        self._attach("Detach", physical_id, _holders(properties), context)
        for version in self._other_versions(physical_id, context):
            context.drop(
                "iam", "DeletePolicyVersion", {"PolicyArn": physical_id, "VersionId": version["VersionId"]}
            )
        context.drop("iam", "DeletePolicy", {"PolicyArn": physical_id})

    @staticmethod
    def _attach(do: str, arn: str, holders: set[tuple[str, str]], context: Context) -> None:
        act = context.call if do == "Attach" else context.drop
        for kind, holder in sorted(holders):
            act("iam", f"{do}{kind}Policy", {f"{kind}Name": holder, "PolicyArn": arn})

    def _delete_oldest_version(self, arn: str, context: Context) -> None:
        """A policy has five versions at most; the oldest goes, as CloudFormation does it."""
        versions = self._other_versions(arn, context)
        if len(versions) + 1 >= VERSIONS_OF_A_POLICY:
            oldest = min(versions, key=lambda version: int(version["VersionId"][1:]))
            context.call("iam", "DeletePolicyVersion", {"PolicyArn": arn, "VersionId": oldest["VersionId"]})

    @staticmethod
    def _other_versions(arn: str, context: Context) -> list[Mapping[str, Any]]:
        """The versions that are not the default."""
        answer = context.find("iam", "ListPolicyVersions", {"PolicyArn": arn}) or {"Versions": []}
        return [version for version in answer["Versions"] if not version["IsDefaultVersion"]]


def _holders(properties: Properties) -> set[tuple[str, str]]:
    """The roles, users and groups that a policy is in: ("Role", name)."""
    return {(kind, holder) for key, kind in _HOLDERS.items() for holder in properties.get(key) or ()}
