"""A model package, as the registry describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from model_deploy.core.artifact import Artifact
from model_deploy.core.contract import Contract

PRODUCTION = "Production"
APPROVED = "Approved"
REJECTED = "Rejected"
LIVE = "Live"
ARCHIVED = "Archived"


@dataclass(frozen=True)
class LifeCycle:
    """Where a package stands, as the registry shows it: one value, that anyone with the permission may change."""

    stage: str
    status: str

    def __str__(self) -> str:
        return f"{self.stage}/{self.status}"


@dataclass(frozen=True)
class Container:
    """What a package is served by: the image, the URI of the artifact as it was trained, and the environment."""

    image: str
    model_uri: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Package:
    """A version of a model in its group, as the registry describes it. `metadata` is what its pipeline recorded.

    `approval_description` is what the approver said. `container` is None for a package that is not one container with one
    artifact.
    """

    arn: str
    group: str
    version: int
    approval: str
    life_cycle: LifeCycle | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    statistics_uri: str | None = None
    approval_description: str = ""
    created: datetime | None = None
    container: Container | None = None

    @property
    def contract_uri(self) -> str | None:
        """The S3 prefix of the serving contract, None if the metadata has none."""
        return self.metadata.get("contract")

    @property
    def contract_sha256(self) -> str | None:
        """The hash of the serving contract, None if the metadata has none."""
        return self.metadata.get("contract-sha256")

    @property
    def model_sha256(self) -> str | None:
        """The SHA-256 of the artifact that was evaluated; None for a package of before that was recorded."""
        return _stated(self.metadata.get("model-sha256"))

    @property
    def model_version(self) -> str | None:
        """The id of the version of the artifact's object that was evaluated; None where none was recorded."""
        return _stated(self.metadata.get("model-version"))

    @property
    def problem(self) -> str | None:
        """The problem that it solves; of before problems were recorded the one that its recipe is called after."""
        return self.metadata.get("problem", self.metadata.get("recipe"))

    @property
    def commit(self) -> str | None:
        """The commit that the model was built from."""
        return self.metadata.get("commit")


@dataclass(frozen=True)
class Candidate:
    """A package with its contract and its artifact; each None where it cannot be used, and its problem says why."""

    package: Package
    contract: Contract | None
    contract_problem: str | None = None
    artifact: Artifact | None = None
    artifact_problem: str | None = None


def _stated(value: str | None) -> str | None:
    return None if value in (None, "", "none") else value
