"""Calls held against policies: what a role did and may not, and what it may and never did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from local_aws.identity.actions import condition_keys
from local_aws.identity.actions.condition_keys import Keys
from local_aws.identity.actions.requirements import FREE
from local_aws.identity.policies.policy import Request, RolePolicies, Statement, decide, permissions
from local_aws.kernel.calls import Call


@dataclass(frozen=True)
class Refused:
    """A call that the role's policies do not allow. `reason` is AWS's, with the statement that decided."""

    role_arn: str
    operation: str
    action: str
    resource: str
    reason: str

    def __str__(self) -> str:
        return f"{self.role_arn} ({self.operation}): {self.action} on {self.resource}: {self.reason}"


@dataclass(frozen=True, order=True)
class Unused:
    """An action, as an Allow statement of a role has it ("s3:Get*"), that none of the calls needed."""

    role_arn: str
    statement: str
    action: str

    def __str__(self) -> str:
        return f"{self.role_arn}: {self.action} of {self.statement} is granted and was never used"


@dataclass(frozen=True)
class Report:
    """The findings of an audit, each once. `unknown_roles` are roles that made calls and whose policies were not given.

    `needed` are the statements, (role ARN, name), without which a call would have been refused: no other allows it.
    """

    refused: tuple[Refused, ...]
    unused: tuple[Unused, ...]
    unknown_roles: tuple[str, ...]
    needed: frozenset[tuple[str, str]] = frozenset()


def request_of(
    role_arn: str, policies: RolePolicies, action: str, resource: str, context: Keys, region: str
) -> Request:
    """A call's action as policies judge it: with the condition keys that every request has, and those of the role."""
    everyones = condition_keys.of_everyone(role_arn, region, action.partition(":")[0])
    tags = {f"aws:PrincipalTag/{key}": (value,) for key, value in policies.tags.items()}
    return Request.make(action, resource, {**everyones, **tags, **context})


def audit(calls: Iterable[Call], roles: Mapping[str, RolePolicies], region: str) -> Report:
    """Hold the calls of roles against `roles`, by role ARN.

    Calls of the administrator and of AWS's services, whose role is None, are left out.
    """
    refused: dict[Refused, None] = {}
    used: set[tuple[str, str, str]] = set()
    unknown: dict[str, None] = {}
    needed: set[tuple[str, str]] = set()
    for call in dict.fromkeys(calls):
        if call.role_arn is None or call.action in FREE:
            continue
        if call.role_arn not in roles:
            unknown[call.role_arn] = None
            continue
        policies = roles[call.role_arn]
        for resource in call.resources:
            request = request_of(call.role_arn, policies, call.action, resource, dict(call.context), region)
            decision = decide(request, policies)
            if not decision.allowed:
                why = Refused(call.role_arn, call.operation, call.action, resource, decision.reason)
                refused[why] = None
            allowing = permissions(request, policies.identity)
            if len(allowing) == 1:
                needed.add((call.role_arn, allowing[0].name))
            for statement in allowing:
                used |= {
                    (call.role_arn, statement.name, action) for action in statement.matching(call.action)
                }
    granted = {
        (arn, statement.name, action)
        for arn, policies in roles.items()
        for statement in _allow_statements(policies)
        for action in statement.granted
    }
    unused = tuple(sorted(Unused(*each) for each in granted - used))
    return Report(tuple(refused), unused, tuple(unknown), frozenset(needed))


def _allow_statements(policies: RolePolicies) -> Iterable[Statement]:
    return (each for policy in policies.identity for each in policy.statements if each.effect == "Allow")
