"""A bare git repository on disk, through the git command: objects, refs, merges."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local_aws.github.errors import GitError

_SHA = 40
_FULL_SHA = re.compile(rf"[0-9a-f]{{{_SHA}}}")
_MISSING = "0" * _SHA
_HEAD = 32
"""Characters that hold an object's type."""
_PACKED_HEAD = 4096
"""Bytes of a loose object that hold them: before anything else may come the codes that it is packed with."""


# Pushes are authorized by the server in front; pull requests of forks are fetched by commit; nothing is packed behind the
# server's back.
_CONFIG = """\
[http]
	receivepack = true
[uploadpack]
	allowAnySHA1InWant = true
[gc]
	auto = 0
"""


def environment(**more: str) -> dict[str, str]:
    """The whole environment of a git command: nothing of the user's settings, no prompt."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **more,
    }


@dataclass(frozen=True)
class Person:
    """Who wrote or committed; `date` in ISO 8601."""

    name: str
    email: str
    date: str


@dataclass(frozen=True)
class Commit:
    """A commit of the repository."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True)
class Entry:
    """A line of a tree; `size` of blobs only, in bytes."""

    mode: str
    type: str
    sha: str
    path: str
    size: int | None


@dataclass(frozen=True)
class Change:
    """A file that differs between two trees; `status` is git's letter, lines are 0 for binary files."""

    status: str
    path: str
    additions: int
    deletions: int
    sha: str


