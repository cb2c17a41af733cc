"""Where a commit comes from: the pull request that it merged, and its author."""

from __future__ import annotations

from dataclasses import dataclass

from model_build.core import metadata

NONE = "none"
"""The value for a commit that no pull request brought, or whose author is not known."""


@dataclass(frozen=True)
class Provenance:
    """The pull request's number, and the login of who wrote it, or who pushed a commit without one."""

    pull_request: int | None = None
    author: str = ""

    def parameters(self) -> dict[str, str]:
        """The parameters of a pipeline that registers; the model package's metadata has them."""
        number = NONE if self.pull_request is None else str(self.pull_request)
        return {"PullRequest": number, "Author": metadata.fitted(self.author) or NONE}


UNKNOWN = Provenance()
"""The provenance of a commit of which nothing is known."""
