"""Branches and the history of commits."""

from __future__ import annotations

from typing import Any

from local_aws.github import shapes
from local_aws.github.errors import empty_repository, not_found, unprocessable
from local_aws.github.git import Change
from local_aws.github.http.call import Answer, Call
from local_aws.github.http.routing import Routes
from local_aws.github.records import Repository
from local_aws.github.ref_updates import HEADS

ROUTES = Routes()
_STATUSES = {"A": "added", "M": "modified", "D": "removed", "T": "changed"}


@ROUTES.on("GET", "/repos/{owner}/{repo}/commits")
def commits(call: Call) -> Answer:
    """Those of `sha` (the default branch), of one path where the query names it."""
    repository = _non_empty_repository(call)
    start = repository.git.resolve(call.query.get("sha") or repository.default_branch)
    if start is None:
        raise not_found()
    page, headers = call.page(repository.git.log(start, path=call.query.get("path", "")))
    return Answer(body=[shapes.commit(call.state.urls, repository, each) for each in page], headers=headers)


@ROUTES.on("GET", "/repos/{owner}/{repo}/commits/{ref+}")
def commit(call: Call) -> Answer:
    repository = _non_empty_repository(call)
    sha = repository.git.resolve(call["ref"])
    found = repository.git.commit(sha) if sha else None
    if found is None:
        raise unprocessable(f"No commit found for SHA: {call['ref']}")
    changes = repository.git.changes(found.parents[0] if found.parents else None, found.sha)
    files = [diff_entry(call, repository, found.sha, change) for change in changes]
    added, removed = sum(file["additions"] for file in files), sum(file["deletions"] for file in files)
    stats = {"total": added + removed, "additions": added, "deletions": removed}
    return Answer(body=shapes.commit(call.state.urls, repository, found) | {"stats": stats, "files": files})


@ROUTES.on("GET", "/repos/{owner}/{repo}/branches")
def branches(call: Call) -> Answer:
    repository = call.repository("contents", "read")
    url = shapes.repository_url(call.state.urls, repository)
    heads = {name.removeprefix(HEADS): sha for name, sha in repository.git.refs(HEADS).items()}
    page, headers = call.page(list(heads))
    shown = [
        {
            "name": name,
            "commit": {"sha": heads[name], "url": f"{url}/commits/{heads[name]}"},
            "protected": name in repository.protection,
        }
        for name in page
    ]
    return Answer(body=shown, headers=headers)


@ROUTES.on("GET", "/repos/{owner}/{repo}/branches/{branch+}")
def branch(call: Call) -> Answer:
    repository = call.repository("contents", "read")
    name = call["branch"]
    sha = repository.git.branch(name)
    found = repository.git.commit(sha) if sha else None
    if found is None:
        raise not_found("Branch not found")
    url = f"{shapes.repository_url(call.state.urls, repository)}/branches/{name}"
    return Answer(
        body={
            "name": name,
            "commit": shapes.commit(call.state.urls, repository, found),
            "_links": {"self": url, "html": f"{call.state.urls.web}/{repository.full_name}/tree/{name}"},
            "protected": name in repository.protection,
            "protection": _protection_summary(repository, name),
            "protection_url": f"{url}/protection",
        }
    )


def diff_entry(call: Call, repository: Repository, commit_sha: str, change: Change) -> dict[str, Any]:
    """A changed file, without its patch."""
    url = shapes.repository_url(call.state.urls, repository)
    web = f"{call.state.urls.web}/{repository.full_name}"
    return {
        "sha": change.sha,
        "filename": change.path,
        "status": _STATUSES[change.status],
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": f"{web}/blob/{commit_sha}/{change.path}",
        "raw_url": f"{web}/raw/{commit_sha}/{change.path}",
        "contents_url": f"{url}/contents/{change.path}?ref={commit_sha}",
    }


def _protection_summary(repository: Repository, name: str) -> dict[str, Any]:
    rules = repository.protection.get(name)
    checks = (rules or {}).get("required_status_checks") or {}
    level = "off" if rules is None or not checks else "non_admins"
    if rules is not None and checks and rules["enforce_admins"]:
        level = "everyone"
    listed = checks.get("checks", [])
    contexts = [check["context"] for check in listed]
    required = {"enforcement_level": level, "contexts": contexts, "checks": listed}
    return {"enabled": rules is not None, "required_status_checks": required}


def _non_empty_repository(call: Call) -> Repository:
    repository = call.repository("contents", "read")
    if repository.git.empty:
        raise empty_repository()
    return repository