class GitDirectory:
    """A bare repository. Methods raise GitError where git fails; what is merely absent is None."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, default_branch: str) -> GitDirectory:
        """Create a bare repository."""
        path.mkdir(parents=True)
        made = cls(path)
        made.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}")
        with (path / "config").open("a") as config:
            config.write(_CONFIG)
        return made

    def run(self, *command: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> str:
        """The output of a git command as text. Raises GitError if it fails."""
        return self.run_bytes(*command, stdin=stdin, env=env).decode("utf-8", "replace")

    def run_bytes(self, *command: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        """The output of a git command. Raises GitError if it fails."""
        done = self.attempt(*command, stdin=stdin, env=env)
        if done.returncode:
            raise GitError(f"git {' '.join(command)} failed: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def attempt(
        self,
        *command: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git whatever comes of it."""
        return subprocess.run(
            ["git", *command],
            cwd=cwd or self.path,
            input=stdin,
            env=environment(GIT_DIR=str(self.path), **(env or {})),
            capture_output=True,
            check=False,
        )

    # Refs

    # Refs and the types of objects are asked for by every request: read as gitrepository-layout(5) and
    # gitformat-loose(5) have them, for a git process takes a hundred times as long.

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """{full name: sha} below a prefix, by name."""
        packed = self.path / "packed-refs"
        lines = packed.read_text().splitlines() if packed.exists() else []
        found = {line[_SHA + 1 :]: line[:_SHA] for line in lines if line[0] not in "#^"}
        for folder, _, files in os.walk(self.path / "refs"):
            for file in (Path(folder, name) for name in files if not name.endswith(".lock")):
                found[file.relative_to(self.path).as_posix()] = file.read_text().strip()
        return {name: found[name] for name in sorted(found) if name.startswith(prefix)}

    def ref(self, name: str) -> str | None:
        """The SHA of a ref, None if it does not exist."""
        return self.refs().get(name)

    def branch(self, name: str) -> str | None:
        """The SHA of a branch, None if it does not exist."""
        return self.ref(f"refs/heads/{name}")

    @property
    def empty(self) -> bool:
        """GitHub: "Empty repositories are repositories without branches"."""
        return not self.refs("refs/heads/")

    def update_ref(self, name: str, sha: str, old: str | None = None) -> bool:
        """Move or make a ref, if it still is `old` (None: if it is not there); whether it was."""
        return not self.attempt("update-ref", name, sha, old or _MISSING).returncode

    def delete_ref(self, name: str) -> None:
        """Delete a ref."""
        self.run("update-ref", "-d", name)

    def set_head(self, branch: str) -> None:
        """Make a branch the default branch."""
        self.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    def valid_ref(self, name: str) -> bool:
        """Whether git accepts the name of a ref."""
        return not self.attempt("check-ref-format", name).returncode

    # Objects

    def type_of(self, sha: str) -> str | None:
        """The type of an object, None if it does not exist."""
        loose = self.path / "objects" / sha[:2] / sha[2:]
        if _FULL_SHA.fullmatch(sha) and loose.exists():
            with loose.open("rb") as file:
                head = zlib.decompressobj().decompress(file.read(_PACKED_HEAD), _HEAD)
            return head.partition(b" ")[0].decode()
        done = self.attempt("cat-file", "-t", sha)
        return done.stdout.decode().strip() or None

    def write_blobs(self, contents: Sequence[bytes]) -> list[str]:
        """Their shas, in one command."""
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / str(number) for number in range(len(contents))]
            for file, content in zip(files, contents, strict=True):
                file.write_bytes(content)
            paths = "".join(f"{file}\n" for file in files).encode()
            return self.run("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=paths).split()

    def blob(self, sha: str) -> bytes:
        """The content of a blob."""
        return self.run_bytes("cat-file", "blob", sha)

    def write_tree(self, base: str | None, entries: Iterable[tuple[str, str, str | None]]) -> str:
        """A tree of `base` with entries (mode, path, sha; None removes) put over it.

        Raises GitError where an object or a path to remove is not there.
        """
        lines: list[tuple[str, str, str]] = []
        for mode, path, sha in entries:
            if mode == "040000" or sha is None:
                lines += [("0", old, _MISSING) for old in self._files(base, path, must_exist=sha is None)]
            if mode == "040000" and sha is not None:
                inside = self.entries(sha, recursive=True)
                lines += [
                    (each.mode, f"{path}/{each.path}", each.sha) for each in inside if each.type != "tree"
                ]
            elif sha is not None:
                lines.append((mode, path, sha))
        text = "".join(f"{mode} {sha}\t{path}\0" for mode, path, sha in lines)
        with tempfile.TemporaryDirectory() as folder:
            env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self.run("read-tree", base or "--empty", env=env)
            self.run("update-index", "-z", "--index-info", stdin=text.encode(), env=env)
            return self.run("write-tree", env=env).strip()

    def _files(self, base: str | None, path: str, must_exist: bool) -> list[str]:
        """The files at and below a path of a tree. Raises GitError."""
        entry = self.entry(base, path) if base else None
        if entry is None:
            if must_exist:
                raise GitError(f"there is no {path} to remove")
            return []
        if entry.type != "tree":
            return [path]
        inside = self.entries(entry.sha, recursive=True)
        return [f"{path}/{each.path}" for each in inside if each.type != "tree"]

    def entries(self, tree: str, recursive: bool = False) -> list[Entry]:
        """The lines of a tree or commit; with `recursive` all below, folders included."""
        flags = ["-r", "-t"] if recursive else []
        found = self.run("ls-tree", "-z", "-l", *flags, tree).split("\0")
        entries = []
        for line in filter(None, found):
            facts, path = line.split("\t", 1)
            mode, kind, sha, size = facts.split()
            entries.append(Entry(mode, kind, sha, path, None if size == "-" else int(size)))
        return entries

    def entry(self, commit: str, path: str) -> Entry | None:
        """The entry at a path of a commit, None if there is none."""
        found = self.attempt("ls-tree", "-z", "-l", commit, "--", path.rstrip("/")).stdout.decode()
        if not found:
            return None
        facts, name = found.rstrip("\0").split("\t", 1)
        mode, kind, sha, size = facts.split()
        return Entry(mode, kind, sha, name, None if size == "-" else int(size))

    def write_commit(
        self, tree: str, parents: Sequence[str], message: str, author: Person, committer: Person
    ) -> str:
        """Create a commit; returns its SHA."""
        flags = [flag for parent in parents for flag in ("-p", parent)]
        people = {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_AUTHOR_DATE": author.date,
            "GIT_COMMITTER_NAME": committer.name,
            "GIT_COMMITTER_EMAIL": committer.email,
            "GIT_COMMITTER_DATE": committer.date,
        }
        return self.run("commit-tree", tree, *flags, stdin=message.encode(), env=people).strip()

    def commit(self, sha: str) -> Commit | None:
        """The commit with this SHA, None if there is none."""
        if self.type_of(sha) != "commit":
            return None
        return self.log(sha, 1)[0]

    def log(self, start: str, count: int | None = None, path: str = "") -> list[Commit]:
        """Commits that can be reached from a commit, newest first."""
        fields = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x01"
        limit = [f"--max-count={count}"] if count else []
        below = ["--", path] if path else ["--"]
        commits = []
        for text in self.run("log", f"--format={fields}", *limit, start, *below).split("\x01"):
            if not text.strip():
                continue
            sha, tree, parents, an, ae, ad, cn, ce, cd, message = text.lstrip("\n").split("\0")
            people = Person(an, ae, ad), Person(cn, ce, cd)
            commits.append(Commit(sha, tree, tuple(parents.split()), *people, message.rstrip("\n")))
        return commits

    # Histories

    def resolve(self, name: str, kind: Literal["commit", "tree"] = "commit") -> str | None:
        """The commit that a branch, tag or sha names, or its tree."""
        refs = self.refs()
        found = refs.get(f"refs/heads/{name}") or refs.get(f"refs/tags/{name}") or name
        if _FULL_SHA.fullmatch(found) and self.type_of(found) == kind:
            return found
        done = self.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{found}^{{{kind}}}")
        return done.stdout.decode().strip() or None

    def merge_base(self, one: str, other: str) -> str | None:
        """The merge base of two commits, None if they have none."""
        return self.attempt("merge-base", one, other).stdout.decode().strip() or None

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether the commit `old` is an ancestor of `new`."""
        return not self.attempt("merge-base", "--is-ancestor", old, new).returncode

    def count(self, base: str, head: str) -> int:
        """Commits of `head` that `base` lacks."""
        return int(self.run("rev-list", "--count", f"{base}..{head}"))

    def merged_tree(self, base: str, ours: str, theirs: str) -> str | None:
        """The tree of a three-way merge of files, or None where it conflicts. Works with old versions of git, too."""
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "work"
            work.mkdir()
            env = {"GIT_INDEX_FILE": str(Path(folder) / "index"), "GIT_WORK_TREE": str(work)}
            self.run("read-tree", "-i", "-m", "--aggressive", base, ours, theirs, env=env)
            merged = self.attempt("merge-index", "-o", "-q", "git-merge-one-file", "-a", env=env, cwd=work)
            return None if merged.returncode else self.run("write-tree", env=env).strip()

    def changes(self, old: str | None, new: str) -> list[Change]:
        """The changes from tree or commit `old` (None: empty) to `new`, by path; a rename is a removal and an addition."""
        start = old or self.run("hash-object", "-t", "tree", "-w", "--stdin").strip()
        raw = self.run("diff-tree", "-r", "-z", "--no-renames", "--raw", start, new).split("\0")
        numbers = self.run("diff-tree", "-r", "-z", "--no-renames", "--numstat", start, new).split("\0")
        counted = {}
        for line in filter(None, numbers):
            added, removed, path = line.split("\t", 2)
            counted[path] = (0, 0) if added == "-" else (int(added), int(removed))
        changes = []
        for facts, path in zip(raw[::2], raw[1::2], strict=False):
            _, _, before, after, status = facts.split()
            changes.append(Change(status, path, *counted[path], sha=before if status == "D" else after))
        return changes

    def fetch(self, other: GitDirectory, commit: str) -> None:
        """Take over a commit and what it needs from another repository."""
        self.run("fetch", "--quiet", "--no-tags", str(other.path), commit)
