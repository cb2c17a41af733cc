"""Whether a text is a policy that AWS takes, before anybody keeps it.

After https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html. Which elements a policy must and must not
have differs by what it is attached to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.identity.policies.conditions import UnknownOperatorError, holds
from local_aws.kernel import json_text

VERSIONS = ("2012-10-17", "2008-10-17")
_POLICY = frozenset({"Version", "Id", "Statement"})
_STATEMENT = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
_PRINCIPALS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_RESOURCE = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.*|\$\{.*", re.DOTALL)
_SID = re.compile(r"[A-Za-z0-9]*")


@dataclass(frozen=True)
class Kind:
    """The kind of a policy: `principal` and `resource` say whether it must have those elements, or must not."""

    principal: bool
    resource: bool
    actions: str = ""
    """The prefix that each action must have, in lower case; empty for any."""
    any_sid: bool = False
    """Whether a Sid may have other characters than letters and digits."""


IDENTITY = Kind(principal=False, resource=True)
TRUST = Kind(principal=True, resource=False, actions="sts:")
RESOURCE = Kind(principal=True, resource=True, any_sid=True)


def problem(text: str, kind: Kind) -> str | None:
    """The problem of a policy document, in IAM's words if it has some; None without a problem."""
    try:
        document = json_text.loads(text, object_pairs_hook=_unique)
    except ValueError:
        return "Syntax errors in policy."
    if not isinstance(document, dict) or set(document) - _POLICY:
        return "Syntax errors in policy."
    if document.get("Version", VERSIONS[0]) not in VERSIONS:
        return f"Policy version must be one of {', '.join(VERSIONS)}."
    statements = document.get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        return "Syntax errors in policy."
    for statement in statements:
        for each in _problems(statement, kind):
            return each
    ids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(set(ids)) != len(ids):
        return "Statement IDs (SID) in a single policy must be unique."
    return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError where an element stands in an object twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an element stands there twice")
    return found


def _problems(statement: Any, kind: Kind) -> Iterator[str]:
    if not isinstance(statement, dict) or set(statement) - _STATEMENT:
        yield "Syntax errors in policy."
        return
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield "Missing required field Effect" if "Effect" not in statement else "Syntax errors in policy."
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not (kind.any_sid or _SID.fullmatch(sid)):
        yield f"Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*: {sid}"
    yield from _action_problems(statement, kind)
    yield from _principal_problems(statement, kind)
    yield from _resource_problems(statement, kind)
    yield from _condition_problems(statement.get("Condition", {}))


def _action_problems(statement: Mapping[str, Any], kind: Kind) -> Iterator[str]:
    if ("Action" in statement) == ("NotAction" in statement):
        yield "Policy statement must contain actions."
        return
    actions = _texts(statement.get("Action", statement.get("NotAction")))
    if not actions:
        yield "Policy statement must contain actions."
    for action in actions or ():
        if not _ACTION.fullmatch(action):
            yield "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        elif kind.actions and not action.lower().startswith(kind.actions):
            yield "AssumeRole policy may only specify STS AssumeRole actions."


def _principal_problems(statement: Mapping[str, Any], kind: Kind) -> Iterator[str]:
    stated = [name for name in ("Principal", "NotPrincipal") if name in statement]
    if not kind.principal:
        if stated:
            yield f"Policy document should not specify a principal: it has {stated[0]}."
        return
    if len(stated) != 1:
        yield "Missing required field Principal"
        return
    principal = statement[stated[0]]
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal or set(principal) - _PRINCIPALS:
        yield f"Invalid principal in policy: {json.dumps(principal)}"
        return
    for values in principal.values():
        if not _texts(values):
            yield f"Invalid principal in policy: {json.dumps(principal)}"


def _resource_problems(statement: Mapping[str, Any], kind: Kind) -> Iterator[str]:
    stated = [name for name in ("Resource", "NotResource") if name in statement]
    if not kind.resource:
        if stated:
            yield f"Has prohibited field {stated[0]}"
        return
    if len(stated) != 1:
        yield "Policy statement must contain resources."
        return
    resources = _texts(statement[stated[0]])
    if not resources:
        yield "Policy statement must contain resources."
    for resource in resources or ():
        if not _RESOURCE.fullmatch(resource):
            yield f'Resource {resource} must be in ARN format or "*".'


def _condition_problems(condition: Any) -> Iterator[str]:
    if not isinstance(condition, dict):
        yield "Syntax errors in policy."
        return
    for operator, keys in condition.items():
        if not isinstance(keys, dict) or not keys:
            yield f"Invalid Condition type : {operator}."
            continue
        for key, values in keys.items():
            try:
                holds(operator, key, (), {})
            except UnknownOperatorError:
                yield f"Invalid Condition type : {operator}."
            if isinstance(values, dict) or values is None:
                yield "Syntax errors in policy."


def _texts(value: Any) -> list[str] | None:
    """A string, or a list of strings that is not empty, as a list; None for anything else."""
    values = [value] if isinstance(value, str) else value
    if (
        not isinstance(values, list)
        or not values
        or not all(isinstance(each, str) and each for each in values)
    ):
        return None
    return values
