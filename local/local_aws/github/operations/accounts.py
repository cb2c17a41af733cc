"""Users, organisations and teams."""

from __future__ import annotations

from local_aws.github import shapes
from local_aws.github.access import lacking, role
from local_aws.github.call import Answer, Call
from local_aws.github.credentials import Token
from local_aws.github.errors import forbidden, not_found
from local_aws.github.records import Account, Organization
from local_aws.github.routing import Routes

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
        raise lacking(token, "members", "read")
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


def _organization(call: Call) -> Organization:
    found = call.state.organization(call["org"])
    if found is None:
        raise not_found()
    return found


def _public(call: Call, owner: Account) -> int:
    owned = (each for each in call.state.repositories.values() if each.owner is owner)
    return sum(each.visibility == "public" for each in owned)
