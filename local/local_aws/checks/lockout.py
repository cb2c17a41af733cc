"""The lockout safety check of KMS: a key's policy lets whoever makes it change it again.

https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-lockout
"""

from __future__ import annotations

from local_aws.identity import trust
from local_aws.identity.actions import condition_keys
from local_aws.identity.actions.api_request import ApiRequest
from local_aws.identity.policies.policy import Policy
from local_aws.identity.trust import Principal
from local_aws.kernel import caller
from local_aws.kernel.account import ACCOUNT_ID, REGION
from local_aws.kernel.wire import ServiceError

_ROOT = f"arn:aws:iam::{ACCOUNT_ID}:root"


def check(request: ApiRequest) -> None:
    """Raises ServiceError (MalformedPolicyDocumentException). The form of the policy is right."""
    if request.service != "kms" or request.operation not in ("CreateKey", "PutKeyPolicy"):
        return
    document = request.parameters.get("Policy")
    if not document or request.parameters.get("BypassPolicyLockoutSafetyCheck"):
        return
    session = caller.current()
    names = {ACCOUNT_ID, _ROOT} | ({session.arn, session.role_arn} if session else set())
    context = condition_keys.of_everyone(session.role_arn if session else _ROOT, REGION, "kms")
    policy = Policy.parse("the key policy", str(document))
    principal = Principal("AWS", frozenset(names))
    if not trust.decide(policy, principal, "kms:PutKeyPolicy", "*", context).trusted:
        raise ServiceError(
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        )
