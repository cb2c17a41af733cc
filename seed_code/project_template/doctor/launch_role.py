"""The launch role: whether it is there, who may take it on, and whether it can update and delete what it can create.

What CloudFormation needs for a type of resource is in the type's own schema (`handlers.*.permissions`), which CloudFormation
tells. Whether the role has it is read from its policies; what else takes it away (an explicit denial, a boundary, a policy of
the organisation) is asked of IAM's simulator.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from model_common.aws.errors import error_code, is_missing
from project_template.aws.clients import Aws
from project_template.doctor.finding import Finding, fail, ok, warn
from project_template.stacks.handlers import not_needed

HANDLERS = ("create", "read", "update", "delete")
_BATCH = 100
_CHECK = "launch role"
_REMEDY = "Run `project-template publish` again: its stack makes the role, with all that the template needs."


@dataclass(frozen=True)
class Role:
    """A role with its policies' documents; `boundary` is None where it has none."""

    arn: str
    trusted: frozenset[str]
    policies: tuple[Mapping[str, Any], ...]
    boundary: Mapping[str, Any] | None = None


def read(aws: Aws, arn: str) -> Role | None:
    """The role and all its policies, or None where there is no such role."""
    name = arn.rpartition("/")[2]
    try:
        found: Any = aws.iam.get_role(RoleName=name)["Role"]
    except ClientError as error:
        if not is_missing(error):
            raise
        return None
    inline = [
        aws.iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"]
        for page in aws.iam.get_paginator("list_role_policies").paginate(RoleName=name)
        for each in page["PolicyNames"]
    ]
    attached = [
        _document(aws, each["PolicyArn"])
        for page in aws.iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
        for each in page["AttachedPolicies"]
    ]
    boundary = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return Role(
        arn=found["Arn"],
        trusted=frozenset(_principals(_parsed(found["AssumeRolePolicyDocument"]))),
        policies=tuple(_parsed(each) for each in (*inline, *attached)),
        boundary=_parsed(_document(aws, boundary)) if boundary else None,
    )


def needed(aws: Aws, types: Iterable[str]) -> tuple[dict[str, dict[str, list[str]]], list[str]]:
    """The permissions of each type's handlers, by type and handler, and the types whose schema could not be read."""
    found: dict[str, dict[str, list[str]]] = {}
    unknown = []
    for name in types:
        if name.startswith("Custom::"):
            continue
        try:
            described: Any = aws.cloudformation.describe_type(Type="RESOURCE", TypeName=name)
        except ClientError:
            unknown.append(name)
            continue
        handlers = json.loads(described.get("Schema", "{}")).get("handlers", {})
        found[name] = {each: handlers[each]["permissions"] for each in HANDLERS if each in handlers}
    return found, unknown


def trust(role: Role) -> Finding:
    """CloudFormation, which makes the project's stack, has to be able to take the role on."""
    if "cloudformation.amazonaws.com" in role.trusted:
        return ok(_CHECK, f"{role.arn} is there, and CloudFormation may take it on")
    return fail(
        _CHECK,
        f"{role.arn} trusts {', '.join(sorted(role.trusted)) or 'nobody'}, and not cloudformation.amazonaws.com",
        _REMEDY,
    )


def coverage(role: Role, wanted: Mapping[str, Mapping[str, Sequence[str]]]) -> list[Finding]:
    """The actions that the role lacks for each type of resource that it cannot create, read, update and delete."""
    findings = []
    for name, handlers in wanted.items():
        lacking = {
            handler: [
                action for action in actions if not allows(role, action) and not_needed(name, action) is None
            ]
            for handler, actions in handlers.items()
        }
        lacking = {handler: actions for handler, actions in lacking.items() if actions}
        if lacking:
            creates = "create" not in lacking
            missing = "; ".join(f"{handler}: {', '.join(actions)}" for handler, actions in lacking.items())
            found = (
                f"can create {name}, and then not {' or '.join(lacking)} it"
                if creates
                else f"cannot handle {name}"
            )
            findings.append(fail(_CHECK, f"{role.arn.rpartition('/')[2]} {found} (lacks {missing})", _REMEDY))
    if not findings and wanted:
        findings.append(
            ok(_CHECK, f"it can create, update and delete all {len(wanted)} types of the template")
        )
    return findings


def allows(role: Role, action: str) -> bool:
    """Whether the policies allow the action on anything at all, and none denies it everywhere."""
    documents = role.policies
    allowed = any(_matches(each, action) for each in _statements(documents, "Allow"))
    denied = any(
        _matches(each, action) and _list(each.get("Resource")) == ["*"] and not each.get("Condition")
        for each in _statements(documents, "Deny")
    )
    bounded = role.boundary is None or any(
        _matches(each, action) for each in _statements((role.boundary,), "Allow")
    )
    return allowed and bounded and not denied


def simulated(aws: Aws, role: Role, actions: Iterable[str]) -> Finding:
    """The actions that are denied to the role outside its own policies, such as by its organisation."""
    wanted = sorted({action for action in actions if "*" not in action})
    denied: set[str] = set()
    try:
        for start in range(0, len(wanted), _BATCH):
            answer: Any = aws.iam.simulate_principal_policy(
                PolicySourceArn=role.arn, ActionNames=wanted[start : start + _BATCH]
            )
            denied |= {each["EvalActionName"] for each in answer["EvaluationResults"] if _is_taken(each)}
    except ClientError as error:
        return warn(
            _CHECK,
            f"IAM's simulator could not be asked ({error_code(error)}); the role's own policies were read",
            "Allow iam:SimulatePrincipalPolicy, to see what the organisation's policies deny.",
        )
    if denied:
        return fail(
            _CHECK,
            f"denied to {role.arn.rpartition('/')[2]} by another policy than its own: {', '.join(sorted(denied))}",
            "A policy of the organisation (or an explicit denial) takes it away: ask who administers it.",
        )
    return ok(_CHECK, "no other policy takes anything away, as far as IAM's simulator says")


def _is_taken(result: Mapping[str, Any]) -> bool:
    organisation = result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True)
    return result["EvalDecision"] == "explicitDeny" or not organisation


def _document(aws: Aws, arn: str) -> Any:
    version = aws.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return aws.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _parsed(document: Any) -> Mapping[str, Any]:
    parsed: Mapping[str, Any] = json.loads(document) if isinstance(document, str) else document
    return parsed


def _principals(trust_policy: Mapping[str, Any]) -> list[str]:
    named = (each.get("Principal", {}) for each in _statements((trust_policy,), "Allow"))
    return [
        each
        for principal in named
        if isinstance(principal, Mapping)
        for values in principal.values()
        for each in _list(values)
    ]


def _statements(documents: Iterable[Mapping[str, Any]], effect: str) -> list[Mapping[str, Any]]:
    return [
        each
        for document in documents
        for each in _list(document.get("Statement"))
        if each["Effect"] == effect
    ]


def _matches(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(_is_like(action, pattern) for pattern in _list(statement["NotAction"]))
    return any(_is_like(action, pattern) for pattern in _list(statement.get("Action")))


def _is_like(action: str, pattern: str) -> bool:
    """Actions do not mind capitals. An action with a star, as schemas have, is covered by one that is as wide."""
    return fnmatchcase(action.lower(), pattern.lower())


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
