"""Policies, and what they decide about a request.

After https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: an explicit Deny anywhere
wins; else an identity-based policy has to allow the request, and the permissions boundary, where there is one, as well.
What the policies of resources (a bucket's, a key's) deny is `resource_denials`'; what they allow beside that is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from local_aws.identity.policies.conditions import (
    Context,
    UnknownOperatorError,
    holds,
    like,
    lowered,
    substituted,
    without_variables,
)
from local_aws.kernel import json_text

_WITH_VARIABLES = "2012-10-17"
"""The version in which a policy has variables. One that states none is of the older version."""

ANY = "*"
"""The resource of an action that has none of its own."""


class PolicyError(ValueError):
    """A policy document that cannot be read; the message names the policy and what is wrong in it."""


@dataclass(frozen=True)
class Request:
    """A request for an action ("s3:PutObject") on one resource (an ARN, or ANY)."""

    action: str
    resource: str = ANY
    context: Context = field(default_factory=dict)

    @classmethod
    def make(cls, action: str, resource: str, context: Mapping[str, Iterable[str]]) -> Request:
        """A request with its condition keys in lower case."""
        return cls(action, resource, lowered(context))


@dataclass(frozen=True)
class Statement:
    """One statement. `name` tells it apart: the policy's name, and the Sid or else the number of the statement."""

    name: str
    effect: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    principals: tuple[tuple[str, str], ...] = ()
    not_principals: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, name: str, stated: Mapping[str, Any]) -> Statement:
        """Raises PolicyError."""
        effect = stated.get("Effect")
        if effect not in {"Allow", "Deny"}:
            raise PolicyError(f"{name}: Effect is {effect!r}, but can be Allow or Deny")
        if ("Action" in stated) == ("NotAction" in stated):
            raise PolicyError(f"{name}: exactly one of Action and NotAction must be there")
        return cls(
            name,
            effect,
            _texts(stated.get("Action")),
            _texts(stated.get("NotAction")),
            _texts(stated.get("Resource")),
            _texts(stated.get("NotResource")),
            tuple(_conditions(name, stated.get("Condition", {}))),
            tuple(_principals(name, stated.get("Principal"))),
            tuple(_principals(name, stated.get("NotPrincipal"))),
        )

    def applies(self, request: Request) -> bool:
        """Whether action, resource and conditions fit; the principal is another matter."""
        return self.covers_action(request.action) and self._covers_resource(request) and self._is_met(request)

    def covers_action(self, action: str) -> bool:
        """Whether Action or NotAction of the statement covers the action."""
        if self.not_actions:
            return not any(like(action, pattern, ignore_case=True) for pattern in self.not_actions)
        return any(like(action, pattern, ignore_case=True) for pattern in self.actions)

    @property
    def granted(self) -> tuple[str, ...]:
        """The actions that the statement is about, as it has them: "not s3:*" for a NotAction."""
        return self.actions or tuple(f"not {action}" for action in self.not_actions)

    def matching(self, action: str) -> tuple[str, ...]:
        """Those of `granted` through which it covers `action`."""
        if self.not_actions:
            return self.granted
        return tuple(pattern for pattern in self.actions if like(action, pattern, ignore_case=True))

    def _covers_resource(self, request: Request) -> bool:
        patterns = self.not_resources or self.resources
        texts = [text for each in patterns if (text := substituted(each, request.context)) is not None]
        return any(like(request.resource, text) for text in texts) != bool(self.not_resources)

    def _is_met(self, request: Request) -> bool:
        return all(holds(operator, key, values, request.context) for operator, key, values in self.conditions)


@dataclass(frozen=True)
class Policy:
    """A policy document with a name to call it by."""

    name: str
    statements: tuple[Statement, ...]

    @classmethod
    def parse(cls, name: str, document: str | Mapping[str, Any]) -> Policy:
        """Raises PolicyError."""
        try:
            stated = json_text.loads(document) if isinstance(document, str) else document
        except ValueError as error:
            raise PolicyError(f"{name}: no JSON: {error}") from error
        statements = stated.get("Statement", [])
        statements = statements if isinstance(statements, list) else [statements]
        if stated.get("Version") != _WITH_VARIABLES:
            statements = [_literal(each) for each in statements]
        names = [f"{name}/{each.get('Sid') or number}" for number, each in enumerate(statements, 1)]
        return cls(name, tuple(map(Statement.parse, names, statements)))


