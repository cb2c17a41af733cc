"""Bucket policies: what they deny to the caller of a request. What they allow is not looked at: every caller is of the account.

moto reads neither principals nor conditions: to it, "deny everybody who comes without TLS" would refuse all.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from local_aws.identity.actions import condition_keys
from local_aws.identity.actions.requirements import Requirement
from local_aws.identity.policies.policy import ANY, Policy, Request, Statement
from local_aws.kernel.account import ACCOUNT_ID
from local_aws.kernel.moto_internals import bucket_policy
from local_aws.kernel.sessions import Session
from local_aws.kernel.wire import ServiceError

_ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT_ID}:root"
_BUCKET = "arn:aws:s3:::"
_NEVER_DENIED_TO_ROOT = frozenset({"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})
"""The actions that a bucket policy cannot deny to the account's root user. Source: "Bucket policies for Amazon S3"."""


def refuse(session: Session | None, needed: Iterable[Requirement], region: str) -> None:
    """Raises ServiceError where the policy of a bucket denies one of the actions to the caller, None for the administrator.

    Raises policy.PolicyError for a policy that cannot be read.
    """
    for each in needed:
        if not each.resource.startswith(_BUCKET):
            continue
        name = each.resource.removeprefix(_BUCKET).partition("/")[0]
        policy = bucket_policy(name)
        if policy is None or (session is None and each.action in _NEVER_DENIED_TO_ROOT):
            continue
        keys = condition_keys.of_everyone(session.role_arn if session else _ADMINISTRATOR, region, "s3")
        request = Request.make(each.action, each.resource, {**keys, **each.context})
        if any(_denies(statement, session, request) for statement in _statements(name, policy)):
            raise ServiceError(
                "AccessDenied",
                f"User: {session.arn if session else _ADMINISTRATOR} is not authorized to perform: {each.action} on resource: "
                f'"{each.resource}" with an explicit deny in a resource-based policy',
                403,
            )


@lru_cache(maxsize=64)
def _statements(name: str, policy: bytes) -> tuple[Statement, ...]:
    return Policy.parse(f"the policy of bucket {name}", policy.decode()).statements


def _denies(statement: Statement, session: Session | None, request: Request) -> bool:
    return statement.effect == "Deny" and _names_caller(statement, session) and statement.applies(request)


def _names_caller(statement: Statement, session: Session | None) -> bool:
    account, own = {ACCOUNT_ID, _ADMINISTRATOR}, set()
    if session is not None:
        own = {session.role_arn, session.arn}
    if statement.not_principals:
        listed = {value for _, value in statement.not_principals}
        # Exempt is whose account, role and session are listed, each by itself.
        return not (listed & account and own <= listed)
    return any(value in {ANY, *account, *own} for _, value in statement.principals)
