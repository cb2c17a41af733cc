"""A model package, as the registry describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from model_deploy.core.model_package.artifact import Artifact
from model_deploy.core.model_package.contract import Contract

PRODUCTION = "Production"
APPROVED = "Approved"
REJECTED = "Rejected"
LIVE = "Live"
ARCHIVED = "Archived"


@dataclass(frozen=True)
class LifeCycle:
    """The life cycle of a package in the registry: one mutable value, and no history."""

    stage: str
    status: str

    def __str__(self) -> str:
        return f"{self.stage}/{self.status}"


@dataclass(frozen=True)
class Container:
    """The container of a package: the image, the URI of the artifact that training wrote, and the environment."""

    image: str
    model_uri: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Package:
    """A version in a model package group, as the registry describes it. `metadata` was recorded by its pipeline.

    `approval_description` is the approver's text. `container` is None unless the package is one container with one
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
        """The SHA-256 of the evaluated artifact; None for an old package."""
        return _stated(self.metadata.get("model-sha256"))

    @property
    def model_version(self) -> str | None:
        """The version id of the evaluated artifact's object; None if none was recorded."""
        return _stated(self.metadata.get("model-version"))

    @property
    def problem(self) -> str | None:
        """The problem that it solves; for an old package, the name of its recipe."""
        return self.metadata.get("problem", self.metadata.get("recipe"))

    @property
    def commit(self) -> str | None:
        """The commit that the model was built from."""
        return self.metadata.get("commit")


@dataclass(frozen=True)
class Candidate:
    """A package with its contract and its artifact; None for one that cannot be used, with the reason beside it."""

    package: Package
    contract: Contract | None
    contract_problem: str | None = None
    artifact: Artifact | None = None
    artifact_problem: str | None = None


def _stated(value: str | None) -> str | None:
    return None if value in (None, "", "none") else value
