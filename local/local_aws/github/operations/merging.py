"""Merging a pull request: the branches really are merged.

https://docs.github.com/rest/pulls/pulls#merge-a-pull-request
"""

from __future__ import annotations

from local_aws.github import ref_updates
from local_aws.github.access import role_of
from local_aws.github.errors import ApiError, conflict, invalid_request
from local_aws.github.http.call import Answer, Call
from local_aws.github.http.routing import Routes
from local_aws.github.operations.pulls import close, existing
from local_aws.github.pull_state import PullState, commits_of, state_of
from local_aws.github.records import PullRequest, Repository, now

ROUTES = Routes()
_METHODS = ("merge", "squash", "rebase")


@ROUTES.on("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/merge")
def merge(call: Call) -> Answer:
    """405 where it cannot be merged or a rule forbids it, 409 where the head is another than `sha`."""
    repository = call.repository("contents", "write")
    merged = existing(call, repository)
    state = state_of(repository, merged)
    if merged.state == "closed" or merged.draft or state.tree is None:
        raise ApiError(405, "Pull Request is not mergeable")
    if call.optional("sha", str, state.head) != state.head:
        raise conflict("Head branch was modified. Review and try the merge again.")
    _check_rules(call, repository, merged)
    method = call.optional("merge_method", str, "merge")
    if method not in _METHODS:
        raise invalid_request(f"For 'properties/merge_method', {method} is not a member of {list(_METHODS)}.")
    sha = _commit(call, repository, merged, state, method)
    close(repository, merged)
    ref_updates.move_ref(call.token, repository, f"{ref_updates.HEADS}{merged.base}", sha, by_merge=True)
    merged.merge_commit, merged.merged_at, merged.merged_by = sha, now(), call.user
    return Answer(body={"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


@ROUTES.on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/merge")
def is_merged(call: Call) -> Answer:
    repository = call.repository("pull_requests", "read")
    if existing(call, repository).merged_at is None:
        raise ApiError(404, "Not Found")
    return Answer(204)


def _check_rules(call: Call, repository: Repository, merged: PullRequest) -> None:
    """Approvals do not exist here, so a rule that asks for one forbids; who administers may pass unless bound."""
    rules = repository.protection.get(merged.base)
    if rules is None or (role_of(call.caller, repository) == "admin" and not rules["enforce_admins"]):
        return
    reviews = rules["required_pull_request_reviews"]
    if reviews is not None and reviews["required_approving_review_count"]:
        count = reviews["required_approving_review_count"]
        raise ApiError(405, f"At least {count} approving review is required by reviewers with write access.")
    head = commits_of(repository, merged)[0]
    done = call.state.checks.get((repository.id, head), {})
    for check in (rules["required_status_checks"] or {}).get("checks", ()):
        # https://docs.github.com/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks
        if done.get(check["context"]) in {"success", "skipped", "neutral"}:
            continue
        raise ApiError(405, f'Required status check "{check["context"]}" is expected.')


def _commit(call: Call, repository: Repository, merged: PullRequest, state: PullState, method: str) -> str:
    """The commit that the base moves to. A rebase of several commits becomes one commit each."""
    git, person = repository.git, ref_updates.identity(call.user)
    assert state.tree is not None
    label = f"{merged.head_repository.owner.login}/{merged.head}"
    if method == "rebase":
        parent = state.base
        for commit in reversed(git.log(f"{state.base}..{state.head}")):
            tree = git.merged_tree(f"{commit.sha}^", parent, commit.sha)
            if tree is None:
                raise ApiError(405, "This branch can't be rebased")
            parent = git.write_commit(tree, [parent], commit.message, commit.author, person)
        return parent
    squash = method == "squash"
    title = (
        f"{merged.title} (#{merged.number})"
        if squash
        else f"Merge pull request #{merged.number} from {label}"
    )
    title = call.optional("commit_title", str, title)
    text = call.optional("commit_message", str, (merged.body or "") if squash else merged.title)
    parents = [state.base] if squash else [state.base, state.head]
    return git.write_commit(state.tree, parents, f"{title}\n\n{text}".rstrip() + "\n", person, person)
