"""What a stage is to be: a package, its deployment, and the template that follows from it."""

from __future__ import annotations

import hashlib
import json
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
    change sets. `sent` is the template that CloudFormation gets, where some alarms are excused; the plan, its hash and its
    change set stay the same.
    """

    candidate: Candidate
    deployment: Deployment
    template: str
    archive: Archive | None = None
    purpose: Literal["rollout", "reconcile", "deregister", "register"] = "rollout"
    sent: str | None = None

    @property
    def arn(self) -> str:
        """The ARN of the model package."""
        return self.candidate.package.arn

    @cached_property
    def sha256(self) -> str:
        """The plan's hash: that of the template, in which everything stands that decides what is deployed.

        Without the version of the API's archive, whose key has the hash of its content: a plan is made before it is uploaded.
        """
        stated = json.loads(self.template)
        for resource in stated.get("Resources", {}).values():
            code = resource.get("Properties", {}).get("Code")
            if isinstance(code, dict):
                code.pop("S3ObjectVersion", None)
        return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()

    @property
    def body(self) -> str:
        """The template as it is sent."""
        return self.template if self.sent is None else self.sent

    @property
    def change_set(self) -> str:
        """The name of the change set that brings the stack here: whoever wants the same asks for the same."""
        return f"{self.purpose}-{self.sha256[:24]}"
