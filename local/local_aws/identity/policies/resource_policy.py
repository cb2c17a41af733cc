"""Policies of resources (queues, topics), evaluated for an AWS service that wants to use one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from local_aws.identity.policies.policy import ANY, Policy, Request, Statement


def allows(policy: str | None, *, service: str, action: str, resource: str, facts: Mapping[str, str]) -> bool:
    """Whether `policy`, a JSON document, lets `service` ("events.amazonaws.com") do `action` ("sqs:SendMessage").

    A Deny that applies wins, and without an Allow nothing is allowed. `resource` is an ARN; `facts` are the values of
    condition keys. Raises identity.policy.PolicyError.
    """
    if not policy:
        return False
    request = Request.make(action, resource, {key: [value] for key, value in facts.items()})
    statements = Policy.parse(f"the policy of {resource}", policy).statements
    effects = {each.effect for each in statements if _names_service(each, service) and each.applies(request)}
    return "Allow" in effects and "Deny" not in effects


def _names_service(statement: Statement, service: str) -> bool:
    if statement.not_principals:
        return not _contains_service(statement.not_principals, service)
    return _contains_service(statement.principals, service)


def _contains_service(principals: Iterable[tuple[str, str]], service: str) -> bool:
    return any(value == ANY or (kind, value) == ("Service", service) for kind, value in principals)
