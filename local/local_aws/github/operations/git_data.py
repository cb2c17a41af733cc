"""Git's objects and refs. An empty repository answers 409 to all of them: contents.py makes its first commit."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from local_aws.github import ref_updates, shapes
from local_aws.github.errors import GitError, empty_repository, invalid_request, not_found, unprocessable
from local_aws.github.git import Person
from local_aws.github.http.call import Answer, Call, checked
from local_aws.github.http.routing import Routes
from local_aws.github.records import Repository, node_id, now

ROUTES = Routes()
_MODES = {"100644": "blob", "100755": "blob", "040000": "tree", "160000": "commit", "120000": "blob"}
_MOST_ENTRIES = 100_000


@ROUTES.on("GET", "/repos/{owner}/{repo}/git/ref/{ref+}")
def ref(call: Call) -> Answer:
    repository = _non_empty_repository(call, "read")
    name = f"refs/{call['ref']}"
    if (sha := repository.git.refs().get(name)) is None:
        raise not_found()
    return Answer(body=_ref(call, repository, name, sha))


@ROUTES.on("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref+}")
def matching_refs(call: Call) -> Answer:
    repository = _non_empty_repository(call, "read")
    found = repository.git.refs(f"refs/{call['ref']}")
    page, headers = call.page(list(found))
    return Answer(body=[_ref(call, repository, name, found[name]) for name in page], headers=headers)


@ROUTES.on("POST", "/repos/{owner}/{repo}/git/refs")
def create_ref(call: Call) -> Answer:
    repository = _non_empty_repository(call, "write")
    name, sha = call.required("ref", str), call.required("sha", str)
    ref_updates.create_ref(call.token, repository, name, sha)
    return _created(_ref(call, repository, name, sha))


@ROUTES.on("PATCH", "/repos/{owner}/{repo}/git/refs/{ref+}")
def update_ref(call: Call) -> Answer:
    repository = _non_empty_repository(call, "write")
    name, sha = f"refs/{call['ref']}", call.required("sha", str)
    ref_updates.move_ref(call.token, repository, name, sha, call.optional("force", bool, False))
    return Answer(body=_ref(call, repository, name, sha))


@ROUTES.on("DELETE", "/repos/{owner}/{repo}/git/refs/{ref+}")
def delete_ref(call: Call) -> Answer:
    repository = _non_empty_repository(call, "write")
    ref_updates.delete_ref(call.token, repository, f"refs/{call['ref']}")
    return Answer(204)


@ROUTES.on("POST", "/repos/{owner}/{repo}/git/blobs")
def create_blob(call: Call) -> Answer:
    repository = _non_empty_repository(call, "write")
    content = call.required("content", str)
    encoding = call.optional("encoding", str, "utf-8")
    [sha] = repository.git.write_blobs([_decoded(content, encoding)])
    url = f"{shapes.repository_url(call.state.urls, repository)}/git/blobs/{sha}"
    return _created({"sha": sha, "url": url})


@ROUTES.on("GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}")
def blob(call: Call) -> Answer:
    repository = _non_empty_repository(call, "read")
    sha = call["file_sha"]
    if repository.git.type_of(sha) != "blob":
        raise not_found()
    content = repository.git.blob(sha)
    return Answer(
        body={
            "sha": sha,
            "node_id": node_id(f"Blob:{repository.id}", int(sha[:8], 16)),
            "size": len(content),
            "url": f"{shapes.repository_url(call.state.urls, repository)}/git/blobs/{sha}",
            "content": base64.encodebytes(content).decode(),
            "encoding": "base64",
        }
    )


@ROUTES.on("POST", "/repos/{owner}/{repo}/git/trees")
def create_tree(call: Call) -> Answer:
    repository = _non_empty_repository(call, "write")
    base = call.optional("base_tree", str)
    if base is not None and repository.git.type_of(base) not in {"tree", "commit"}:
        raise unprocessable("base_tree is not a valid tree oid")
    entries = [_entry(repository, checked("tree", each, dict)) for each in call.required("tree", list)]
    if not entries:
        raise unprocessable("Invalid tree info")
    texts = [content for _, _, content in entries if isinstance(content, bytes)]
    shas = iter(repository.git.write_blobs(texts))
    lines = [
        (mode, path, next(shas) if isinstance(content, bytes) else content) for mode, path, content in entries
    ]
    try:
        sha = repository.git.write_tree(base, lines)
    except GitError as error:
        raise unprocessable("GitRPC::BadObjectState") from error
    return _created(_tree(call, repository, sha))


@ROUTES.on("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha+}")
def tree(call: Call) -> Answer:
    """`tree_sha` may name a branch or a commit. Any value of `recursive` asks for all below."""
    repository = _non_empty_repository(call, "read")
    if (sha := repository.git.resolve(call["tree_sha"], "tree")) is None:
        raise not_found()
    return Answer(body=_tree(call, repository, sha, "recursive" in call.query))


@ROUTES.on("POST", "/repos/{owner}/{repo}/git/commits")
def create_commit(call: Call) -> Answer:
    repository = _non_empty_repository(call, "write")
    message, tree_sha = call.required("message", str), call.required("tree", str)
    if repository.git.type_of(tree_sha) != "tree":
        raise unprocessable("Tree SHA does not exist")
    parents = [checked("parents", parent, str) for parent in call.optional("parents", list, [])]
    if any(repository.git.type_of(parent) != "commit" for parent in parents):
        raise unprocessable("Parent SHA does not exist or is not a commit object")
    author = person(call, "author") or ref_updates.identity(call.user)
    committer = person(call, "committer") or author
    sha = repository.git.write_commit(tree_sha, parents, message, author, committer)
    made = repository.git.commit(sha)
    assert made is not None
    return _created(shapes.git_commit(call.state.urls, repository, made))


@ROUTES.on("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}")
def commit(call: Call) -> Answer:
    repository = _non_empty_repository(call, "read")
    found = repository.git.commit(call["commit_sha"])
    if found is None:
        raise not_found()
    return Answer(body=shapes.git_commit(call.state.urls, repository, found))


def person(call: Call, member: str) -> Person | None:
    """`author` or `committer` of the body. Raises 422 without name or address."""
    stated: Mapping[str, Any] | None = call.optional(member, dict)
    if stated is None:
        return None
    name, email = stated.get("name"), stated.get("email")
    if not isinstance(name, str) or not isinstance(email, str):
        raise invalid_request(f'"name" and "email" weren\'t supplied for "{member}".')
    return Person(name, email, checked("date", stated.get("date") or now(), str))


def _entry(repository: Repository, entry: Mapping[str, Any]) -> tuple[str, str, str | bytes | None]:
    """(mode, path, sha or new content; None removes the path)."""
    path, mode = entry.get("path"), entry.get("mode")
    sha, content = entry.get("sha"), entry.get("content")
    if not isinstance(path, str) or not path or path.startswith("/") or ".." in path.split("/"):
        raise unprocessable("tree.path contains a malformed path component")
    if mode not in _MODES:
        raise unprocessable(
            "Must supply a valid tree.mode", f"tree.mode of {path} must be one of {', '.join(_MODES)}"
        )
    if sha is not None and content is not None:
        raise unprocessable("Must supply either tree.sha or tree.content")
    if content is not None:
        return mode, path, checked("content", content, str).encode()
    if "sha" not in entry:
        raise unprocessable("Must supply tree.sha or tree.content")
    if sha is not None and repository.git.type_of(checked("sha", sha, str)) != _MODES[mode]:
        raise unprocessable(f"tree.sha {sha} is not a valid {_MODES[mode]}")
    return mode, path, sha


def _tree(call: Call, repository: Repository, sha: str, recursive: bool = False) -> dict[str, Any]:
    url = f"{shapes.repository_url(call.state.urls, repository)}/git"
    entries = repository.git.entries(sha, recursive)
    shown = []
    for entry in entries[:_MOST_ENTRIES]:
        line: dict[str, Any] = {"path": entry.path, "mode": entry.mode, "type": entry.type, "sha": entry.sha}
        if entry.size is not None:
            line["size"] = entry.size
        if entry.type != "commit":
            line["url"] = f"{url}/{entry.type}s/{entry.sha}"
        shown.append(line)
    return {
        "sha": sha,
        "url": f"{url}/trees/{sha}",
        "tree": shown,
        "truncated": len(entries) > _MOST_ENTRIES,
    }


def _ref(call: Call, repository: Repository, name: str, sha: str) -> dict[str, Any]:
    url = f"{shapes.repository_url(call.state.urls, repository)}/git"
    kind = repository.git.type_of(sha)
    return {
        "ref": name,
        "node_id": node_id(f"Ref:{repository.id}:{name}", repository.id),
        "url": f"{url}/{name}",
        "object": {"sha": sha, "type": kind, "url": f"{url}/{kind}s/{sha}"},
    }


def _decoded(content: str, encoding: str) -> bytes:
    if encoding != "base64":
        return content.encode()
    try:
        return base64.b64decode(content)
    except binascii.Error as error:
        raise unprocessable("content is not valid Base64") from error


def _created(body: dict[str, Any]) -> Answer:
    return Answer(201, body, {"Location": body["url"]})


def _non_empty_repository(call: Call, level: str) -> Repository:
    """The repository, which must have a branch. Raises 409."""
    repository = call.repository("contents", level)
    if repository.git.empty:
        raise empty_repository()
    return repository
