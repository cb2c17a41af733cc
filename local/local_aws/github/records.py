"""The records of the embedded GitHub: accounts, repositories and what belongs to them.

The API's rules are elsewhere.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from local_aws.github.git import GitDirectory

Visibility = Literal["public", "private", "internal"]
Plan = Literal["free", "pro", "team", "enterprise"]


def now() -> str:
    """The time as GitHub writes it, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(kind: str, identity: int) -> str:
    """The node id of a record."""
    return base64.b64encode(f"{kind}:{identity}".encode()).decode()


@dataclass
class Account:
    """A user or an organisation. `immutable_subjects`: OIDC subjects of its repositories carry ids beside names."""

    id: int
    login: str
    plan: Plan
    immutable_subjects: bool = True
    created_at: str = field(default_factory=now)

    type: Literal["User", "Organization", "Bot"] = field(init=False, default="User")


@dataclass
class User(Account):
    """A person, or the bot of an App (`type` says which)."""

    bot: bool = False

    def __post_init__(self) -> None:
        if self.bot:
            self.type = "Bot"


@dataclass
class Team:
    """A team of an organisation."""

    id: int
    slug: str
    name: str
    members: set[str] = field(default_factory=set)
    created_at: str = field(default_factory=now)


@dataclass
class Organization(Account):
    """`members` maps logins to `admin` (an owner of the organisation) or `member`.

    `creatable` are the visibilities that members may create repositories with; owners may use any that the plan has.
    """

    members: dict[str, Literal["admin", "member"]] = field(default_factory=dict)
    creatable: set[Visibility] = field(default_factory=set)
    base_permission: Literal["none", "read", "write", "admin"] = "read"
    teams: dict[str, Team] = field(default_factory=dict)
    claim_keys: list[str] = field(default_factory=lambda: ["repo", "context"])

    def __post_init__(self) -> None:
        self.type = "Organization"


@dataclass
class Variable:
    """A variable of a repository or environment."""

    name: str
    value: str
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass
class BranchPolicy:
    """A branch or tag that may deploy to an environment."""

    id: int
    name: str
    type: Literal["branch", "tag"] = "branch"


@dataclass
class Environment:
    """`reviewers` are ("User" | "Team", id).

    `protected_branches` and `custom_policies` are both False for any branch.
    """

    id: int
    name: str
    wait_timer: int = 0
    prevent_self_review: bool = False
    reviewers: list[tuple[str, int]] = field(default_factory=list)
    protected_branches: bool = False
    custom_policies: bool = False
    policies: list[BranchPolicy] = field(default_factory=list)
    rule_ids: dict[str, int] = field(default_factory=dict)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass
class Comment:
    """A comment on a pull request."""

    id: int
    author: User
    body: str
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass
class PullRequest:
    """`head` and `base` are branch names of `head_repository` and of the repository that holds the pull request.

    While it is open its commits are what the branches hold; `closed_head` and `closed_base` are the commits at its end.
    """

    id: int
    number: int
    author: User
    title: str
    body: str | None
    head: str
    base: str
    head_repository: Repository
    draft: bool = False
    state: Literal["open", "closed"] = "open"
    closed_head: str = ""
    closed_base: str = ""
    merge_commit: str | None = None
    merged_by: User | None = None
    merged_at: str | None = None
    closed_at: str | None = None
    comments: list[Comment] = field(default_factory=list)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass
class Issue:
    """An issue that is no pull request; both are numbered together."""

    id: int
    number: int
    author: User
    title: str
    body: str | None
    state: Literal["open", "closed"] = "open"
    state_reason: str | None = None
    closed_at: str | None = None
    closed_by: User | None = None
    comments: list[Comment] = field(default_factory=list)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


DeploymentState = Literal["error", "failure", "inactive", "pending", "success", "queued", "in_progress"]


@dataclass
class DeploymentStatus:
    """A state of a deployment; the newest one counts."""

    id: int
    state: DeploymentState
    creator: User
    description: str = ""
    environment_url: str = ""
    log_url: str = ""
    created_at: str = field(default_factory=now)


@dataclass
class Deployment:
    """A deployment to an environment, made by a job that names one. `statuses` are the oldest first."""

    id: int
    environment: str
    sha: str
    ref: str
    creator: User
    statuses: list[DeploymentStatus] = field(default_factory=list)
    created_at: str = field(default_factory=now)

    @property
    def state(self) -> str:
        """The newest state."""
        return self.statuses[-1].state if self.statuses else "pending"


@dataclass
class SubjectTemplate:
    """How a repository's OIDC subject is written. None: as the owner has it."""

    use_default: bool = True
    claim_keys: list[str] | None = None
    immutable: bool | None = None


@dataclass(frozen=True)
class Dispatch:
    """A `repository_dispatch` that arrived: what a workflow would see as `github.event`."""

    repository: str
    event_type: str
    client_payload: dict[str, Any]
    sender: str
    time: str


@dataclass
class Repository:
    """A repository, wherever it is renamed to: `id` stays."""

    id: int
    owner: Account
    name: str
    visibility: Visibility
    git: GitDirectory
    creator: str
    description: str | None = None
    homepage: str | None = None
    default_branch: str = "main"
    archived: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    topics: list[str] = field(default_factory=list)
    collaborators: dict[str, Literal["read", "write", "admin"]] = field(default_factory=dict)
    teams: dict[str, Literal["read", "write", "admin"]] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    protection: dict[str, dict[str, Any]] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)
    subject: SubjectTemplate = field(default_factory=SubjectTemplate)
    born_immutable: bool = True
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    pushed_at: str = field(default_factory=now)

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return f"{self.owner.login}/{self.name}"

    @property
    def next_number(self) -> int:
        """The number of the next issue or pull request."""
        return len(self.pulls) + len(self.issues) + 1

    @property
    def private(self) -> bool:
        """Whether the repository is not public."""
        return self.visibility != "public"
