"""Variables of GitHub Actions that a repository holds."""

from __future__ import annotations

import re
from typing import Any

from local_aws.github.errors import conflict, not_found, unprocessable
from local_aws.github.http.call import Answer, Call
from local_aws.github.http.routing import Routes
from local_aws.github.records import Repository, Variable, now

ROUTES = Routes()
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PERMISSION = "actions_variables"
_MOST_BYTES = 48 * 1024
_MOST = 500


@ROUTES.on("GET", "/repos/{owner}/{repo}/actions/variables")
def variables(call: Call) -> Answer:
    """10 a page, 30 at most."""
    held = call.repository(_PERMISSION).variables
    page, headers = call.page([held[name] for name in sorted(held)], default=10, most=30)
    return Answer(
        body={"total_count": len(held), "variables": [_as_json(each) for each in page]}, headers=headers
    )


@ROUTES.on("POST", "/repos/{owner}/{repo}/actions/variables")
def create(call: Call) -> Answer:
    """https://docs.github.com/actions/reference/workflows-and-actions/variables: names, sizes and numbers"""
    repository = call.repository(_PERMISSION, "write")
    name, value = call.required("name", str).upper(), call.required("value", str)
    _check(name, value)
    if name in repository.variables:
        raise conflict("Already exists - Variable already exists")
    if len(repository.variables) >= _MOST:
        raise unprocessable(f"The maximum number of variables ({_MOST}) has been reached")
    repository.variables[name] = Variable(name, value)
    return Answer(201, {})


@ROUTES.on("GET", "/repos/{owner}/{repo}/actions/variables/{name}")
def variable(call: Call) -> Answer:
    return Answer(body=_as_json(_existing(call, call.repository(_PERMISSION))))


@ROUTES.on("PATCH", "/repos/{owner}/{repo}/actions/variables/{name}")
def update(call: Call) -> Answer:
    repository = call.repository(_PERMISSION, "write")
    held = _existing(call, repository)
    name, value = call.optional("name", str, held.name).upper(), call.optional("value", str, held.value)
    _check(name, value)
    if name != held.name and name in repository.variables:
        raise conflict("Already exists - Variable already exists")
    del repository.variables[held.name]
    repository.variables[name] = Variable(name, value, held.created_at, now())
    return Answer(204)


@ROUTES.on("DELETE", "/repos/{owner}/{repo}/actions/variables/{name}")
def delete(call: Call) -> Answer:
    repository = call.repository(_PERMISSION, "write")
    del repository.variables[_existing(call, repository).name]
    return Answer(204)


def _existing(call: Call, repository: Repository) -> Variable:
    found = repository.variables.get(call["name"].upper())
    if found is None:
        raise not_found()
    return found


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name) or name.startswith("GITHUB_"):
        raise unprocessable(
            "Variable names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). "
            "Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_), "
            "and must not start with GITHUB_."
        )
    if len(value.encode()) > _MOST_BYTES:
        raise unprocessable("Variable value is too large. The maximum size is 48 KB.")


def _as_json(shown: Variable) -> dict[str, Any]:
    return {
        "name": shown.name,
        "value": shown.value,
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
    }
