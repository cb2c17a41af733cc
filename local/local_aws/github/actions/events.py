"""Events of a repository for workflows: `github.event`, with its `github.ref` and `github.sha`.

https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.github import shapes
from local_aws.github.credentials import Anonymous, Caller
from local_aws.github.git import Commit
from local_aws.github.http.call import Call
from local_aws.github.operations import pulls
from local_aws.github.pull_state import commits_of, state_of
from local_aws.github.records import Dispatch, PullRequest, Repository, User
from local_aws.github.ref_updates import HEADS, identity
from local_aws.github.state import State

NOTHING = "0" * 40


@dataclass(frozen=True)
class Event:
    """`ref` is a full one and `sha` the commit that a job checks out; `head_sha` is the one whose checks a run is among.

    `trusted` is False for pull requests from forks and of Dependabot: no secrets, no variables of the first, no writing.
    """

    name: str
    repository: Repository
    actor: User
    ref: str
    sha: str
    payload: Mapping[str, Any]
    action: str | None = None
    head_sha: str = ""
    head_ref: str = ""
    base_ref: str = ""
    from_fork: bool = False
    trusted: bool = True
    changed_paths: tuple[str, ...] | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def commit(self) -> str:
        """The commit that the workflow runs on."""
        return self.head_sha or self.sha


def push(
    state: State, caller: Caller, repository: Repository, ref: str, before: str | None, after: str
) -> Event:
    """The event of a push to a ref."""
    git, user = repository.git, _user(caller)
    head = git.commit(after)
    changes = git.changes(before, after) if head else []
    forced = before is not None and not git.is_ancestor(before, after)
    payload = _base(state, caller, repository) | {
        "ref": ref,
        "before": before or NOTHING,
        "after": after,
        "created": before is None,
        "deleted": False,
        "forced": forced,
        "base_ref": None,
        "compare": f"{state.urls.web}/{repository.full_name}/compare/{(before or NOTHING)[:12]}...{after[:12]}",
        "head_commit": head and _commit(state, repository, head),
        "commits": [_commit(state, repository, head)] if head else [],
        "pusher": {"name": user.login, "email": identity(user).email},
    }
    paths = tuple(each.path for each in changes)
    return Event("push", repository, user, ref, after, payload, changed_paths=paths)


def pull_request(
    state: State, caller: Caller, repository: Repository, pull: PullRequest, action: str, **more: Any
) -> Event | None:
    """None where the branches conflict: then nothing runs. A merged one's ref is the branch that it was merged into."""
    merge = _merge_ref(repository, pull)
    if merge is None:
        return None
    ref, sha = merge
    head, base = commits_of(repository, pull)
    git = repository.git
    changes = git.changes(git.merge_base(base, head), head)
    shown = pulls.described(_call(state, caller), repository, pull)
    payload = _base(state, caller, repository) | {
        "action": action,
        "number": pull.number,
        "pull_request": shown,
        **more,
    }
    fork = pull.head_repository is not repository
    user = _user(caller)
    return Event(
        "pull_request",
        repository,
        user,
        ref,
        sha,
        payload,
        action,
        head_sha=head,
        head_ref=pull.head,
        base_ref=pull.base,
        from_fork=fork,
        trusted=not fork and user.login != "dependabot[bot]",
        changed_paths=tuple(each.path for each in changes),
    )


def repository_dispatch(state: State, caller: Caller, repository: Repository, dispatch: Dispatch) -> Event:
    """The event of a repository dispatch."""
    payload = _base(state, caller, repository) | {
        "action": dispatch.event_type,
        "branch": repository.default_branch,
        "client_payload": dispatch.client_payload,
    }
    ref, sha = _default(repository)
    return Event(
        "repository_dispatch", repository, _user(caller), ref, sha, payload, action=dispatch.event_type
    )


def workflow_dispatch(
    state: State, caller: Caller, repository: Repository, path: str, ref: str, inputs: Mapping[str, Any]
) -> Event:
    """`ref` is a full one."""
    payload = _base(state, caller, repository) | {"inputs": dict(inputs), "ref": ref, "workflow": path}
    sha = repository.git.refs()[ref]
    return Event("workflow_dispatch", repository, _user(caller), ref, sha, payload, inputs=inputs)


def schedule(state: State, caller: Caller, repository: Repository, cron: str) -> Event:
    """The event of a schedule."""
    payload = _base(state, caller, repository) | {"schedule": cron}
    return Event("schedule", repository, _user(caller), *_default(repository), payload)


def _default(repository: Repository) -> tuple[str, str]:
    ref = f"{HEADS}{repository.default_branch}"
    return ref, repository.git.refs()[ref]


def _merge_ref(repository: Repository, pull: PullRequest) -> tuple[str, str] | None:
    """(ref, sha) of a test merge, which is made and kept as `refs/pull/NUMBER/merge`."""
    if pull.merge_commit:
        return f"{HEADS}{pull.base}", pull.merge_commit
    git, ref = repository.git, f"refs/pull/{pull.number}/merge"
    if pull.state == "closed":
        kept = git.ref(ref)
        return (ref, kept) if kept else None
    state = state_of(repository, pull)
    if state.tree is None:
        return None
    author = identity(pull.author)
    made = git.write_commit(
        state.tree, [state.base, state.head], f"Merge {state.head} into {state.base}\n", author, author
    )
    git.update_ref(ref, made, git.ref(ref))
    head = f"refs/pull/{pull.number}/head"
    git.update_ref(head, state.head, git.ref(head))
    return ref, made


def _base(state: State, caller: Caller, repository: Repository) -> dict[str, Any]:
    """The members that every event has."""
    owner = shapes.account(state.urls, repository.owner)
    organization = {"organization": owner} if repository.owner.type == "Organization" else {}
    return {
        "repository": shapes.repository(state.urls, repository, Anonymous()),
        "sender": shapes.account(state.urls, _user(caller)),
        **organization,
    }


def _commit(state: State, repository: Repository, commit: Commit) -> dict[str, Any]:
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": commit.committer.date,
        "url": f"{state.urls.web}/{repository.full_name}/commit/{commit.sha}",
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }


def _call(state: State, caller: Caller) -> Call:
    return Call(state, caller, "GET", "", {}, {}, {})


def _user(caller: Caller) -> User:
    user = getattr(caller, "user", None)
    assert isinstance(user, User), "nobody without a token changes a repository"
    return user
