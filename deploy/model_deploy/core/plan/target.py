"""The wanted state of a stage: a package, its deployment, and the template."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from model_deploy.core.archive import Archive
from model_deploy.core.model_package.package import Candidate
from model_deploy.core.plan.deployment import Deployment


@dataclass(frozen=True)
class Target:
    """The package with its deployment and template.

    `archive` is the API's, which the template names; None for a stage without an API. `purpose` is the first part of
    the change set's name. `sent` is the template for CloudFormation if some alarms are excused; plan, hash and change
    set stay the same.
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
        """The plan's hash: that of the template, which holds every value of the deployment.

        The version of the API's archive is left out, because a plan is made before the upload; the archive's key has its hash.
        """
        document = json.loads(self.template)
        for resource in document.get("Resources", {}).values():
            code = resource.get("Properties", {}).get("Code")
            if isinstance(code, dict):
                code.pop("S3ObjectVersion", None)
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()

    @property
    def body(self) -> str:
        """The template that CloudFormation gets."""
        return self.template if self.sent is None else self.sent

    @property
    def change_set(self) -> str:
        """The name of the change set. Commands with an equal target use the same one."""
        return f"{self.purpose}-{self.sha256[:24]}"
