"""Deployments and their statuses. Jobs make them here; making one through the API has no caller.

https://docs.github.com/rest/deployments
"""

from __future__ import annotations

from typing import Any

from local_aws.github import shapes
from local_aws.github.errors import not_found, unprocessable
from local_aws.github.http.call import Answer, Call
from local_aws.github.http.routing import Routes
from local_aws.github.records import Deployment, DeploymentStatus, Repository, node_id

ROUTES = Routes()
_DEPLOYMENTS = "/repos/{owner}/{repo}/deployments"
_STATUSES = f"{_DEPLOYMENTS}/{{deployment_id}}/statuses"
_STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
_LONGEST = 140


@ROUTES.on("GET", _DEPLOYMENTS)
def deployments(call: Call) -> Answer:
    """The newest first, of one environment where the query names it."""
    repository = call.repository("deployments", "read")
    wanted = call.query.get("environment")
    found = [each for each in reversed(repository.deployments) if wanted in (None, each.environment)]
    page, headers = call.page(found)
    return Answer(body=[_as_json(call, repository, each) for each in page], headers=headers)


@ROUTES.on("GET", _STATUSES)
def statuses(call: Call) -> Answer:
    """The newest first."""
    repository = call.repository("deployments", "read")
    deployment = _existing(call, repository)
    page, headers = call.page(list(reversed(deployment.statuses)))
    return Answer(body=[_status(call, repository, deployment, each) for each in page], headers=headers)


@ROUTES.on("POST", _STATUSES)
def create_status(call: Call) -> Answer:
    repository = call.repository("deployments", "write")
    deployment, state = _existing(call, repository), call.required("state", str)
    description = call.optional("description", str, "")
    if state not in _STATES:
        raise unprocessable(
            "Validation Failed", {"resource": "DeploymentStatus", "field": "state", "code": "invalid"}
        )
    if len(description) > _LONGEST:
        raise unprocessable(
            "Validation Failed",
            {"resource": "DeploymentStatus", "field": "description", "code": "custom",
             "message": f"description is too long (maximum is {_LONGEST} characters)"},
        )  # fmt: skip
    made = DeploymentStatus(
        call.state.new_id(),
        state,  # type: ignore[arg-type]
        call.user,
        description,
        call.optional("environment_url", str, ""),
        call.optional("log_url", str, ""),
    )
    deployment.statuses.append(made)
    return Answer(201, _status(call, repository, deployment, made))


def _existing(call: Call, repository: Repository) -> Deployment:
    for each in repository.deployments:
        if str(each.id) == call["deployment_id"]:
            return each
    raise not_found()


def _as_json(call: Call, repository: Repository, shown: Deployment) -> dict[str, Any]:
    home = shapes.repository_url(call.state.urls, repository)
    url = f"{home}/deployments/{shown.id}"
    return {
        "url": url,
        "id": shown.id,
        "node_id": node_id("Deployment", shown.id),
        "task": "deploy",
        "original_environment": shown.environment,
        "environment": shown.environment,
        "description": None,
        "created_at": shown.created_at,
        "updated_at": shown.statuses[-1].created_at if shown.statuses else shown.created_at,
        "statuses_url": f"{url}/statuses",
        "repository_url": home,
        "creator": shapes.account(call.state.urls, shown.creator),
        "sha": shown.sha,
        "ref": shown.ref.removeprefix("refs/heads/"),
        "payload": {},
        "transient_environment": False,
        "production_environment": shown.environment == "production",
        "performed_via_github_app": None,
    }


def _status(
    call: Call, repository: Repository, deployment: Deployment, shown: DeploymentStatus
) -> dict[str, Any]:
    home = shapes.repository_url(call.state.urls, repository)
    url = f"{home}/deployments/{deployment.id}"
    return {
        "url": f"{url}/statuses/{shown.id}",
        "id": shown.id,
        "node_id": node_id("DeploymentStatus", shown.id),
        "state": shown.state,
        "creator": shapes.account(call.state.urls, shown.creator),
        "description": shown.description,
        "environment": deployment.environment,
        "target_url": shown.log_url,
        "created_at": shown.created_at,
        "updated_at": shown.created_at,
        "deployment_url": url,
        "repository_url": home,
        "environment_url": shown.environment_url,
        "log_url": shown.log_url,
        "performed_via_github_app": None,
    }
