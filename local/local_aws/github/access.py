"""A caller's access to a repository: the rights of its account and the permissions of its token.

After https://docs.github.com/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens: both are
needed. What a caller may not see is not found; what it may see but not do is forbidden.
"""

from __future__ import annotations

from local_aws.github.credentials import Anonymous, AppCaller, Caller, Installation, Token
from local_aws.github.errors import ApiError, archived, forbidden, not_found, requires_authentication
from local_aws.github.records import Organization, Repository, User

_RANK = {"none": 0, "read": 1, "write": 2, "admin": 3}
_SETTINGS = frozenset({"administration", "environments", "actions_variables"})
"""Permissions whose `write` needs a user who administers the repository (variables: one who may write to it)."""


def role(user: User, repository: Repository) -> str:
    """`none`, `read`, `write` or `admin`, by ownership, membership and invitation."""
    owner = repository.owner
    rights = ["none", repository.collaborators.get(user.login.lower(), "none")]
    if repository.visibility == "public":
        rights.append("read")
    if owner is user:
        rights.append("admin")
    if isinstance(owner, Organization):
        membership = owner.members.get(user.login.lower())
        if membership == "admin" or (membership and repository.creator == user.login):
            rights.append("admin")
        if membership:
            rights.append(owner.base_permission)
        rights += [
            held
            for slug, held in repository.teams.items()
            if slug in owner.teams and user.login.lower() in owner.teams[slug].members
        ]
    return max(rights, key=_RANK.__getitem__)


def role_of(caller: Caller, repository: Repository) -> str:
    """The caller's rights, before the permissions of its token.

    An installation administers what it is installed on, as a rule.
    """
    match caller:
        case Token(installation=None):
            return role(caller.user, repository) if covers(caller, repository) else _default_role(repository)
        case Token(installation=Installation(administers=administers)):
            held = "admin" if administers else "write"
            return held if covers(caller, repository) else _default_role(repository)
        case _:
            return _default_role(repository)


def may(caller: Caller, repository: Repository, permission: str, level: str) -> bool:
    """Whether `authorize` would let the caller through, an archive aside."""
    try:
        authorize(caller, repository, permission, level, even_archived=True)
    except ApiError:
        return False
    return True


def authorize(
    caller: Caller, repository: Repository, permission: str, level: str, even_archived: bool = False
) -> None:
    """Let a request through, or raise what GitHub answers: 401, 403 or 404."""
    held = role_of(caller, repository)
    if held == "none":
        raise not_found()
    if isinstance(caller, AppCaller):
        raise forbidden("Resource not accessible by integration")
    if isinstance(caller, Anonymous):
        if level == "read" and permission in {"metadata", "contents", "issues", "pull_requests", "actions"}:
            return
        raise requires_authentication()
    covered = covers(caller, repository)
    if (not covered and level != "read") or (covered and not caller.grants(permission, level)):
        raise missing_permission(caller, permission, level)
    _check_rights(held, permission, level)
    if repository.archived and level != "read" and not even_archived:
        raise archived()


def missing_permission(token: Token, permission: str, level: str) -> ApiError:
    """The token has not the permission that the operation asks for; the header names it."""
    return forbidden(
        f"Resource not accessible by {token.kind}",
        {"X-Accepted-GitHub-Permissions": f"{permission}={level}"},
    )


def _check_rights(held: str, permission: str, level: str) -> None:
    if level == "read" and permission not in {"administration"}:
        return
    needed = "admin" if permission in _SETTINGS - {"actions_variables"} else level
    if _RANK[held] < _RANK[needed]:
        needs = "admin rights to" if needed == "admin" else "write access to"
        raise forbidden(f"Must have {needs} Repository.")


def _default_role(repository: Repository) -> str:
    return "read" if repository.visibility == "public" else "none"


def covers(token: Token, repository: Repository) -> bool:
    """Whether the repository is among those that the token was made for."""
    if token.installation is not None:
        if repository.owner is not token.installation.account:
            return False
        listed = token.installation.repositories
        if listed is not None and repository.id not in listed:
            return False
    if token.resource_owner is not None and repository.owner is not token.resource_owner:
        return False
    return token.repositories is None or repository.id in token.repositories
