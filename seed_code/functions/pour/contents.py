"""Custom::GitHubContents: what is in a repository, and how it is set up. Its physical id is `<repository id>/contents`.

In an order in which no run starts half-configured: files, variables, environments, then the workflows, and at last the
protection of main, which would keep the function itself out. Every step looks before it makes.
"""

from __future__ import annotations

from typing import Any

from github import Access, Client, SignIn
from pour.cloudformation.request import ContentsProperties
from pour.errors import ProtectionError, RepositoryTakenError
from pour.files import seed as seeds
from pour.files.proposal import Proposal
from pour.files.seed import Seed
from pour.files.seeding import MAIN, Seeding
from pour.ownership import path
from pour.settings import variables
from pour.settings.environments import PRODUCTION, Environments
from pour.settings.protection import Protection

_PERMISSIONS = {
    "administration": "write",
    "actions": "read",
    "actions_variables": "write",
    "contents": "write",
    "pull_requests": "write",
    "workflows": "write",
}


class ContentsResource:
    """The contents of one repository. `s3` is a boto3 client."""

    def __init__(self, sign_in: SignIn, s3: Any) -> None:
        self._sign_in = sign_in
        self._s3 = s3

    def create(self, properties: ContentsProperties) -> dict[str, str]:
        """The resource's attributes. Raises PourError and GitHubError."""
        seed = self._seed(properties)
        client = self._client(properties)
        repository = self._repository(client, properties)
        seeding = Seeding(client, path(repository), repository["default_branch"], seed)
        seeding.pour_files()
        gaps = self._configure(client, repository, properties)
        seeding.pour_workflows()
        gaps += self._protect(client, repository, properties)
        return _attributes(seed, gaps, None)

    def update(self, old: ContentsProperties, new: ContentsProperties) -> dict[str, str]:
        """Set everything up again, in place; a new seed goes into a pull request."""
        seed = self._seed(new)
        client = self._client(new)
        repository = self._repository(client, new)
        gaps = self._configure(client, repository, new)
        gaps += self._protect(client, repository, new)
        number = None
        if (old.bucket, old.key) != (new.bucket, new.key):
            number = Proposal(client, path(repository), repository["owner"]["login"], seed).make()
        return _attributes(seed, gaps, number)

    def _seed(self, properties: ContentsProperties) -> Seed:
        return seeds.fetch(self._s3, properties.bucket, properties.key)

    def _client(self, properties: ContentsProperties) -> Client:
        teams = any("/" in name for each in properties.environments for name in each.reviewers)
        permissions = {**_PERMISSIONS, "members": "read"} if teams else _PERMISSIONS
        return self._sign_in.client(
            Access(properties.owner, permissions, repository_id=properties.repository_id)
        )

    def _repository(self, client: Client, properties: ContentsProperties) -> dict[str, Any]:
        """The repository, which must still be the one that the project made."""
        found: dict[str, Any] | None = client.find(path({"full_name": properties.full_name}))
        if found is None or int(found["id"]) != properties.repository_id:
            raise RepositoryTakenError(
                f"{properties.full_name} is not the project's repository {properties.repository_id}"
                f" ({'there is none' if found is None else 'it has the id ' + str(found['id'])}): restore it or give it its name"
                " back on GitHub, and try again."
            )
        if found["archived"]:
            raise RepositoryTakenError(
                f"{properties.full_name} is archived, so nothing can be written to it. Unarchive it on GitHub, and try again."
            )
        return found

    def _configure(
        self, client: Client, repository: dict[str, Any], properties: ContentsProperties
    ) -> list[str]:
        """Returns what GitHub does not protect."""
        variables.ensure(client, path(repository), properties.variables)
        topics = list(repository.get("topics") or ())
        if missing := [topic for topic in properties.topics if topic.lower() not in topics]:
            client.put(
                f"{path(repository)}/topics", {"names": [*topics, *(topic.lower() for topic in missing)]}
            )
        environments = Environments(client, path(repository), properties.gate)
        gaps = [environments.ensure(each) for each in properties.environments]
        return [gap for gap in gaps if gap]

    def _protect(
        self, client: Client, repository: dict[str, Any], properties: ContentsProperties
    ) -> list[str]:
        """Protect main. Raises ProtectionError where production depends on that and it does not hold."""
        approvals = 1 if repository["owner"].get("type") == "Organization" else 0
        gap = Protection(client, path(repository), MAIN, properties.required_checks, approvals).ensure()
        deploys = any(each.name == PRODUCTION for each in properties.environments)
        if gap and deploys:
            # Whatever the gate is: the stages' roles trust what runs on main.
            raise ProtectionError(
                f"GitHub does not protect what production is deployed from in {properties.full_name}: {gap}. Make the"
                " repository public, or have its owner on a plan with protected branches (GitHub Team for private ones)."
            )
        return [gap] if gap else []


def physical_id(properties: ContentsProperties) -> str:
    """The physical id of the custom resource."""
    return f"{properties.repository_id}/contents"


def _attributes(seed: Seed, gaps: list[str], pull_request: int | None) -> dict[str, str]:
    return {
        "SeedDigest": seed.digest,
        "PullRequest": "" if pull_request is None else str(pull_request),
        "Unprotected": "; ".join(gaps)[:1000],
    }
