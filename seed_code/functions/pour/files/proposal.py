"""A new seed for a repository that a team works in: one pull request, and git merges.

The pull request's commit holds the new seed, whole, and its parent is the commit that holds the seed that main was last
brought to (its stamp names it, a tag keeps it). So that commit is what git finds as the common ancestor: one side is what
the team changed since, the other what the template changed since, and only lines that both changed are a conflict, which
the team resolves in the pull request. A file that the team changed and the template did not stays as the team has it. Had
the commit been based on main instead, the new seed's files would have replaced the team's.

The branch is named after the seed, so a second attempt finds the first one's. Pull requests for seeds that were
overtaken are closed; a seed that main already holds (an update that CloudFormation takes back) needs none.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from github import Client
from github.errors import InvalidError
from pour.errors import ProposalError
from pour.files.git_data import GitData
from pour.files.seed import STAMP, Seed, digest_in, tag_of
from pour.files.seeding import MAIN

_PREFIX = "seed/"
_BODY = """\
The SageMaker project's template has a new version, and this is what it changes in this repository since the seed that
main holds. Nothing else was changed here: what your team wrote is merged by git, and where both changed the same lines
the conflict is yours to resolve.

Please merge it with a merge commit: then the next one starts from here. A squash works, too, but can bring the same
conflicts again.
"""


class Proposal:
    """Proposes `seed` to the repository at the API's path `path` of `owner`."""

    def __init__(self, client: Client, path: str, owner: str, seed: Seed) -> None:
        self._client = client
        self._path = path
        self._git = GitData(client, path)
        self._owner = owner
        self._seed = seed

    def make(self) -> int | None:
        """The number of the open pull request, None where main holds the seed, or the team took it back.

        Raises ProposalError where main does not tell which seed it holds.
        """
        held = self._seed_on_main()
        if held == self._seed.digest:
            self._close_others(None)
            return None
        commit = self._commit(held)
        self._git.ensure_ref(f"tags/{self._seed.tag}", commit)
        pull = self._open_pull_request(commit)
        self._close_others(pull["number"])
        return int(pull["number"]) if pull["state"] == "open" else None

    def _seed_on_main(self) -> str:
        """The digest of the seed that main holds."""
        head = self._git.ref(f"heads/{MAIN}")
        files = {} if head is None else self._git.files(self._git.tree_of(head))
        digest = digest_in(self._git.content(files[STAMP].sha)) if STAMP in files else ""
        if not digest:
            raise ProposalError(
                f"{MAIN} of {self._path.removeprefix('/repos/')} has no {STAMP} that says which seed it holds, so what is new"
                " cannot be told from what the team wrote. Bring the file back from the history (`git log -- .seed.json`),"
                " and update again."
            )
        return digest

    def _commit(self, held: str) -> str:
        """The commit that holds the new seed: that of an earlier attempt, or a new one."""
        made = self._git.ref(f"tags/{self._seed.tag}") or self._git.ref(f"heads/{self._seed.branch}")
        if made is not None:
            return made
        parent = self._git.ref(f"tags/{tag_of(held)}")
        if parent is None:
            raise ProposalError(
                f"{self._path.removeprefix('/repos/')} has lost the tag {tag_of(held)}, the commit that holds the seed of its"
                f" {MAIN}. Tag that commit again (`git log --grep 'Seed-Archive: {held}'` shows it), and update again."
            )
        present = self._git.files(self._git.tree_of(parent)).values()
        tree = self._git.make_tree(self._seed.files, (entry.sha for entry in present))
        message = f"Bring the template's new version\n\nSeed-Archive: {self._seed.digest}"
        return self._git.commit(message, tree, parent)

    def _open_pull_request(self, commit: str) -> dict[str, Any]:
        """The pull request for the seed, opened again where it was closed: somebody has just asked for this seed."""
        found = self._find_pull_request()
        if found is not None and (found["state"] == "open" or found.get("merged_at")):
            return found
        self._git.ensure_ref(f"heads/{self._seed.branch}", commit)
        if found is not None:
            reopened: dict[str, Any] = self._client.patch(
                f"{self._path}/pulls/{found['number']}", {"state": "open"}
            )
            return reopened
        body = {
            "title": f"Update from the project template ({self._seed.name})",
            "head": self._seed.branch,
            "base": MAIN,
            "body": _BODY,
        }
        try:
            made: dict[str, Any] = self._client.post(f"{self._path}/pulls", body)
        except InvalidError:  # the answer to the first attempt was lost
            found = self._find_pull_request()
            if found is None:
                raise
            return found
        return made

    def _find_pull_request(self) -> dict[str, Any] | None:
        head = quote(f"{self._owner}:{self._seed.branch}", safe="")
        found = self._client.get(f"{self._path}/pulls?state=all&head={head}&base={MAIN}&per_page=100")
        mine = [pull for pull in found if pull["head"]["ref"] == self._seed.branch]
        return mine[0] if mine else None

    def _close_others(self, number: int | None) -> None:
        """Close the open pull requests of other seeds: merged after this one they would take it back."""
        for pull in self._client.get(f"{self._path}/pulls?state=open&base={MAIN}&per_page=100"):
            ours = (
                pull["head"]["ref"].startswith(_PREFIX)
                and (pull["head"].get("repo") or {}).get("full_name", "").lower()
                == (pull["base"].get("repo") or {}).get("full_name", "").lower()
            )
            if ours and pull["number"] != number:
                self._client.patch(f"{self._path}/pulls/{pull['number']}", {"state": "closed"})
