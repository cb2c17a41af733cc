"""Users, organisations and teams."""

from __future__ import annotations

from typing import Literal

from local_aws.github import shapes
from local_aws.github.access import missing_permission, role
from local_aws.github.credentials import Token
from local_aws.github.errors import forbidden, not_found, unprocessable
from local_aws.github.http.call import Answer, Call
from local_aws.github.http.routing import Routes
from local_aws.github.records import Account, Organization

ROUTES = Routes()


@ROUTES.on("GET", "/users/{username}")
def user(call: Call) -> Answer:
    """Organisations are found here too: `type` says which."""
    found = call.state.account(call["username"])
    if found is None:
        raise not_found()
    return Answer(body=shapes.full_account(call.state.urls, found, _public(call, found)))


@ROUTES.on("GET", "/user")
def authenticated_user(call: Call) -> Answer:
    token = call.token
    if token.installation is not None:
        raise forbidden("Resource not accessible by integration")
    return Answer(body=shapes.full_account(call.state.urls, token.user, _public(call, token.user)))


@ROUTES.on("GET", "/orgs/{org}")
def organization(call: Call) -> Answer:
    found = _organization(call)
    member = shapes.is_member(call.caller, found)
    return Answer(body=shapes.organization(call.state.urls, found, _public(call, found), member))


@ROUTES.on("GET", "/orgs/{org}/teams/{team_slug}")
def team(call: Call) -> Answer:
    """For members only: others do not learn whether there is such a team."""
    owner = _organization(call)
    token = call.token
    found = owner.teams.get(call["team_slug"].lower())
    if found is None or not shapes.is_member(token, owner):
        raise not_found()
    if not token.grants("members", "read"):
        raise missing_permission(token, "members", "read")
    shown = shapes.team(call.state.urls, owner, found)
    whole = {
        "members_count": len(found.members),
        "repos_count": 0,
        "created_at": found.created_at,
        "updated_at": found.created_at,
        "organization": shapes.organization(call.state.urls, owner, _public(call, owner), member=False),
    }
    return Answer(body=shown | whole)


@ROUTES.on("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission")
def collaborator_permission(call: Call) -> Answer:
    """`permission` is the legacy name of the highest role."""
    repository = call.repository("metadata", "read")
    asked = call.state.user(call["username"])
    if not isinstance(call.caller, Token) or asked is None:
        raise not_found()
    held = role(asked, repository)
    rights = {"pull": held != "none", "push": held in {"write", "admin"}, "admin": held == "admin"}
    rights |= {"triage": rights["push"], "maintain": rights["admin"]}
    shown = shapes.account(call.state.urls, asked) | {"permissions": rights, "role_name": held}
    return Answer(body={"permission": held, "role_name": held, "user": shown})


_LEVELS = {"pull": "read", "push": "write", "admin": "admin"}


@ROUTES.on("PUT", "/repos/{owner}/{repo}/collaborators/{username}")
def add_collaborator(call: Call) -> Answer:
    """Members of the organisation are added at once. Anybody else would be invited, which is not embedded."""
    repository = call.repository("administration", "write")
    asked, owner = call.state.user(call["username"]), repository.owner
    if asked is None:
        raise not_found()
    if not isinstance(owner, Organization) or asked.login.lower() not in owner.members:
        raise unprocessable("Invitations of people who are no members are not embedded.")
    repository.collaborators[asked.login.lower()] = _level(call)
    return Answer(204)


@ROUTES.on("GET", "/orgs/{org}/members/{username}")
def member(call: Call) -> Answer:
    """204 for a member. Whoever is no member asks in vain, which GitHub says by a redirect, and is not embedded."""
    owner = _organization(call)
    if not shapes.is_member(call.token, owner) or call["username"].lower() not in owner.members:
        raise not_found()
    if not call.token.grants("members", "read"):
        raise missing_permission(call.token, "members", "read")
    return Answer(204)


_TEAMS_REPOSITORY = "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}"


@ROUTES.on("GET", _TEAMS_REPOSITORY)
def team_repository(call: Call) -> Answer:
    """204 for a repository that the team was given."""
    repository, slug = call.repository("metadata", "read"), call["team_slug"].lower()
    if slug not in _organization(call).teams or slug not in repository.teams:
        raise not_found()
    return Answer(204)


@ROUTES.on("PUT", _TEAMS_REPOSITORY)
def add_team_repository(call: Call) -> Answer:
    repository, owner = call.repository("administration", "write"), _organization(call)
    slug = call["team_slug"].lower()
    if slug not in owner.teams or repository.owner is not owner:
        raise not_found()
    if not call.token.grants("members", "read"):
        raise missing_permission(call.token, "members", "read")
    repository.teams[slug] = _level(call)
    return Answer(204)


def _level(call: Call) -> Literal["read", "write", "admin"]:
    """Triage and maintain, and an organisation's own roles, are not embedded."""
    stated = call.optional("permission", str, "push")
    match _LEVELS.get(str(stated)):
        case "read":
            return "read"
        case "write":
            return "write"
        case "admin":
            return "admin"
    raise unprocessable(f"The permission {stated} is not embedded: {', '.join(_LEVELS)} are.")


def _organization(call: Call) -> Organization:
    found = call.state.organization(call["org"])
    if found is None:
        raise not_found()
    return found


def _public(call: Call, owner: Account) -> int:
    owned = (each for each in call.state.repositories.values() if each.owner is owner)
    return sum(each.visibility == "public" for each in owned)
