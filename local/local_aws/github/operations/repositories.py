"""Repositories: created, read, changed, renamed, archived, deleted; their topics."""

from __future__ import annotations

import re
import shutil
from typing import Any

from local_aws.github import shapes
from local_aws.github.access import covers, missing_permission, role
from local_aws.github.credentials import Token
from local_aws.github.errors import custom_problem, forbidden, not_found, unprocessable
from local_aws.github.http.call import Answer, Call, checked
from local_aws.github.http.routing import Routes
from local_aws.github.records import Account, Organization, Repository, Visibility, now
from local_aws.github.ref_updates import commit_files

ROUTES = Routes()
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_TOPIC = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
_MOST_TOPICS = 20


@ROUTES.on("POST", "/orgs/{org}/repos")
def create_in_organization(call: Call) -> Answer:
    owner = call.state.organization(call["org"])
    token = call.token
    if owner is None or not _reaches(token, owner):
        raise not_found()
    _check_may_administer(token)
    visibility = _visibility(call, "public")
    if token.installation is None:
        _check_member_may_create(owner, token, visibility)
    return _create(call, owner, visibility)


@ROUTES.on("POST", "/user/repos")
def create_for_user(call: Call) -> Answer:
    token = call.token
    if token.installation is not None or (token.resource_owner or token.user) is not token.user:
        raise missing_permission(token, "administration", "write")
    _check_may_administer(token)
    return _create(call, token.user, _visibility(call, "public"))


@ROUTES.on("GET", "/user/repos")
def repositories_of_user(call: Call) -> Answer:
    """Those that the token reaches and its user was given a part in, by their full names.

    https://docs.github.com/rest/repos/repos#list-repositories-for-the-authenticated-user
    """
    if call.token.installation is not None:
        raise forbidden("Resource not accessible by integration")
    found = [each for each in call.state.repositories.values() if _is_member(call.token, each)]
    page, headers = call.page(sorted(found, key=lambda each: each.full_name.lower()))
    shown = [shapes.repository(call.state.urls, each, call.caller) for each in page]
    return Answer(body=shown, headers=headers)


@ROUTES.on("GET", "/repos/{owner}/{repo}")
def repository(call: Call) -> Answer:
    return _as_json(call, call.repository())


@ROUTES.on("PATCH", "/repos/{owner}/{repo}")
def update(call: Call) -> Answer:
    """Of an archived repository only `archived` can be changed."""
    unarchives = call.body.get("archived") is False
    changed = call.repository("administration", "write", even_archived=unarchives)
    if call.states("name") and (name := call.required("name", str)) != changed.name:
        _check_name(call, changed.owner, name, changed)
        call.state.rename(changed, name)
    changed.description = call.optional("description", str, changed.description)
    changed.homepage = call.optional("homepage", str, changed.homepage)
    if call.states("private") or call.states("visibility"):
        visibility = _visibility(call, changed.visibility)
        _check_plan_has(changed.owner, visibility)
        changed.visibility = visibility
    if (branch := call.optional("default_branch", str)) is not None:
        _set_default_branch(changed, branch)
    changed.archived = call.optional("archived", bool, changed.archived)
    changed.settings |= _settings(call)
    changed.updated_at = now()
    return _as_json(call, changed)


@ROUTES.on("DELETE", "/repos/{owner}/{repo}")
def delete(call: Call) -> Answer:
    deleted = call.repository("administration", "write", even_archived=True)
    del call.state.repositories[deleted.id]
    shutil.rmtree(deleted.git.path)
    return Answer(204)


@ROUTES.on("GET", "/repos/{owner}/{repo}/topics")
def topics(call: Call) -> Answer:
    return Answer(body={"names": call.repository().topics})


@ROUTES.on("PUT", "/repos/{owner}/{repo}/topics")
def replace_topics(call: Call) -> Answer:
    """https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/classifying-your-repository-with-topics"""
    changed = call.repository("administration", "write")
    names = [checked("names", name, str).lower() for name in call.required("names", list)]
    if len(names) > _MOST_TOPICS:
        raise unprocessable("Validation Failed", f"A repository cannot have more than {_MOST_TOPICS} topics.")
    if any(not _TOPIC.fullmatch(name) for name in names):
        raise unprocessable(
            "Validation Failed",
            "Topics must start with a lowercase letter or number, consist of 50 characters or less, "
            "and can include hyphens.",
        )
    changed.topics = list(dict.fromkeys(names))
    return Answer(body={"names": changed.topics})


