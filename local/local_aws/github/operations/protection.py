"""Protection of branches: on private repositories a paid plan's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.github import shapes
from local_aws.github.errors import forbidden, invalid_request, not_found, unprocessable
from local_aws.github.http.call import Answer, Call, checked
from local_aws.github.http.routing import Routes
from local_aws.github.records import Organization, Repository, User

ROUTES = Routes()
_NEEDED = ("required_status_checks", "enforce_admins", "required_pull_request_reviews", "restrictions")
_SWITCHES = (
    "required_linear_history",
    "allow_force_pushes",
    "allow_deletions",
    "block_creations",
    "required_conversation_resolution",
    "lock_branch",
    "allow_fork_syncing",
)
_REVIEW_SWITCHES = ("dismiss_stale_reviews", "require_code_owner_reviews", "require_last_push_approval")
_MOST_APPROVALS = 6


@ROUTES.on("GET", "/repos/{owner}/{repo}/branches/{branch+}/protection")
def protection(call: Call) -> Answer:
    repository = _repository(call, "read")
    rules = repository.protection.get(_branch(call, repository))
    if rules is None:
        raise not_found("Branch not protected")
    return Answer(body=_as_json(call, repository, rules))


@ROUTES.on("PUT", "/repos/{owner}/{repo}/branches/{branch+}/protection")
def protect(call: Call) -> Answer:
    """Replaces all rules; the four needed members may be null, never left out."""
    repository = _repository(call, "write")
    branch = _branch(call, repository)
    for name in _NEEDED:
        if name not in call.body:
            raise invalid_request(f'"{name}" wasn\'t supplied.')
    restrictions = call.optional("restrictions", dict)
    if restrictions is not None and not isinstance(repository.owner, Organization):
        raise unprocessable(
            "Validation Failed", "Only organization repositories can have users and team restrictions"
        )
    rules: dict[str, Any] = {name: call.optional(name, bool, False) for name in _SWITCHES}
    rules["enforce_admins"] = call.optional("enforce_admins", bool, False)
    rules["required_status_checks"] = _checks(call)
    rules["required_pull_request_reviews"] = _reviews(call)
    rules["restrictions"] = None if restrictions is None else _restricted_to(call, repository, restrictions)
    repository.protection[branch] = rules
    return Answer(body=_as_json(call, repository, rules))


@ROUTES.on("DELETE", "/repos/{owner}/{repo}/branches/{branch+}/protection")
def unprotect(call: Call) -> Answer:
    repository = _repository(call, "write")
    if repository.protection.pop(_branch(call, repository), None) is None:
        raise not_found("Branch not protected")
    return Answer(204)


def _repository(call: Call, level: str) -> Repository:
    repository = call.repository("administration", level)
    if repository.private and repository.owner.plan == "free":
        plan = "Team" if isinstance(repository.owner, Organization) else "Pro"
        raise forbidden(f"Upgrade to GitHub {plan} or make this repository public to enable this feature.")
    return repository


def _branch(call: Call, repository: Repository) -> str:
    if repository.git.branch(call["branch"]) is None:
        raise not_found("Branch not found")
    return call["branch"]


def _checks(call: Call) -> dict[str, Any] | None:
    """`checks` count; `contexts`, its older form, where there are none."""
    stated: Mapping[str, Any] | None = call.optional("required_status_checks", dict)
    if stated is None:
        return None
    for name in ("strict", "contexts"):
        if name not in stated:
            raise invalid_request(f'"{name}" wasn\'t supplied.')
    listed = checked("checks", stated.get("checks") or [], list)
    checks = [{"context": each["context"], "app_id": each.get("app_id")} for each in listed]
    contexts = checked("contexts", stated["contexts"], list)
    checks = checks or [{"context": checked("contexts", each, str), "app_id": None} for each in contexts]
    return {"strict": checked("strict", stated["strict"], bool), "checks": checks}


def _reviews(call: Call) -> dict[str, Any] | None:
    stated: Mapping[str, Any] | None = call.optional("required_pull_request_reviews", dict)
    if stated is None:
        return None
    count = checked("required_approving_review_count", stated.get("required_approving_review_count", 1), int)
    if not 0 <= count <= _MOST_APPROVALS:
        raise unprocessable(
            "Validation Failed", f"Required approving review count must be 0 to {_MOST_APPROVALS}"
        )
    switches = {name: checked(name, stated.get(name, False), bool) for name in _REVIEW_SWITCHES}
    return switches | {"required_approving_review_count": count}


def _restricted_to(call: Call, repository: Repository, stated: Mapping[str, Any]) -> dict[str, list[str]]:
    """Logins, team slugs and App slugs that may push. Raises 422 for one that there is not."""
    owner = repository.owner
    teams = owner.teams if isinstance(owner, Organization) else {}
    apps = {app.slug for app in call.state.apps.values()}
    lists: dict[str, list[str]] = {}
    for kind in ("users", "teams", "apps"):
        lists[kind] = [checked(kind, each, str) for each in stated.get(kind) or []]
    unknown = [login for login in lists["users"] if not isinstance(call.state.user(login), User)]
    unknown += [slug for slug in lists["teams"] if slug not in teams]
    unknown += [slug for slug in lists["apps"] if slug not in apps]
    if unknown:
        raise unprocessable("Validation Failed", f"{', '.join(unknown)} could not be found")
    return lists


def _as_json(call: Call, repository: Repository, rules: Mapping[str, Any]) -> dict[str, Any]:
    """Answers of both operations: `branch-protection` and `protected-branch`."""
    url = f"{shapes.repository_url(call.state.urls, repository)}/branches/{call['branch']}/protection"
    shown: dict[str, Any] = {name: {"enabled": rules[name]} for name in _SWITCHES}
    shown["url"] = url
    shown["enforce_admins"] = {"url": f"{url}/enforce_admins", "enabled": rules["enforce_admins"]}
    shown["required_signatures"] = {"url": f"{url}/required_signatures", "enabled": False}
    if (checks := rules["required_status_checks"]) is not None:
        shown["required_status_checks"] = checks | {
            "url": f"{url}/required_status_checks",
            "contexts": [check["context"] for check in checks["checks"]],
            "contexts_url": f"{url}/required_status_checks/contexts",
        }
    if (reviews := rules["required_pull_request_reviews"]) is not None:
        shown["required_pull_request_reviews"] = reviews | {"url": f"{url}/required_pull_request_reviews"}
    if (restricted := rules["restrictions"]) is not None:
        shown["restrictions"] = _restrictions(call, repository, restricted, f"{url}/restrictions")
    return shown


def _restrictions(
    call: Call, repository: Repository, restricted: Mapping[str, list[str]], url: str
) -> dict[str, Any]:
    urls, owner = call.state.urls, repository.owner
    users = [user for login in restricted["users"] if (user := call.state.user(login))]
    teams = owner.teams if isinstance(owner, Organization) else {}
    apps = [app for app in call.state.apps.values() if app.slug in restricted["apps"]]
    return {
        "url": url,
        "users_url": f"{url}/users",
        "teams_url": f"{url}/teams",
        "apps_url": f"{url}/apps",
        "users": [shapes.account(urls, user) for user in users],
        "teams": [
            shapes.team(urls, owner, teams[slug])
            for slug in restricted["teams"]
            if isinstance(owner, Organization)
        ],
        "apps": [shapes.app(urls, app, 1) for app in apps],
    }
