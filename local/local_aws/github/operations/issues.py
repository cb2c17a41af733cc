"""Issues. A listing has the pull requests, too, as GitHub's.

https://docs.github.com/rest/issues/issues
"""

from __future__ import annotations

from typing import Any

from local_aws.github import shapes
from local_aws.github.access import missing_permission, role_of
from local_aws.github.errors import forbidden, not_found, unprocessable
from local_aws.github.http.call import Answer, Call
from local_aws.github.http.routing import Routes
from local_aws.github.pull_state import author_association
from local_aws.github.records import Issue, PullRequest, Repository, node_id, now

ROUTES = Routes()
_ISSUES = "/repos/{owner}/{repo}/issues"
_ISSUE = f"{_ISSUES}/{{issue_number}}"


@ROUTES.on("GET", _ISSUES)
def issues(call: Call) -> Answer:
    """The newest first unless `direction` says otherwise, the open ones unless `state` does."""
    repository = call.repository("issues", "read")
    state = call.query.get("state", "open")
    every: list[Issue | PullRequest] = [*repository.issues.values(), *repository.pulls.values()]
    found = [each for each in every if state in {"all", each.state}]
    found.sort(key=lambda each: each.number, reverse=call.query.get("direction", "desc") == "desc")
    page, headers = call.page(found)
    return Answer(body=[_as_json(call, repository, each) for each in page], headers=headers)


@ROUTES.on("POST", _ISSUES)
def create(call: Call) -> Answer:
    """Whoever can read a repository can open an issue: the account needs no more, the token does."""
    repository = call.repository("issues", "read", even_archived=True)
    if not call.token.grants("issues", "write"):
        raise missing_permission(call.token, "issues", "write")
    if repository.archived:
        call.repository("issues", "write")
    title = call.required("title", str)
    if not title.strip():
        raise _invalid("title", "missing_field")
    made = Issue(call.state.new_id(), repository.next_number, call.user, title, call.optional("body", str))
    repository.issues[made.number] = made
    shown = _as_json(call, repository, made)
    return Answer(201, shown, {"Location": shown["url"]})


@ROUTES.on("GET", _ISSUE)
def issue(call: Call) -> Answer:
    repository = call.repository("issues", "read")
    return Answer(body=_as_json(call, repository, _existing(call, repository)))


@ROUTES.on("PATCH", _ISSUE)
def update(call: Call) -> Answer:
    """Its author may, and who may write to the repository."""
    repository = call.repository("issues", "read")
    if not call.token.grants("issues", "write"):
        raise missing_permission(call.token, "issues", "write")
    changed = _existing(call, repository)
    if changed.author is not call.user and role_of(call.caller, repository) not in {"write", "admin"}:
        raise forbidden("Must have admin rights to Repository.")
    state = call.optional("state", str, changed.state)
    if state not in {"open", "closed"}:
        raise _invalid("state", "invalid")
    if state != changed.state:
        ended = state == "closed"
        changed.closed_at, changed.closed_by = (now(), call.user) if ended else (None, None)
        changed.state_reason = "completed" if ended else "reopened"
        changed.state = "closed" if ended else "open"
    changed.title = call.optional("title", str, changed.title)
    changed.body = call.optional("body", str, changed.body)
    changed.updated_at = now()
    return Answer(body=_as_json(call, repository, changed))


def _existing(call: Call, repository: Repository) -> Issue:
    number = call["issue_number"]
    found = repository.issues.get(int(number)) if number.isdecimal() else None
    if found is None:
        raise not_found()
    return found


def _invalid(field: str, code: str) -> Exception:
    return unprocessable("Validation Failed", {"resource": "Issue", "field": field, "code": code})


def _as_json(call: Call, repository: Repository, shown: Issue | PullRequest) -> dict[str, Any]:
    urls = call.state.urls
    home = shapes.repository_url(urls, repository)
    url = f"{home}/issues/{shown.number}"
    web = f"{urls.web}/{repository.full_name}"
    page = f"{web}/{'pull' if isinstance(shown, PullRequest) else 'issues'}/{shown.number}"
    described = {
        "id": shown.id,
        "node_id": node_id("Issue", shown.id),
        "url": url,
        "repository_url": home,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": page,
        "number": shown.number,
        "state": shown.state,
        "title": shown.title,
        "body": shown.body,
        "user": shapes.account(urls, shown.author),
        "labels": [],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "locked": False,
        "comments": len(shown.comments),
        "closed_at": shown.closed_at,
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
        "author_association": author_association(repository, shown.author),
    }
    if isinstance(shown, Issue):
        closer = shapes.account(urls, shown.closed_by) if shown.closed_by else None
        return described | {"state_reason": shown.state_reason, "closed_by": closer}
    links = {"url": f"{home}/pulls/{shown.number}", "html_url": page}
    return described | {"pull_request": links | {"diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}}
