"""Whether a principal may assume a role: evaluates the role's trust policy.

After https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from local_aws.identity.policies.policy import ANY, Policy, Request, Statement


@dataclass(frozen=True)
class Principal:
    """The caller: `kind` as in a policy (AWS, Service, Federated), and every name by which a policy may identify them.

    An AWS principal is named by its session's ARN, its role's or user's, and its account's.
    """

    kind: str
    names: frozenset[str]


@dataclass(frozen=True)
class Verdict:
    """Whether the trust policy lets them, and for AWS principals whether by naming their account only.

    `by_account` delegates: then the caller's own policies must allow sts:AssumeRole as well.
    """

    trusted: bool
    by_account: bool = False


def decide(
    trust: Policy, principal: Principal, action: str, role_arn: str, context: Mapping[str, Iterable[str]]
) -> Verdict:
    """The verdict of the trust policy of `role_arn` on `action` ("sts:AssumeRole") by `principal`."""
    request = Request.make(action, role_arn, context)
    fitting = [each for each in trust.statements if _matches_principal(each, principal, request)]
    if not fitting or any(each.effect == "Deny" for each in fitting):
        return Verdict(False)
    return Verdict(True, by_account=not any(_names_principal(each, principal) for each in fitting))


def _matches_principal(statement: Statement, principal: Principal, request: Request) -> bool:
    if statement.not_principals:
        concerned = not _contains_principal(statement.not_principals, principal)
    else:
        concerned = _contains_principal(statement.principals, principal)
    # The resource of a trust policy is its role: there is no Resource element.
    met = Statement(statement.name, "Allow", ("*",), resources=(ANY,), conditions=statement.conditions)
    return concerned and statement.covers_action(request.action) and met.applies(request)


def _contains_principal(stated: Iterable[tuple[str, str]], principal: Principal) -> bool:
    # A wildcard means everybody, web identities too; nothing but the whole of it can be one.
    return any(
        name == ANY or (kind == principal.kind and name in principal.names)
        for kind, name in stated
        if kind in {ANY, principal.kind}
    )


def _names_principal(statement: Statement, principal: Principal) -> bool:
    """Whether a statement names the principal itself, and not just the account that it is of."""
    return principal.kind != "AWS" or any(
        name in principal.names and not (name.isdigit() or name.endswith(":root"))
        for kind, name in statement.principals
        if kind == "AWS"
    )
