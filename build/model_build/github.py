"""GitHub's REST API for comments on a pull request, and for what a commit merged.

https://docs.github.com/rest/issues/comments: a pull request is an issue, and its comments are an issue's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from model_common.github import Client


@dataclass(frozen=True)
class Comment:
    """A comment; `trusted` says that a bot or a member of the repository wrote it."""

    id: int
    body: str
    url: str
    trusted: bool


@dataclass(frozen=True)
class Merged:
    """A merged pull request, and the login of its author."""

    number: int
    author: str


class GitHub(Client):
    """The repository of a build."""

    agent = "model-build"
    advice: ClassVar[Mapping[int, str]] = {
        403: "The token needs the permission pull-requests: write, or read for what a commit merged; a pull request from a "
        "fork has none to give.",
        404: "There is no such pull request or commit in the repository, or the token may not see it.",
        410: "Comments are switched off there.",
    }

    def comments(self, number: int) -> Iterator[Comment]:
        """All comments on the pull request, oldest first. Raises GitHubError."""
        yield from map(_comment, self._pages(f"{self._issues}/{number}/comments?per_page=100"))

    def create(self, number: int, body: str) -> Comment:
        """Create a comment with the text `body` on pull request `number`. Raises GitHubError."""
        return _comment(self._call("POST", f"{self._issues}/{number}/comments", {"body": body})[0])

    def edit(self, comment: Comment, body: str) -> Comment:
        """Replace the text of a comment. Raises GitHubError."""
        return _comment(self._call("PATCH", f"{self._issues}/comments/{comment.id}", {"body": body})[0])

    def merged(self, commit: str) -> Merged | None:
        """The pull request whose merging made `commit`; None for a commit of another kind. Raises GitHubError.

        https://docs.github.com/rest/commits/commits#list-pull-requests-associated-with-a-commit
        """
        url = f"{self._home}/commits/{commit}/pulls?per_page=100"
        for found in self._call("GET", url)[0]:
            if found["merged_at"] and found["merge_commit_sha"] == commit:
                return Merged(found["number"], (found["user"] or {}).get("login", ""))
        return None

    @property
    def _issues(self) -> str:
        return f"{self._home}/issues"


def _comment(answer: Mapping[str, Any]) -> Comment:
    is_bot = (answer.get("user") or {}).get("type") == "Bot"
    is_member = answer.get("author_association") in {"OWNER", "MEMBER", "COLLABORATOR"}
    return Comment(answer["id"], answer.get("body") or "", answer["html_url"], is_bot or is_member)
