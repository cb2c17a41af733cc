"""GitHub Apps, as they see themselves: their installations and the tokens that these are given."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from local_aws.github import shapes
from local_aws.github.access import role_of
from local_aws.github.credentials import (
    App,
    AppCaller,
    Installation,
    Token,
    narrowed,
    new_token,
)
from local_aws.github.errors import ApiError, forbidden, not_found, unprocessable
from local_aws.github.http.call import Answer, Call, checked
from local_aws.github.http.routing import Routes
from local_aws.github.records import Account, Repository

ROUTES = Routes()
_LIFETIME = 3600


@ROUTES.on("GET", "/app")
def app(call: Call) -> Answer:
    shown = _app(call)
    installations = [each for each in call.state.installations.values() if each.app is shown]
    return Answer(body=shapes.app(call.state.urls, shown, len(installations)))


@ROUTES.on("GET", "/repos/{owner}/{repo}/installation")
def of_repository(call: Call) -> Answer:
    """404 where the App is not installed on the repository, which it cannot tell from one that does not exist."""
    caller = _app(call)
    repository = call.state.repository(f"{call['owner']}/{call['repo']}")
    if repository is None:
        raise not_found()
    found = _installation(call, caller, repository.owner)
    if found.repositories is not None and repository.id not in found.repositories:
        raise not_found()
    return Answer(body=shapes.installation(call.state.urls, found))


@ROUTES.on("GET", "/orgs/{org}/installation")
def of_organization(call: Call) -> Answer:
    caller, owner = _app(call), call.state.organization(call["org"])
    if owner is None:
        raise not_found()
    return Answer(body=shapes.installation(call.state.urls, _installation(call, caller, owner)))


@ROUTES.on("GET", "/users/{username}/installation")
def of_user(call: Call) -> Answer:
    caller, owner = _app(call), call.state.user(call["username"])
    if owner is None:
        raise not_found()
    return Answer(body=shapes.installation(call.state.urls, _installation(call, caller, owner)))


@ROUTES.on("POST", "/app/installations/{installation_id}/access_tokens")
def create_token(call: Call) -> Answer:
    """An hour's token: for all that the installation reaches, or for less of it."""
    identity = call["installation_id"]
    found = call.state.installations.get(int(identity)) if identity.isdecimal() else None
    if found is None or found.app is not _app(call):
        raise not_found()
    if found.suspended:
        raise forbidden("This installation has been suspended")
    repositories = _repositories(call, found)
    permissions = found.permissions
    if asked := call.optional("permissions", dict):
        permissions = narrowed({"metadata": "read"} | asked, found.permissions) or {}
        if not permissions:
            raise unprocessable("The permissions requested are not granted to this installation.")
    expires = time.time() + _LIFETIME
    listed = None if repositories is None else frozenset(each.id for each in repositories)
    token = Token(new_token("ghs_"), found.app.bot, found, permissions, listed, None, expires)
    call.state.tokens[token.value] = token
    selected = listed is not None or found.repositories is not None
    body: dict[str, Any] = {
        "token": token.value,
        "expires_at": datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "permissions": permissions,
        "repository_selection": "selected" if selected else "all",
    }
    if repositories is not None:
        body["repositories"] = [_as_json(call, each, token) for each in repositories]
    return Answer(201, body)


@ROUTES.on("GET", "/installation/repositories")
def repositories(call: Call) -> Answer:
    token = call.token
    if token.installation is None:
        raise forbidden(
            "You must authenticate with an installation access token in order to list repositories for an installation."
        )
    owned = (each for each in call.state.repositories.values() if each.owner is token.installation.account)
    reached = [each for each in owned if role_of(token, each) == "admin"]
    page, headers = call.page(reached)
    body = {"total_count": len(reached), "repositories": [_as_json(call, each, token) for each in page]}
    return Answer(body=body, headers=headers)


def _as_json(call: Call, shown: Repository, token: Token) -> dict[str, Any]:
    return shapes.repository(call.state.urls, shown, token)


def _app(call: Call) -> App:
    """The App whose JWT signed the request. Raises 401."""
    if isinstance(call.caller, AppCaller):
        return call.caller.app
    raise ApiError(401, "A JSON web token could not be decoded")


def _installation(call: Call, caller: App, account: Account) -> Installation:
    for found in call.state.installations.values():
        if found.app is caller and found.account is account:
            return found
    raise not_found()


def _repositories(call: Call, installation: Installation) -> list[Repository] | None:
    """Those that the body names, by id or by name; None for all. Raises 422 for one out of reach."""
    names = [checked("repositories", name, str) for name in call.optional("repositories", list, [])]
    identities = [checked("repository_ids", each, int) for each in call.optional("repository_ids", list, [])]
    if not names and not identities:
        return None
    owner = installation.account
    found = [call.state.repository(f"{owner.login}/{name}") for name in names]
    found += [call.state.repositories.get(identity) for identity in identities]
    reached = [
        each
        for each in found
        if each is not None
        and each.owner is owner
        and (installation.repositories is None or each.id in installation.repositories)
    ]
    if len(reached) < len(found):
        raise unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    return reached
