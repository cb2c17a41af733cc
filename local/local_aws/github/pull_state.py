"""The state of a pull request: its commits, its changes, whether it can be merged. Computed from git each time."""

from __future__ import annotations

from dataclasses import dataclass, field

from local_aws.github.access import role
from local_aws.github.git import Change
from local_aws.github.records import Organization, PullRequest, Repository, User


@dataclass(frozen=True)
class PullState:
    """`mergeable` is None once it is closed; `tree` is what a merge would result in."""

    head: str
    base: str
    commits: int
    mergeable: bool | None
    mergeable_state: str
    tree: str | None
    changes: list[Change] = field(default_factory=list)


def commits_of(repository: Repository, pull: PullRequest) -> tuple[str, str]:
    """(head, base): of the branches while it is open, else those that it was closed with."""
    if pull.state == "closed":
        return pull.closed_head, pull.closed_base
    head, base = pull.head_repository.git.branch(pull.head), repository.git.branch(pull.base)
    return head or pull.closed_head, base or pull.closed_base


def state_of(repository: Repository, pull: PullRequest) -> PullState:
    """Compute the state of a pull request."""
    head, base = commits_of(repository, pull)
    git = repository.git
    if pull.head_repository is not repository and git.type_of(head) is None:
        git.fetch(pull.head_repository.git, head)
    start = git.merge_base(base, head)
    commits, changes = git.count(base, head), git.changes(start, head)
    if pull.state == "closed":
        return PullState(head, base, commits, None, "unknown", None, changes)
    tree = git.merged_tree(start, base, head) if start else None
    return PullState(
        head, base, commits, tree is not None, _mergeable_state(repository, pull, tree), tree, changes
    )


def author_association(repository: Repository, author: User) -> str:
    """The association of an author with a repository, such as OWNER."""
    owner = repository.owner
    if owner is author:
        return "OWNER"
    if isinstance(owner, Organization) and author.login.lower() in owner.members:
        return "MEMBER"
    return "COLLABORATOR" if role(author, repository) in {"write", "admin"} else "NONE"


def _mergeable_state(repository: Repository, pull: PullRequest, tree: str | None) -> str:
    if tree is None:
        return "dirty"
    if pull.draft:
        return "draft"
    rules = repository.protection.get(pull.base)
    needs = rules and (rules["required_status_checks"] or _approvals(rules))
    return "blocked" if needs else "clean"


def _approvals(rules: dict[str, object]) -> int:
    reviews = rules["required_pull_request_reviews"]
    return int(reviews["required_approving_review_count"]) if isinstance(reviews, dict) else 0
