"""The policies of roles, as IAM has them: read by its API, and kept until somebody changes them in IAM."""

from __future__ import annotations

import threading
from typing import Any

from botocore.exceptions import ClientError

from local_aws.identity.policies.policy import Policy, RolePolicies


def policies_of(iam: Any, role_arn: str) -> RolePolicies:
    """The policies of a role. `iam` is a boto3 client. A role that does not exist has none.

    Raises PolicyError for a document that cannot be read.
    """
    name = _name(role_arn)
    try:
        role = iam.get_role(RoleName=name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        return RolePolicies()
    inline = iam.get_paginator("list_role_policies").paginate(RoleName=name).search("PolicyNames[]")
    attached = iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
    identity = [
        Policy.parse(policy, iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
        for policy in inline
    ]
    identity += [_managed(iam, arn) for arn in attached.search("AttachedPolicies[].PolicyArn")]
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", ())}
    return RolePolicies(tuple(identity), _managed(iam, boundary) if boundary else None, tags)


def all_policies(iam: Any, path: str = "/") -> dict[str, RolePolicies]:
    """The policies of every role below an IAM path, by ARN."""
    found = iam.get_paginator("list_roles").paginate(PathPrefix=path).search("Roles[].Arn")
    return {arn: policies_of(iam, arn) for arn in found}


def _managed(iam: Any, arn: str) -> Policy:
    try:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        # A policy that is gone, or a newer one of AWS's own than there are here: it grants nothing.
        return Policy(arn, ())
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return Policy.parse(arn.rpartition("/")[2], document)


class Roles:
    """`policies_of`, remembered. `forget` is to be called when IAM has changed."""

    def __init__(self, iam: Any) -> None:
        self._iam = iam
        self._lock = threading.Lock()
        self._known: dict[str, RolePolicies] = {}
        self._changes = 0

    def policies(self, role_arn: str) -> RolePolicies:
        """The policies of a role. Raises ClientError if IAM has no such role."""
        with self._lock:
            known, changes = self._known.get(role_arn), self._changes
        if known is None:
            known = policies_of(self._iam, role_arn)
            with self._lock:
                # What changed while it was read may be missing in it.
                if changes == self._changes:
                    self._known[role_arn] = known
        return known

    def forget(self, name: str | None = None) -> None:
        """Forget the policies of the role of that name, because IAM has changed them; without a name those of all roles."""
        with self._lock:
            self._changes += 1
            if name is None:
                self._known.clear()
                return
            for arn in [each for each in self._known if _name(each) == name]:
                del self._known[arn]


def _name(role_arn: str) -> str:
    return role_arn.rpartition("/")[2]
