"""A model package, as the registry describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
class Package:
    """A version of a model in its group, as the registry describes it. `metadata` is what its pipeline recorded.

    `approval_description` is what the approver said.
    """

    arn: str
    group: str
    version: int
    approval: str
    life_cycle: LifeCycle | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    statistics_uri: str | None = None
    approval_description: str = ""

    @property
    def contract_uri(self) -> str | None:
        return self.metadata.get("contract")

    @property
    def contract_sha256(self) -> str | None:
        return self.metadata.get("contract-sha256")

    @property
    def commit(self) -> str | None:
        """The commit that the model was built from."""
        return self.metadata.get("commit")


@dataclass(frozen=True)
class Candidate:
    """A package with its contract; None when nothing lies where the package says, or it says nothing."""

    package: Package
    contract: Contract | None
