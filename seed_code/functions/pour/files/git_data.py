"""A repository's branches, trees and commits, by GitHub's git database API."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from github import Client
from github.errors import InvalidError
from pour.files.seed import SeedFile

_NO_REF = (404, 409)
"""GitHub says 409 of a repository without commits."""


@dataclass(frozen=True)
class Entry:
    """A file in a tree."""

    sha: str
    mode: str


class GitData:
    """The git side of the repository at the API's path `path`."""

    def __init__(self, client: Client, path: str) -> None:
        self._client = client
        self._path = path

    def ref(self, name: str) -> str | None:
        """The commit of "heads/BRANCH" or "tags/TAG", None where there is none."""
        found = self._client.find(f"{self._path}/git/ref/{name}", absent=_NO_REF)
        return None if found is None else str(found["object"]["sha"])

    def ensure_ref(self, name: str, sha: str) -> None:
        """Make a branch or tag where there is none. One that is there stays as it is."""
        if self.ref(name) is not None:
            return
        try:
            self._client.post(f"{self._path}/git/refs", {"ref": f"refs/{name}", "sha": sha})
        except InvalidError:  # the answer to the first attempt was lost
            if self.ref(name) is None:
                raise

    def advance(self, branch: str, sha: str) -> None:
        """Move a branch forward. Raises InvalidError where that would lose commits."""
        self._client.patch(f"{self._path}/git/refs/heads/{branch}", {"sha": sha, "force": False})

    def delete_branch(self, branch: str) -> None:
        """Delete a branch."""
        self._client.delete(f"{self._path}/git/refs/heads/{branch}")

    def begin(self, file: SeedFile, message: str) -> str:
        """The first commit of a repository without any, which this API cannot make; returns its sha.

        It goes to the default branch, whatever its owner calls that.
        """
        content = base64.b64encode(file.content).decode()
        answer = self._client.put(
            f"{self._path}/contents/{file.path}", {"message": message, "content": content}
        )
        return str(answer["commit"]["sha"])

    def tree_of(self, commit: str) -> str:
        """The SHA of a commit's tree."""
        return str(self._client.get(f"{self._path}/git/commits/{commit}")["tree"]["sha"])

    def files(self, tree: str) -> Mapping[str, Entry]:
        """The files of a tree by their paths. A tree beyond 100,000 entries comes in part."""
        answer = self._client.get(f"{self._path}/git/trees/{tree}?recursive=1")
        return {
            entry["path"]: Entry(entry["sha"], entry["mode"])
            for entry in answer["tree"]
            if entry["type"] == "blob"
        }

    def content(self, blob: str) -> bytes:
        """The content of a blob."""
        answer = self._client.get(f"{self._path}/git/blobs/{blob}")
        return base64.b64decode(answer["content"])

    def make_tree(self, files: Iterable[SeedFile], present: Iterable[str], base: str | None = None) -> str:
        """A tree of `files`, over `base` or over nothing; returns its sha.

        Text goes with the tree, in one request: GitHub counts requests that make something, 80 a minute. What is no
        text is sent before, as a blob, and what the repository has (`present`, by sha) is not sent again.
        """
        has = set(present)
        entries = [self._entry(file, file.sha in has) for file in files]
        body = {"tree": entries} if base is None else {"tree": entries, "base_tree": base}
        return str(self._client.post(f"{self._path}/git/trees", body)["sha"])

    def commit(self, message: str, tree: str, parent: str) -> str:
        """Returns the new commit's sha; no branch leads to it yet."""
        body = {"message": message, "tree": tree, "parents": [parent]}
        return str(self._client.post(f"{self._path}/git/commits", body)["sha"])

    def _entry(self, file: SeedFile, is_known: bool) -> dict[str, Any]:
        entry = {"path": file.path, "mode": file.mode, "type": "blob"}
        text = file.text
        if is_known:
            return {**entry, "sha": file.sha}
        if text is not None:
            return {**entry, "content": text}
        body = {"content": base64.b64encode(file.content).decode(), "encoding": "base64"}
        return {**entry, "sha": self._client.post(f"{self._path}/git/blobs", body)["sha"]}