@dataclass(frozen=True)
class RolePolicies:
    """The policies of a role: its identity-based policies, and its permissions boundary if it has one.

    `tags` are the role's own, which policies may ask for (aws:PrincipalTag).
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class Verdict(Enum):
    """The value is how AWS ends its message: "... is not authorized to perform: ACTION on resource: R ..."."""

    ALLOWED = "allowed"
    DENIED = "with an explicit deny in an identity-based policy"
    DENIED_BY_BOUNDARY = "with an explicit deny in a permissions boundary"
    NOT_ALLOWED = "because no identity-based policy allows the {action} action"
    NOT_ALLOWED_BY_BOUNDARY = "because no permissions boundary allows the {action} action"


@dataclass(frozen=True)
class Decision:
    """The verdict, and the statement that decided; None if no statement applies."""

    verdict: Verdict
    action: str
    statement: Statement | None = None

    @property
    def allowed(self) -> bool:
        """Whether the request is allowed."""
        return self.verdict is Verdict.ALLOWED

    @property
    def words(self) -> str:
        """Why not, as AWS says it."""
        return self.verdict.value.format(action=self.action)

    @property
    def reason(self) -> str:
        """Why not, and which statement says so."""
        return f"{self.words} ({self.statement.name})" if self.statement else self.words


def decide(request: Request, policies: RolePolicies) -> Decision:
    """Whether a role with these policies may do what `request` says."""
    boundary = (policies.boundary,) if policies.boundary else ()
    for those, verdict in ((policies.identity, Verdict.DENIED), (boundary, Verdict.DENIED_BY_BOUNDARY)):
        if denial := _first_statement(those, "Deny", request):
            return Decision(verdict, request.action, denial)
    permission = _first_statement(policies.identity, "Allow", request)
    if permission is None:
        return Decision(Verdict.NOT_ALLOWED, request.action)
    if boundary and _first_statement(boundary, "Allow", request) is None:
        return Decision(Verdict.NOT_ALLOWED_BY_BOUNDARY, request.action)
    return Decision(Verdict.ALLOWED, request.action, permission)


def permissions(request: Request, policies: Iterable[Policy]) -> list[Statement]:
    """Every statement that allows the request."""
    return [
        each
        for policy in policies
        for each in policy.statements
        if _applies_with_effect(each, "Allow", request)
    ]


def _first_statement(policies: Iterable[Policy], effect: str, request: Request) -> Statement | None:
    statements = (each for policy in policies for each in policy.statements)
    return next((each for each in statements if _applies_with_effect(each, effect, request)), None)


def _applies_with_effect(statement: Statement, effect: str, request: Request) -> bool:
    return statement.effect == effect and statement.applies(request)


def _literal(stated: Any) -> Any:
    """A part of a policy in whose version there are no variables."""
    if isinstance(stated, str):
        return without_variables(stated)
    if isinstance(stated, list):
        return [_literal(each) for each in stated]
    return {name: _literal(each) for name, each in stated.items()} if isinstance(stated, dict) else stated


def _texts(stated: Any) -> tuple[str, ...]:
    if stated is None:
        return ()
    values = stated if isinstance(stated, list) else [stated]
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in values)


def _conditions(name: str, stated: Mapping[str, Any]) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    for operator, keys in stated.items():
        for key, values in keys.items():
            try:
                holds(operator, key, (), {})
            except UnknownOperatorError as error:
                raise PolicyError(f"{name}: {error}") from error
            yield operator, key, _texts(values)


def _principals(name: str, stated: Any) -> Iterable[tuple[str, str]]:
    if stated is None:
        return
    if stated == ANY:
        yield ANY, ANY
        return
    if not isinstance(stated, dict):
        raise PolicyError(f"{name}: Principal is {stated!r}, but can be '*' or an object")
    for kind, values in stated.items():
        for value in _texts(values):
            yield kind, value
