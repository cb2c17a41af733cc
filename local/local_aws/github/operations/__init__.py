"""The operations of GitHub's REST API that are embedded: one module a resource, one function an operation."""

from __future__ import annotations

from local_aws.github.http.routing import Routes
from local_aws.github.operations import (
    accounts,
    apps,
    check_annotations,
    comments,
    commits,
    contents,
    deployments,
    dispatches,
    environments,
    git_data,
    issues,
    merging,
    oidc_subject,
    protection,
    pulls,
    rate_limit,
    repositories,
    variables,
    workflow_runs,
)

_MODULES = (
    accounts,
    repositories,
    protection,  # before commits, whose branch names may hold slashes
    pulls,  # before commits, whose references may hold slashes
    commits,
    git_data,
    contents,
    variables,
    environments,
    oidc_subject,
    dispatches,
    workflow_runs,
    merging,
    comments,
    issues,
    deployments,
    check_annotations,
    apps,
    rate_limit,
)


def all_routes() -> Routes:
    """Every operation, in the order in which they are matched."""
    joined = Routes()
    joined.routes = [route for module in _MODULES for route in module.ROUTES.routes]
    return joined
