"""Resource policies: who else may call a function. API Gateway and public function URLs need one, as on AWS."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Mapping
from typing import Any

from local_aws.kernel.limits import maximum
from local_aws.kernel.wire import ServiceError
from local_aws.lambda_.errors import conflict, invalid, not_found, require_revision
from local_aws.lambda_.function import Function
from local_aws.lambda_.names import Reference
from local_aws.lambda_.store import Store

ANYBODY = "*"
_ACCOUNT = re.compile(r"\d{12}")

_CONDITIONS = {
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
}


class Permissions:
    """AddPermission, RemovePermission, GetPolicy. A policy is a function's, or that of one version or alias."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_permission(self, request: dict[str, Any]) -> dict[str, Any]:
        """Add a statement to the policy of a function.

        Raises InvalidParameterValueException, PolicyLengthExceededException, PreconditionFailedException, ResourceConflictException, ResourceNotFoundException. Source: AWS Lambda API reference, AddPermission.
        """
        reference = Reference.of(request)
        sid = request["StatementId"]
        statement = {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": _principal(request["Principal"]),
            "Action": request["Action"],
            "Resource": reference.arn(self._store.account),
        }
        conditions = _conditions(request)
        if conditions:
            statement["Condition"] = conditions
        with self._store.lock:
            function = self._store.find(reference)
            require_revision(request, function.latest.revision)
            statements = function.statements.setdefault(reference.qualifier, {})
            if sid in statements:
                raise conflict(
                    f"The statement id ({sid}) provided already exists. Please provide a new statement id, or "
                    "remove the existing statement."
                )
            after = json.dumps(_policy([*statements.values(), statement]))
            if len(after.encode()) > maximum("lambda.policy"):
                raise ServiceError(
                    "PolicyLengthExceededException",
                    f"The final policy size ({len(after.encode())}) is bigger than the limit ({maximum('lambda.policy')}).",
                )
            statements[sid] = statement
        return {"Statement": json.dumps(statement)}

    def remove_permission(self, request: dict[str, Any]) -> dict[str, Any]:
        """Remove a statement from the policy of a function.

        Raises PreconditionFailedException, ResourceNotFoundException. Source: AWS Lambda API reference, RemovePermission.
        """
        reference = Reference.of(request)
        with self._store.lock:
            function = self._store.find(reference)
            require_revision(request, function.latest.revision)
            statements = function.statements.get(reference.qualifier, {})
            if statements.pop(request["StatementId"], None) is None:
                raise not_found(
                    f"Statement {request['StatementId']} is not found in resource policy."
                    if statements
                    else "No policy is associated with the given resource."
                )
        return {}

    def get_policy(self, request: dict[str, Any]) -> dict[str, Any]:
        """The policy of a function, version or alias.

        Raises ResourceNotFoundException. Source: AWS Lambda API reference, GetPolicy.
        """
        reference = Reference.of(request)
        with self._store.lock:
            function = self._store.find(reference)
            statements = list(function.statements.get(reference.qualifier, {}).values())
        if not statements:
            raise not_found("The resource you requested does not exist.")
        return {"Policy": json.dumps(_policy(statements)), "RevisionId": function.latest.revision}


def _policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Id": "default", "Statement": statements}


def allows(
    function: Function, qualifier: str | None, action: str, principal: str, facts: Mapping[str, str]
) -> bool:
    """Whether the resource policy lets `principal` (a service, or ANYBODY) do `action` ("lambda:InvokeFunction").

    `facts` are the values of condition keys in this call, under the keys that the policy uses.
    """
    return any(
        statement["Action"] in (action, "lambda:*")
        and statement["Principal"] in (principal, {"Service": principal})
        and _conditions_hold(statement.get("Condition", {}), facts)
        for statement in function.statements.get(qualifier, {}).values()
    )


def _conditions_hold(conditions: Mapping[str, Mapping[str, str]], facts: Mapping[str, str]) -> bool:
    for operator, expected in conditions.items():
        for key, value in expected.items():
            actual = facts.get(key)
            if actual is None:
                return False
            if not (fnmatch.fnmatchcase(actual, value) if operator == "ArnLike" else actual == value):
                return False
    return True


def _conditions(request: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    conditions: dict[str, dict[str, str]] = {}
    for member, (operator, key) in _CONDITIONS.items():
        if member in request:
            value = request[member]
            text = str(value).lower() if isinstance(value, bool) else str(value)
            conditions.setdefault(operator, {})[key] = text
    return conditions


def _principal(principal: str) -> str | dict[str, str]:
    if principal == ANYBODY:
        return ANYBODY
    if principal.endswith(".amazonaws.com"):
        return {"Service": principal}
    if not _ACCOUNT.fullmatch(principal) and not principal.startswith("arn:aws"):
        raise invalid("The provided principal was invalid. Please check the principal and try again.")
    return {"AWS": principal if principal.startswith("arn:") else f"arn:aws:iam::{principal}:root"}
