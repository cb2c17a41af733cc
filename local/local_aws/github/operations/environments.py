"""Environments of a repository, their reviewers and the branches that may deploy to them.

https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments: on private repositories
environments need a paid plan, required reviewers and wait timers GitHub Enterprise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local_aws.github import shapes
from local_aws.github.access import role
from local_aws.github.errors import ApiError, invalid_request, not_found, unprocessable
from local_aws.github.http.call import Answer, Call, checked
from local_aws.github.http.routing import Routes
from local_aws.github.records import (
    BranchPolicy,
    Environment,
    Organization,
    Repository,
    Team,
    User,
    node_id,
    now,
)

ROUTES = Routes()
_MEMBERS = {"wait_timer", "prevent_self_review", "reviewers", "deployment_branch_policy"}
_MOST_REVIEWERS = 6
_MOST_WAIT = 43_200
_ENVIRONMENT = "/repos/{owner}/{repo}/environments/{environment_name}"


@ROUTES.on("GET", "/repos/{owner}/{repo}/environments")
def environments(call: Call) -> Answer:
    repository = _readable(call)
    page, headers = call.page(list(repository.environments.values()))
    shown = [_as_json(call, repository, each) for each in page]
    body = {"total_count": len(repository.environments), "environments": shown}
    return Answer(body=body, headers=headers)


@ROUTES.on("GET", _ENVIRONMENT)
def environment(call: Call) -> Answer:
    repository = _readable(call)
    return Answer(body=_as_json(call, repository, _existing(call, repository)))


@ROUTES.on("PUT", _ENVIRONMENT)
def create_or_update(call: Call) -> Answer:
    """Replace all settings. A rule that the plan does not have is refused; the environment is created without it."""
    repository = call.repository("administration", "write")
    _check_offered(repository)
    _check_members(call)
    reviewers = _reviewers(call, repository)
    wait = call.optional("wait_timer", int, 0)
    if not 0 <= wait <= _MOST_WAIT:
        raise unprocessable(f"Wait timer must be between 0 and {_MOST_WAIT} minutes.")
    protected, custom = _branch_policy(call)
    name = call["environment_name"]
    held = repository.environments.setdefault(name.lower(), Environment(call.state.new_id(), name))
    held.updated_at = now()
    held.reviewers, held.wait_timer = [], 0
    if held.custom_policies and not custom:
        held.policies = []
    held.protected_branches, held.custom_policies = protected, custom
    if repository.private and repository.owner.plan != "enterprise" and (reviewers or wait):
        raise _not_in_plan("required reviewers" if reviewers else "wait timer")
    held.reviewers, held.wait_timer = reviewers, wait
    held.prevent_self_review = call.optional("prevent_self_review", bool, False)
    return Answer(body=_as_json(call, repository, held))


@ROUTES.on("DELETE", _ENVIRONMENT)
def delete(call: Call) -> Answer:
    repository = call.repository("administration", "write")
    del repository.environments[_existing(call, repository).name.lower()]
    return Answer(204)


@ROUTES.on("GET", f"{_ENVIRONMENT}/deployment-branch-policies")
def branch_policies(call: Call) -> Answer:
    held = _existing(call, _readable(call))
    if not held.custom_policies:
        raise not_found()
    page, headers = call.page(held.policies)
    body = {"total_count": len(held.policies), "branch_policies": [_policy(each) for each in page]}
    return Answer(body=body, headers=headers)


@ROUTES.on("POST", f"{_ENVIRONMENT}/deployment-branch-policies")
def create_branch_policy(call: Call) -> Answer:
    """303 for a pattern that is there already, 404 where the environment has no policies of its own."""
    repository = call.repository("administration", "write")
    held = _existing(call, repository)
    if not held.custom_policies:
        raise not_found()
    name, kind = call.required("name", str), call.optional("type", str, "branch")
    if kind not in {"branch", "tag"}:
        raise invalid_request(f'For \'properties/type\', {kind} is not a member of ["branch", "tag"].')
    if any((each.name, each.type) == (name, kind) for each in held.policies):
        return Answer(303)
    made = BranchPolicy(call.state.new_id(), name, kind)
    held.policies.append(made)
    return Answer(200, _policy(made))


@ROUTES.on("DELETE", f"{_ENVIRONMENT}/deployment-branch-policies/{{branch_policy_id}}")
def delete_branch_policy(call: Call) -> Answer:
    held = _existing(call, call.repository("administration", "write"))
    kept = [each for each in held.policies if str(each.id) != call["branch_policy_id"]]
    if len(kept) == len(held.policies):
        raise not_found()
    held.policies = kept
    return Answer(204)


def _readable(call: Call) -> Repository:
    repository = call.repository("actions", "read")
    _check_offered(repository)
    return repository


def _check_offered(repository: Repository) -> None:
    if repository.private and repository.owner.plan == "free":
        raise not_found()


def _existing(call: Call, repository: Repository) -> Environment:
    found = repository.environments.get(call["environment_name"].lower())
    if found is None:
        raise not_found()
    return found


def _check_members(call: Call) -> None:
    for name in sorted(set(call.body) - _MEMBERS):
        raise invalid_request(f'"{name}" is not a permitted key.')


def _not_in_plan(rule: str) -> ApiError:
    return unprocessable(
        "Failed to create the environment protection rule. "
        f"Please ensure the billing plan supports the {rule} protection rule."
    )


def _reviewers(call: Call, repository: Repository) -> list[tuple[str, int]]:
    """Each must be able to read the repository. Raises 422."""
    stated: Sequence[Any] = call.optional("reviewers", list, [])
    if len(stated) > _MOST_REVIEWERS:
        raise unprocessable("Validation Failed", f"No more than {_MOST_REVIEWERS} reviewers can be added.")
    found = []
    for each in stated:
        entry: Mapping[str, Any] = checked("reviewers", each, dict)
        kind, identity = entry.get("type"), entry.get("id")
        if kind not in {"User", "Team"} or reviewer_as_json(call, repository, kind, identity) is None:
            raise unprocessable("Validation Failed", f"{kind} {identity} is not a valid reviewer.")
        found.append((str(kind), int(identity or 0)))
    return found


def reviewer_as_json(call: Call, repository: Repository, kind: Any, identity: Any) -> dict[str, Any] | None:
    urls, owner = call.state.urls, repository.owner
    if kind == "Team":
        teams = owner.teams.values() if isinstance(owner, Organization) else ()
        team = next((each for each in teams if each.id == identity), None)
        if team and isinstance(owner, Organization) and not team_reads(owner, team, repository):
            return None
        return shapes.team(urls, owner, team) if team and isinstance(owner, Organization) else None
    users = (each for each in call.state.accounts.values() if isinstance(each, User))
    user = next((each for each in users if each.id == identity), None)
    if user is None or role(user, repository) == "none":
        return None
    return shapes.account(urls, user)


def team_reads(owner: Organization, team: Team, repository: Repository) -> bool:
    """Whether a team may read a repository of its organisation."""
    return (
        repository.visibility == "public"
        or owner.base_permission != "none"
        or team.slug.lower() in repository.teams
    )


def _branch_policy(call: Call) -> tuple[bool, bool]:
    """(protected_branches, custom_branch_policies), which cannot be equal."""
    stated: Mapping[str, Any] | None = call.optional("deployment_branch_policy", dict)
    if stated is None:
        return False, False
    protected, custom = (stated.get(name) for name in ("protected_branches", "custom_branch_policies"))
    if not isinstance(protected, bool) or not isinstance(custom, bool) or protected == custom:
        raise unprocessable(
            "Validation Failed",
            "protected_branches and custom_branch_policies cannot have the same value",
        )
    return protected, custom


def _as_json(call: Call, repository: Repository, shown: Environment) -> dict[str, Any]:
    url = f"{shapes.repository_url(call.state.urls, repository)}/environments/{shown.name}"
    web = f"{call.state.urls.web}/{repository.full_name}/deployments"
    limited = shown.protected_branches or shown.custom_policies
    policy = {
        "protected_branches": shown.protected_branches,
        "custom_branch_policies": shown.custom_policies,
    }
    return {
        "id": shown.id,
        "node_id": node_id("Environment", shown.id),
        "name": shown.name,
        "url": url,
        "html_url": f"{web}/activity_log?environments_filter={shown.name}",
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
        "can_admins_bypass": True,
        "protection_rules": _rules(call, repository, shown),
        "deployment_branch_policy": policy if limited else None,
    }


def _rules(call: Call, repository: Repository, shown: Environment) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    if shown.wait_timer:
        rules.append({"type": "wait_timer", "wait_timer": shown.wait_timer})
    if shown.reviewers:
        reviewers = [
            {"type": kind, "reviewer": reviewer}
            for kind, identity in shown.reviewers
            if (reviewer := reviewer_as_json(call, repository, kind, identity)) is not None
        ]
        once = {"prevent_self_review": shown.prevent_self_review}
        rules.append({"type": "required_reviewers", "reviewers": reviewers} | once)
    if shown.protected_branches or shown.custom_policies:
        rules.append({"type": "branch_policy"})
    for rule in rules:
        rule["id"] = shown.rule_ids.setdefault(rule["type"], call.state.new_id())
        rule["node_id"] = node_id("Gate", rule["id"])
    return rules


def _policy(shown: BranchPolicy) -> dict[str, Any]:
    return {
        "id": shown.id,
        "node_id": node_id("BranchPolicy", shown.id),
        "name": shown.name,
        "type": shown.type,
    }
