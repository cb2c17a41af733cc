"""Pull requests, computed from the branches that they join."""

from __future__ import annotations

from typing import Any

from local_aws.github import shapes
from local_aws.github.access import may, missing_permission
from local_aws.github.errors import not_found, unprocessable
from local_aws.github.http.call import Answer, Call
from local_aws.github.http.routing import Routes
from local_aws.github.operations.commits import diff_entry
from local_aws.github.pull_state import PullState, author_association, commits_of, state_of
from local_aws.github.records import Account, PullRequest, Repository, node_id, now

ROUTES = Routes()
_PULL = "/repos/{owner}/{repo}/pulls/{pull_number}"


@ROUTES.on("POST", "/repos/{owner}/{repo}/pulls")
def create(call: Call) -> Answer:
    """`head` is `BRANCH` or `OWNER:BRANCH`. One open pull request for a head and a base.

    Whoever can read a repository can propose a change from a fork: the account needs no more, the token does.
    """
    repository = call.repository("pull_requests", "read")
    if not call.token.grants("pull_requests", "write"):
        raise missing_permission(call.token, "pull_requests", "write")
    if repository.archived or ":" not in call.required("head", str):
        call.repository("pull_requests", "write")
    head, base = call.required("head", str), call.required("base", str)
    label, head_repository, branch = _head(call, repository, head)
    problems = []
    if repository.git.branch(base) is None:
        problems.append({"resource": "PullRequest", "field": "base", "code": "invalid"})
    if head_repository is None or head_repository.git.branch(branch) is None:
        problems.append({"resource": "PullRequest", "field": "head", "code": "invalid"})
    if problems or head_repository is None:
        raise unprocessable("Validation Failed", *problems)
    if _is_open(repository, head_repository, branch, base):
        raise _validation_error(f"A pull request already exists for {label}.")
    made = PullRequest(
        call.state.new_id(),
        repository.next_number,
        call.user,
        call.required("title", str),
        call.optional("body", str),
        branch,
        base,
        head_repository,
        call.optional("draft", bool, False),
    )
    if state_of(repository, made).commits == 0:
        raise _validation_error(f"No commits between {base} and {head}")
    repository.pulls[made.number] = made
    shown = described(call, repository, made)
    return Answer(201, shown, {"Location": shown["url"]})


@ROUTES.on("GET", "/repos/{owner}/{repo}/pulls")
def pulls(call: Call) -> Answer:
    """The newest first, the open ones unless the query says otherwise; `head` is `OWNER:BRANCH`."""
    repository = call.repository("pull_requests", "read")
    state, head, base = call.query.get("state", "open"), call.query.get("head"), call.query.get("base")
    found = [
        pull
        for pull in repository.pulls.values()
        if state in {"all", pull.state}
        and (not head or head == f"{pull.head_repository.owner.login}:{pull.head}")
        and base in {None, pull.base}
    ]
    found.sort(key=lambda pull: pull.number, reverse=call.query.get("direction", "desc") == "desc")
    page, headers = call.page(found)
    return Answer(body=[_simple(call, repository, pull) for pull in page], headers=headers)


@ROUTES.on("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls")
def pulls_of_commit(call: Call) -> Answer:
    """Of a commit of the default branch the merged pull requests that brought it, of another one the open ones with it.

    https://docs.github.com/rest/commits/commits#list-pull-requests-associated-with-a-commit
    """
    repository = call.repository("pull_requests", "read")
    sha = repository.git.resolve(call["commit_sha"])
    if sha is None:
        raise unprocessable(f"No commit found for SHA: {call['commit_sha']}")
    merged = [pull for pull in repository.pulls.values() if _contains(repository, pull, sha)]
    found = merged or [
        pull
        for pull in repository.pulls.values()
        if pull.state == "open" and commits_of(repository, pull)[0] == sha
    ]
    page, headers = call.page(found)
    return Answer(body=[_simple(call, repository, pull) for pull in page], headers=headers)


def _contains(repository: Repository, pull: PullRequest, sha: str) -> bool:
    return pull.merged_at is not None and sha in (pull.merge_commit, pull.closed_head)


@ROUTES.on("GET", _PULL)
def pull(call: Call) -> Answer:
    repository = call.repository("pull_requests", "read")
    return Answer(body=described(call, repository, existing(call, repository)))


@ROUTES.on("PATCH", _PULL)
def update(call: Call) -> Answer:
    repository = call.repository("pull_requests", "write")
    changed = existing(call, repository)
    state, base = call.optional("state", str, changed.state), call.optional("base", str, changed.base)
    if state not in {"open", "closed"}:
        raise unprocessable(
            "Validation Failed", {"resource": "PullRequest", "field": "state", "code": "invalid"}
        )
    if repository.git.branch(base) is None:
        raise unprocessable(
            "Validation Failed", {"resource": "PullRequest", "field": "base", "code": "invalid"}
        )
    if state == "closed" and changed.state == "open":
        close(repository, changed)
    elif state == "open" and changed.state == "closed":
        _reopen(repository, changed)
    changed.base = base
    changed.title = call.optional("title", str, changed.title)
    changed.body = call.optional("body", str, changed.body)
    changed.updated_at = now()
    return Answer(body=described(call, repository, changed))


