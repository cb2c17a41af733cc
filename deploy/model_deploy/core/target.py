"""What a stage is to be: a package, its deployment, and the template that follows from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from model_deploy.core.archive import Archive
from model_deploy.core.deployment import Deployment
from model_deploy.core.package import Candidate


@dataclass(frozen=True)
class Target:
    """The package with its deployment and template.

    `archive` is the API's, which the template names; None where the stage has no API. `purpose` begins the names of its
    change sets.
    """

    candidate: Candidate
    deployment: Deployment
    template: str
    archive: Archive | None = None
    purpose: Literal["rollout", "reconcile"] = "rollout"

    @property
    def arn(self) -> str:
        return self.candidate.package.arn

    @cached_property
    def sha256(self) -> str:
        """The plan's hash: that of the template, in which everything stands that decides what is deployed."""
        return hashlib.sha256(self.template.encode()).hexdigest()

    @property
    def change_set(self) -> str:
        """The name of the change set that brings the stack here: whoever wants the same asks for the same."""
        return f"{self.purpose}-{self.sha256[:24]}"
