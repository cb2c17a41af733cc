"""The subject claim of a repository's OIDC tokens: classic by names, or immutable with ids beside them.

https://docs.github.com/actions/reference/security/oidc: `repo:OWNER/NAME:...`, `repo:OWNER@OWNER_ID/NAME@ID:...`
"""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.github.records import Organization, Repository

_DEFAULT_KEYS = ["repo", "context"]


def immutable(repository: Repository) -> bool:
    """The repository's own choice, else what its owner had when it was made or renamed."""
    chosen = repository.subject.immutable
    return repository.born_immutable if chosen is None else chosen


def prefix(repository: Repository) -> str:
    """The part of the subject that names the repository."""
    if immutable(repository):
        owner = repository.owner
        return f"repo:{owner.login}@{owner.id}/{repository.name}@{repository.id}"
    return f"repo:{repository.full_name}"


def subject(repository: Repository, context: str, claims: Mapping[str, str]) -> str:
    """`context` is `ref:REF`, `environment:NAME` or `pull_request`; `claims` are for the keys of a template."""
    parts = {"repo": prefix(repository), "context": context}
    return ":".join(parts.get(key) or f"{key}:{claims.get(key, '')}" for key in _keys(repository))


def _keys(repository: Repository) -> list[str]:
    """A repository that does not use the default has its own template, or its organisation's."""
    if repository.subject.use_default:
        return _DEFAULT_KEYS
    owner = repository.owner
    of_owner = owner.claim_keys if isinstance(owner, Organization) else _DEFAULT_KEYS
    return repository.subject.claim_keys or of_owner
