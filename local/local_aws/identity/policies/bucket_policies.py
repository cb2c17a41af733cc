"""Bucket policies, judged with their principals and conditions.

moto asks a bucket's policy about every object, but reads neither: "deny everybody who comes without TLS" would refuse all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from local_aws.identity.actions import condition_keys
from local_aws.identity.policies.policy import ANY, Policy, Request, Statement
from local_aws.kernel import caller
from local_aws.kernel.account import ACCOUNT_ID
from local_aws.kernel.moto_internals import BucketJudge, PermissionResult, judged_buckets
from local_aws.kernel.sessions import Session

_ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT_ID}:root"


@contextmanager
def judged(region: str) -> Iterator[None]:
    """Meanwhile moto's buckets in this process answer with what is judged here."""
    with judged_buckets(_judge(region)):
        yield


def _judge(region: str) -> BucketJudge:
    def permission(name: str, policy: bytes, action: str, resource: str) -> PermissionResult:
        """What the policy says to the caller of the request that this thread answers.

        Raises policy.PolicyError.
        """
        session = caller.current()
        keys = condition_keys.of_everyone(session.role_arn if session else _ADMINISTRATOR, region, "s3")
        request = Request.make(action, resource, keys)
        statements = Policy.parse(f"the policy of bucket {name}", policy.decode()).statements
        effects = {each.effect for each in statements if _is_for(each, session) and each.applies(request)}
        if "Deny" in effects:
            return PermissionResult.DENIED
        return PermissionResult.PERMITTED if effects else PermissionResult.NEUTRAL

    return permission


def _is_for(statement: Statement, session: Session | None) -> bool:
    names = {ANY, ACCOUNT_ID, _ADMINISTRATOR}
    if session is not None:
        names |= {session.role_arn, session.arn}
    if statement.not_principals:
        return not any(value in names for _, value in statement.not_principals)
    return any(value in names for _, value in statement.principals)