@ROUTES.on("GET", f"{_PULL}/files")
def files(call: Call) -> Answer:
    repository = call.repository("pull_requests", "read")
    asked = existing(call, repository)
    state = state_of(repository, asked)
    page, headers = call.page(state.changes)
    return Answer(body=[diff_entry(call, repository, state.head, each) for each in page], headers=headers)


def existing(call: Call, repository: Repository) -> PullRequest:
    number = call["pull_number"]
    found = repository.pulls.get(int(number)) if number.isdecimal() else None
    if found is None:
        raise not_found()
    return found


def close(repository: Repository, closed: PullRequest) -> None:
    """From now on the pull request shows the commits that it had."""
    closed.closed_head, closed.closed_base = commits_of(repository, closed)
    closed.state, closed.closed_at, closed.updated_at = "closed", now(), now()


def _reopen(repository: Repository, changed: PullRequest) -> None:
    gone = changed.head_repository.git.branch(changed.head) is None
    if changed.merged_at or gone:
        raise unprocessable(
            "Validation Failed",
            {"resource": "PullRequest", "field": "state", "code": "invalid"},
        )
    changed.state, changed.closed_at = "open", None


def _head(call: Call, repository: Repository, head: str) -> tuple[str, Repository | None, str]:
    """(label, repository, branch) of `BRANCH` or `OWNER:BRANCH`, in a repository of the same name."""
    owner, colon, branch = head.partition(":")
    if not colon:
        return f"{repository.owner.login}:{head}", repository, head
    if owner.lower() == repository.owner.login.lower():
        return head, repository, branch
    fork = call.state.repository(f"{owner}/{repository.name}")
    if fork is None or not may(call.caller, fork, "contents", "read"):
        return head, None, branch
    return head, fork, branch


def _is_open(repository: Repository, head: Repository, branch: str, base: str) -> bool:
    key = (head.id, branch, base)
    return any(
        (pull.head_repository.id, pull.head, pull.base) == key
        for pull in repository.pulls.values()
        if pull.state == "open"
    )


def _validation_error(message: str) -> Exception:
    return unprocessable(
        "Validation Failed", {"resource": "PullRequest", "code": "custom", "message": message}
    )


def described(call: Call, repository: Repository, pull: PullRequest) -> dict[str, Any]:
    """`pull-request`: with what has to be computed."""
    state = state_of(repository, pull)
    merged_by = pull.merged_by and shapes.account(call.state.urls, pull.merged_by)
    return _simple(call, repository, pull, state) | {
        "merged": pull.merged_at is not None,
        "mergeable": state.mergeable,
        "mergeable_state": state.mergeable_state,
        "rebaseable": state.mergeable,
        "merged_by": merged_by,
        "comments": len(pull.comments),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": state.commits,
        "additions": sum(change.additions for change in state.changes),
        "deletions": sum(change.deletions for change in state.changes),
        "changed_files": len(state.changes),
    }


def _simple(
    call: Call, repository: Repository, shown: PullRequest, state: PullState | None = None
) -> dict[str, Any]:
    """`pull-request-simple`, as lists have it."""
    urls = call.state.urls
    head, base = (state.head, state.base) if state else commits_of(repository, shown)
    return {
        **_links(call, repository, shown, head),
        "id": shown.id,
        "node_id": node_id("PullRequest", shown.id),
        "number": shown.number,
        "state": shown.state,
        "locked": False,
        "title": shown.title,
        "user": shapes.account(urls, shown.author),
        "body": shown.body,
        "labels": [],
        "milestone": None,
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
        "closed_at": shown.closed_at,
        "merged_at": shown.merged_at,
        "merge_commit_sha": shown.merge_commit,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": _head_or_base(call, shown.head_repository, shown.head, head),
        "base": _head_or_base(call, repository, shown.base, base),
        "author_association": author_association(repository, shown.author),
        "auto_merge": None,
        "draft": shown.draft,
    }


def _head_or_base(call: Call, repository: Repository, branch: str, sha: str) -> dict[str, Any]:
    owner: Account = repository.owner
    return {
        "label": f"{owner.login}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": shapes.account(call.state.urls, owner),
        "repo": shapes.repository(call.state.urls, repository, call.caller),
    }


def _links(call: Call, repository: Repository, shown: PullRequest, head: str) -> dict[str, Any]:
    url = shapes.repository_url(call.state.urls, repository)
    own, issue = f"{url}/pulls/{shown.number}", f"{url}/issues/{shown.number}"
    web = f"{call.state.urls.web}/{repository.full_name}/pull/{shown.number}"
    links = {
        "comments": f"{issue}/comments",
        "commits": f"{own}/commits",
        "statuses": f"{url}/statuses/{head}",
        "issue": issue,
        "review_comments": f"{own}/comments",
        "review_comment": f"{url}/pulls/comments{{/number}}",
    }
    named = {f"{name}_url": link for name, link in links.items()}
    related = links | {"html": web, "self": own}
    page = {"url": own, "html_url": web, "diff_url": f"{web}.diff", "patch_url": f"{web}.patch"}
    return page | named | {"_links": {name: {"href": link} for name, link in related.items()}}
