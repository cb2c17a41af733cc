"""Files of a branch: read, created and changed one by one. The only way to make the first commit of an empty repository."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from local_aws.github import ref_updates, shapes
from local_aws.github.access import role_of
from local_aws.github.errors import conflict, not_found, unprocessable
from local_aws.github.git import Commit, Entry
from local_aws.github.http.call import Answer, Call
from local_aws.github.http.routing import Routes
from local_aws.github.operations.git_data import person
from local_aws.github.records import Repository

ROUTES = Routes()
_KINDS = {"blob": "file", "tree": "dir", "commit": "submodule"}


@ROUTES.on("GET", "/repos/{owner}/{repo}/contents/{path+}")
def contents(call: Call) -> Answer:
    """A file with its content in base64, or the list of a folder."""
    repository = call.repository("contents", "read")
    if repository.git.empty:
        raise not_found("This repository is empty.")
    name = call.query.get("ref") or repository.default_branch
    commit = repository.git.resolve(name)
    if commit is None:
        raise not_found(f"No commit found for the ref {name}")
    entry = repository.git.entry(commit, call["path"])
    if entry is None:
        raise not_found()
    if entry.type == "tree":
        inside = repository.git.entries(entry.sha)
        listed = [_as_json(call, repository, each, f"{entry.path}/{each.path}", name) for each in inside]
        return Answer(body=listed)
    content = base64.encodebytes(repository.git.blob(entry.sha)).decode()
    shown = _as_json(call, repository, entry, entry.path, name)
    return Answer(body=shown | {"encoding": "base64", "content": content})


@ROUTES.on("PUT", "/repos/{owner}/{repo}/contents/{path+}")
def write(call: Call) -> Answer:
    """Create a file, or change the one whose blob is `sha`. Raises 409 where it is another by now, 422 without `sha`."""
    repository = call.repository("contents", "write")
    path, message = call["path"], call.required("message", str)
    content = _decoded(call.required("content", str))
    branch = call.optional("branch", str, repository.default_branch)
    ref_updates.check_workflow_path(call.token, path)
    head = repository.git.branch(branch)
    if head is None and not repository.git.empty:
        raise not_found(f"Branch {branch} not found")
    old = repository.git.entry(head, path) if head else None
    stated = call.optional("sha", str)
    if old is not None and stated is None:
        raise unprocessable('Invalid request.\n\n"sha" wasn\'t supplied.')
    if stated is not None and (old is None or old.sha != stated):
        raise conflict(f"{path} does not match {stated}")
    if problem := ref_updates.rule_against(repository, branch, _administers(call, repository), forced=False):
        raise conflict(f"Could not {'update' if old else 'create'} file: {problem}")
    author = person(call, "committer") or person(call, "author") or ref_updates.identity(call.user)
    sha = ref_updates.commit_files(repository, branch, {path: content}, message, author)
    commit, entry = repository.git.commit(sha), repository.git.entry(sha, path)
    assert commit is not None
    assert entry is not None
    shown = _as_json(call, repository, entry, path, branch)
    return Answer(200 if old else 201, {"content": shown, "commit": _commit(call, repository, commit)})


def _administers(call: Call, repository: Repository) -> bool:
    return role_of(call.caller, repository) == "admin"


def _commit(call: Call, repository: Repository, commit: Commit) -> dict[str, Any]:
    return shapes.git_commit(call.state.urls, repository, commit)


def _as_json(call: Call, repository: Repository, entry: Entry, path: str, ref: str) -> dict[str, Any]:
    """`content-file` without the content."""
    url = shapes.repository_url(call.state.urls, repository)
    web = f"{call.state.urls.web}/{repository.full_name}"
    own = f"{url}/contents/{path}?ref={ref}"
    git_url = f"{url}/git/{'trees' if entry.type == 'tree' else 'blobs'}/{entry.sha}"
    html_url = f"{web}/{entry.type}/{ref}/{path}"
    return {
        "type": _KINDS[entry.type],
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": own,
        "git_url": git_url,
        "html_url": html_url,
        "download_url": None if entry.type == "tree" else f"{web}/raw/{ref}/{path}",
        "_links": {"self": own, "git": git_url, "html": html_url},
    }


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=False)
    except binascii.Error as error:
        raise unprocessable("content is not valid Base64") from error
