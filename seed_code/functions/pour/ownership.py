"""The ownership of a repository: a mark names the stack and the resource that created it.

A repository is created with the mark in its description, in the same call, so that a function that dies right
afterwards still knows its own. A variable of the repository repeats it, for descriptions are edited. A repository that
was there before and was given to the project is marked as adopted: it is used, and never archived.
"""

from __future__ import annotations

import hashlib
from typing import Any

from github import Client, segment
from github.errors import AppNotInstalledError

VARIABLE = "SAGEMAKER_PROJECT_REPOSITORY"
DESCRIPTION_LENGTH = 350

CREATED = "created"
ADOPTED = "adopted"


class Mark:
    """The mark of one resource of one stack: no other stack, and no other resource of it, has the same."""

    def __init__(self, stack_id: str, logical_id: str) -> None:
        self.text = hashlib.sha256(f"{stack_id}\n{logical_id}".encode()).hexdigest()[:16]

    def described(self, description: str, project_name: str) -> str:
        """The description that a repository is created with."""
        tail = f"[SageMaker project {project_name}, {self.text}]"
        head = " ".join(description.split())[: DESCRIPTION_LENGTH - len(tail) - 1]
        return f"{head} {tail}".strip()

    def of(self, repository: dict[str, Any], client: Client) -> str:
        """CREATED or ADOPTED where the repository is this resource's, else ""."""
        if (repository.get("description") or "").endswith(f", {self.text}]"):
            return CREATED
        try:
            kept = client.find(f"{path(repository)}/actions/variables/{VARIABLE}", absent=(403, 404))
        except AppNotInstalledError:  # it is there, and not for this App: somebody else's
            return ""
        kinds = (
            kind for kind in (CREATED, ADOPTED) if kept is not None and kept["value"] == self.value(kind)
        )
        return next(kinds, "")

    def value(self, kind: str) -> str:
        """The mark of a resource of this kind, as it is written on GitHub."""
        return f"{kind} {self.text}"


def adoption_topic(project_name: str) -> str:
    """The topic by which an owner gives an empty repository to a project.

    Topics are lower case, 50 characters at most.
    """
    return f"sagemaker-project-{project_name.lower()}"


def path(repository: dict[str, Any]) -> str:
    """The repository's path in the API."""
    owner, _, name = str(repository["full_name"]).partition("/")
    return f"/repos/{segment(owner)}/{segment(name)}"
