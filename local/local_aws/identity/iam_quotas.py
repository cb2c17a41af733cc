"""IAM's quotas for the size of policies, in characters without white space.

Source: "IAM and AWS STS quotas", IAM user guide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from local_aws.identity.actions.api_request import ApiRequest
from local_aws.kernel.limits import maximum
from local_aws.kernel.wire import ServiceError

INLINE = maximum("iam.inline")
"""All inline policies of a role together."""
MANAGED = maximum("iam.managed")
TRUST = maximum("iam.trust")
ATTACHED = maximum("iam.attached")
TAGS = maximum("iam.tags")


class Quotas:
    """Refuses requests for policies that are too large. `iam` is a boto3 client that nobody refuses."""

    def __init__(self, iam: Any) -> None:
        self._iam = iam

    def check(self, request: ApiRequest) -> None:
        """Raises ServiceError (LimitExceeded)."""
        given = request.parameters
        if request.service != "iam":
            return
        match request.operation:
            case "CreateRole":
                _require(given.get("AssumeRolePolicyDocument"), TRUST, "ACLSizePerRole")
            case "UpdateAssumeRolePolicy":
                _require(given.get("PolicyDocument"), TRUST, "ACLSizePerRole")
            case "CreatePolicy" | "CreatePolicyVersion":
                _require(given.get("PolicyDocument"), MANAGED, "PolicySize")
            case "AttachRolePolicy":
                self._check_attached(str(given.get("RoleName")), str(given.get("PolicyArn")))
            case "PutRolePolicy":
                self._check_inline(str(given.get("RoleName")), str(given.get("PolicyName")), given)
            case "TagRole":
                self._check_tags(str(given.get("RoleName")), given.get("Tags") or ())

    def _check_tags(self, role: str, tags: Iterable[Mapping[str, str]]) -> None:
        try:
            kept = self._iam.list_role_tags(RoleName=role)["Tags"]
        except self._iam.exceptions.NoSuchEntityException:
            return  # which IAM says by itself
        if len({str(tag.get("Key")).lower() for tag in (*kept, *tags)}) > TAGS:
            raise _exceeded(f"Cannot exceed quota for TagsPerRole: {TAGS}")

    def _check_attached(self, role: str, policy: str) -> None:
        try:
            attached = self._iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        except self._iam.exceptions.NoSuchEntityException:
            return  # which IAM says by itself
        others = [each for each in attached if each["PolicyArn"] != policy]
        if len(others) >= ATTACHED:
            raise _exceeded(f"Cannot exceed quota for PoliciesPerRole: {ATTACHED}")

    def _check_inline(self, role: str, policy: str, given: Any) -> None:
        total = size(given.get("PolicyDocument"))
        try:
            names = self._iam.list_role_policies(RoleName=role)["PolicyNames"]
        except self._iam.exceptions.NoSuchEntityException:
            return  # which IAM says by itself
        for name in names:
            if name != policy:
                total += size(self._iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
        if total > INLINE:
            raise _exceeded(f"Maximum policy size of {INLINE} bytes exceeded for role {role}")


def size(document: Any) -> int:
    """The size of a policy document, as text or as data, as IAM counts it."""
    text = document if isinstance(document, str) else json.dumps(document or "")
    return len(re.sub(r"\s", "", text))


def _require(document: Any, limit: int, name: str) -> None:
    if size(document) > limit:
        raise _exceeded(f"Cannot exceed quota for {name}: {limit}")


def _exceeded(message: str) -> ServiceError:
    return ServiceError("LimitExceeded", message, 409)
