"""Seeding a new repository: its files in one commit, and once it is set up its workflows in another.

Each step looks first at what main holds, so that a function that died anywhere goes on from there:

    no branch              the first commit, by the contents API (GitHub's git API refuses a repository without commits)
    without the files      one commit with every file but the workflows
    without the stamp      one commit with the workflows and the stamp: from then on the repository is the team's
    with the stamp         nothing; whatever was committed since is left alone
"""

from __future__ import annotations

from collections.abc import Mapping

from github import Client
from github.errors import ConflictError, InvalidError
from pour.files.git_data import Entry, GitData
from pour.files.seed import STAMP, Seed, SeedFile

MAIN = "main"


class Seeding:
    """Seeds the repository at the API's path `path`, whose default branch is called `default_branch`."""

    def __init__(self, client: Client, path: str, default_branch: str, seed: Seed) -> None:
        self._client = client
        self._path = path
        self._git = GitData(client, path)
        self._default = default_branch
        self._seed = seed

    def pour_files(self) -> None:
        """Everything but the workflows."""
        head = self._start_main()
        self._commit(head, self._seed.first, "Pour the project's files")

    def pour_workflows(self) -> str:
        """The workflows and the stamp, with a tag on the commit whose tree is exactly the seed. Returns main's head."""
        head = self._git.ref(f"heads/{MAIN}") or self._start_main()
        return self._commit(head, self._seed.files, "Pour the workflows: from here on it runs")

    def _start_main(self) -> str:
        """Main's head; the first commit where there is none."""
        head = self._git.ref(f"heads/{MAIN}")
        if head is None:
            head = self._git.ref(f"heads/{self._default}")
            if head is None:
                head = self._first_commit()
            self._git.ensure_ref(f"heads/{MAIN}", head)
        self._make_main_the_default(head)
        return head

    def _first_commit(self) -> str:
        readme = (file for file in self._seed.first if file.path == "README.md")
        try:
            return self._git.begin(next(readme, self._seed.first[0]), "Begin the repository")
        except (ConflictError, InvalidError):  # the answer to the first attempt was lost
            head = self._git.ref(f"heads/{self._default}")
            if head is None:
                raise
            return head

    def _make_main_the_default(self, head: str) -> None:
        """Trust policies name main: whatever the owner's setting calls new branches."""
        if self._default == MAIN:
            return
        self._client.patch(self._path, {"default_branch": MAIN})
        if self._git.ref(f"heads/{self._default}") == head:
            self._git.delete_branch(self._default)
        self._default = MAIN

    def _commit(self, head: str, files: tuple[SeedFile, ...], message: str) -> str:
        """Bring main to hold `files`; returns its head."""
        tree = self._git.tree_of(head)
        there = self._git.files(tree)
        if STAMP in there:
            self._tag(head, there)
            return head
        if holds(there, files):
            return head
        missing = [file for file in files if there.get(file.path) != Entry(file.sha, file.mode)]
        new = self._git.make_tree(missing, (entry.sha for entry in there.values()), tree)
        commit = self._git.commit(f"{message}\n\nSeed-Archive: {self._seed.digest}", new, head)
        self._git.advance(MAIN, commit)
        if files == self._seed.files:
            self._git.ensure_ref(f"tags/{self._seed.tag}", commit)
        return commit

    def _tag(self, head: str, there: Mapping[str, Entry]) -> None:
        """Finish a seeding whose function ended between the last commit and its tag."""
        if holds(there, self._seed.files):
            self._git.ensure_ref(f"tags/{self._seed.tag}", head)


def holds(there: Mapping[str, Entry], files: tuple[SeedFile, ...]) -> bool:
    """Whether a tree has these files as they are."""
    return all(there.get(file.path) == Entry(file.sha, file.mode) for file in files)
