"""What the policies of buckets, keys, queues, topics and secrets deny to the caller of a request.

What they allow is not looked at, since every caller is of the account, but for keys: what no statement of a key's policy
allows to a principal or to the account, nobody is allowed. moto reads neither principals nor conditions.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from local_aws.identity.actions import condition_keys
from local_aws.identity.actions.requirements import Requirement
from local_aws.identity.policies.policy import ANY, Policy, Request, Statement
from local_aws.kernel.account import ACCOUNT_ID
from local_aws.kernel.moto_internals import resource_policy
from local_aws.kernel.sessions import Session
from local_aws.kernel.wire import ServiceError

_ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT_ID}:root"
_SERVICES = frozenset({"kms", "s3", "secretsmanager", "sns", "sqs"})
_NEVER_DENIED_TO_ROOT = frozenset({"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})
"""The actions that a bucket policy cannot deny to the account's root user. Source: "Bucket policies for Amazon S3"."""


def refuse(session: Session | None, needed: Iterable[Requirement], region: str) -> None:
    """Raises ServiceError where a resource's policy denies one of the actions to the caller, None for the administrator.

    Raises policy.PolicyError for a policy that cannot be read.
    """
    for each in needed:
        service = each.resource.split(":")[2] if each.resource.count(":") >= 5 else ""
        if service not in _SERVICES or (session is None and each.action in _NEVER_DENIED_TO_ROOT):
            continue
        document = resource_policy(each.resource)
        if document is None:
            continue
        arn = session.role_arn if session else _ADMINISTRATOR
        keys = condition_keys.of_everyone(arn, region, service)
        request = Request.make(each.action, each.resource, {**keys, **each.context})
        statements = _statements(each.resource, document)
        fitting = {one.effect for one in statements if _names_caller(one, session) and one.applies(request)}
        if "Deny" in fitting:
            raise _denied(session, each, "with an explicit deny in a resource-based policy")
        if service == "kms" and "Allow" not in fitting:
            raise _denied(session, each, f"because no resource-based policy allows the {each.action} action")


def _denied(session: Session | None, needed: Requirement, why: str) -> ServiceError:
    who = session.arn if session else _ADMINISTRATOR
    return ServiceError(
        "AccessDenied",
        f'User: {who} is not authorized to perform: {needed.action} on resource: "{needed.resource}" {why}',
        403,
    )


@lru_cache(maxsize=64)
def _statements(name: str, policy: str) -> tuple[Statement, ...]:
    return Policy.parse(f"the policy of {name}", policy).statements


def _names_caller(statement: Statement, session: Session | None) -> bool:
    account, own = {ACCOUNT_ID, _ADMINISTRATOR}, set()
    if session is not None:
        own = {session.role_arn, session.arn}
    if statement.not_principals:
        listed = {value for _, value in statement.not_principals}
        # Exempt is whose account, role and session are listed, each by itself.
        return not (listed & account and own <= listed)
    return any(value in {ANY, *account, *own} for _, value in statement.principals)