def _create(call: Call, owner: Account, visibility: Visibility) -> Answer:
    name = call.required("name", str)
    _check_name(call, owner, name)
    _check_plan_has(owner, visibility)
    made = call.state.add_repository(owner, name, visibility, call.user.login)
    made.description = call.optional("description", str)
    made.homepage = call.optional("homepage", str)
    made.settings = _settings(call)
    installation = call.token.installation
    if installation is not None and installation.repositories is not None:
        installation.repositories.add(made.id)
    if call.optional("auto_init", bool, False):
        text = f"# {name}\n{made.description or ''}".rstrip() + "\n"
        commit_files(made, "main", {"README.md": text.encode()}, "Initial commit", call.user)
    location = {"Location": shapes.repository_url(call.state.urls, made)}
    return Answer(201, shapes.repository(call.state.urls, made, call.caller), location)


def _as_json(call: Call, shown: Repository) -> Answer:
    return Answer(body=shapes.repository(call.state.urls, shown, call.caller))


def _is_member(token: Token, repository: Repository) -> bool:
    """Whether the user owns the repository, was invited to it, or is a member of its organisation."""
    owner, login = repository.owner, token.user.login.lower()
    member = isinstance(owner, Organization) and login in owner.members
    takes_part = owner is token.user or login in repository.collaborators or member
    return takes_part and covers(token, repository) and role(token.user, repository) != "none"


def _reaches(token: Token, owner: Organization) -> bool:
    if token.installation is not None:
        return token.installation.account is owner
    return (token.resource_owner or owner) is owner


def _check_may_administer(token: Token) -> None:
    """A fine-grained token of selected repositories cannot make another one; an App's installation gets what it makes."""
    selected = token.installation is None and token.repositories is not None
    if selected or not token.grants("administration", "write"):
        raise missing_permission(token, "administration", "write")


def _check_member_may_create(owner: Organization, token: Token, visibility: Visibility) -> None:
    membership = owner.members.get(token.user.login.lower())
    if membership is None or (membership == "member" and not owner.creatable):
        raise forbidden("You need admin access to the organization before adding a repository to it.")
    if membership == "member" and visibility not in owner.creatable:
        raise _creation_failed(
            "visibility",
            f"Visibility can't be {visibility}. Your organization does not allow members to create "
            f"{visibility} repositories",
        )


def _visibility(call: Call, default: Visibility) -> Visibility:
    """`visibility` overrides `private`."""
    stated = call.optional("visibility", str)
    if stated is not None:
        if stated not in {"public", "private", "internal"}:
            raise _creation_failed("visibility", f"Visibility can't be {stated}")
        return stated  # type: ignore[no-any-return]
    private = call.optional("private", bool)
    if private is None:
        return default
    return "private" if private else "public"


def _check_plan_has(owner: Account, visibility: Visibility) -> None:
    if visibility == "internal" and owner.plan != "enterprise":
        raise _creation_failed(
            "visibility",
            "Visibility can't be internal. Only organizations associated with an enterprise can set visibility "
            "to internal",
        )


def _check_name(call: Call, owner: Account, name: str, itself: Repository | None = None) -> None:
    if not _NAME.fullmatch(name) or name in {".", ".."}:
        raise unprocessable(
            "Repository creation failed.",
            {"resource": "Repository", "code": "invalid", "field": "name"},
        )
    holder = call.state.repository(f"{owner.login}/{name}")
    if holder is not None and holder is not itself:
        raise _creation_failed("name", "name already exists on this account")


def _creation_failed(field: str, message: str) -> Exception:
    return unprocessable("Repository creation failed.", custom_problem("Repository", field, message))


def _set_default_branch(changed: Repository, branch: str) -> None:
    if not changed.git.branch(branch):
        raise unprocessable(
            "Validation Failed",
            custom_problem(
                "Repository",
                "default_branch",
                f"The branch {branch} was not found. Please push that ref first or create it via the Git Data API.",
            ),
        )
    changed.default_branch = branch
    changed.git.set_head(branch)


def _settings(call: Call) -> dict[str, Any]:
    stated = {name: call.optional(name, bool) for name in shapes.SETTINGS}
    return {name: value for name, value in stated.items() if value is not None}
