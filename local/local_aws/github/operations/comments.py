"""Comments on pull requests and issues, which GitHub keeps together."""

from __future__ import annotations

from typing import Any

from local_aws.github import shapes
from local_aws.github.access import missing_permission, role_of
from local_aws.github.credentials import Token
from local_aws.github.errors import forbidden, not_found, unprocessable
from local_aws.github.http.call import Answer, Call
from local_aws.github.http.routing import Routes
from local_aws.github.pull_state import author_association
from local_aws.github.records import Comment, Issue, PullRequest, Repository, node_id, now

ROUTES = Routes()
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"
_COMMENTS = "/repos/{owner}/{repo}/issues/{issue_number}/comments"
_LONGEST = 65536
_Commented = PullRequest | Issue


@ROUTES.on("GET", _COMMENTS)
def comments(call: Call) -> Answer:
    """The oldest first."""
    repository = _readable(call)
    pull = _pull(call, repository)
    page, headers = call.page(pull.comments)
    return Answer(body=[_as_json(call, repository, pull, each) for each in page], headers=headers)


@ROUTES.on("POST", _COMMENTS)
def create(call: Call) -> Answer:
    repository = _writable(call)
    pull = _pull(call, repository)
    made = Comment(call.state.new_id(), call.user, _body(call))
    pull.comments.append(made)
    shown = _as_json(call, repository, pull, made)
    return Answer(201, shown, {"Location": shown["url"]})


@ROUTES.on("GET", _COMMENT)
def comment(call: Call) -> Answer:
    repository = _readable(call)
    return Answer(body=_as_json(call, repository, *_existing(call, repository)))


@ROUTES.on("PATCH", _COMMENT)
def update(call: Call) -> Answer:
    """Its author may, and who may write to the repository."""
    repository = _writable(call)
    pull, changed = _existing(call, repository)
    if changed.author is not call.user and role_of(call.caller, repository) not in {"write", "admin"}:
        raise forbidden("Must have admin rights to Repository.")
    changed.body, changed.updated_at = _body(call), now()
    return Answer(body=_as_json(call, repository, pull, changed))


@ROUTES.on("DELETE", _COMMENT)
def delete(call: Call) -> Answer:
    repository = _writable(call)
    pull, gone = _existing(call, repository)
    pull.comments.remove(gone)
    return Answer(204)


def _readable(call: Call) -> Repository:
    return call.repository(_permission(call, "read"), "read")


def _writable(call: Call) -> Repository:
    """Whoever can read a repository can comment: the account needs no more, the token does."""
    permission = _permission(call, "write")
    repository = call.repository(permission, "read", even_archived=True)
    if not call.token.grants(permission, "write"):
        raise missing_permission(call.token, permission, "write")
    if repository.archived:
        call.repository(permission, "write")
    return repository


def _permission(call: Call, level: str) -> str:
    """Either permission will do on a pull request."""
    holds_pulls = isinstance(call.caller, Token) and call.caller.grants("pull_requests", level)
    return "pull_requests" if holds_pulls else "issues"


def _pull(call: Call, repository: Repository) -> _Commented:
    number = int(call["issue_number"]) if call["issue_number"].isdecimal() else 0
    found = repository.pulls.get(number) or repository.issues.get(number)
    if found is None:
        raise not_found()
    return found


def _existing(call: Call, repository: Repository) -> tuple[_Commented, Comment]:
    every: list[_Commented] = [*repository.pulls.values(), *repository.issues.values()]
    for pull in every:
        for held in pull.comments:
            if str(held.id) == call["comment_id"]:
                return pull, held
    raise not_found()


def _body(call: Call) -> str:
    body = call.required("body", str)
    if not body.strip():
        raise unprocessable(
            "Validation Failed",
            {
                "resource": "IssueComment",
                "code": "unprocessable",
                "field": "data",
                "message": "Body cannot be blank",
            },
        )
    if len(body) > _LONGEST:
        raise unprocessable(
            "Validation Failed",
            {
                "resource": "IssueComment",
                "code": "unprocessable",
                "field": "data",
                "message": f"Body is too long (maximum is {_LONGEST} characters)",
            },
        )
    return body


def _as_json(call: Call, repository: Repository, pull: _Commented, shown: Comment) -> dict[str, Any]:
    url = f"{shapes.repository_url(call.state.urls, repository)}/issues"
    kind = "pull" if isinstance(pull, PullRequest) else "issues"
    web = f"{call.state.urls.web}/{repository.full_name}/{kind}/{pull.number}"
    return {
        "id": shown.id,
        "node_id": node_id("IssueComment", shown.id),
        "url": f"{url}/comments/{shown.id}",
        "html_url": f"{web}#issuecomment-{shown.id}",
        "issue_url": f"{url}/{pull.number}",
        "body": shown.body,
        "user": shapes.account(call.state.urls, shown.author),
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
        "author_association": author_association(repository, shown.author),
    }
