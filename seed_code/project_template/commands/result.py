"""The result of creating or updating a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from project_template.account.project import Project
from project_template.aws import cloudformation
from project_template.aws.clients import Aws


@dataclass(frozen=True)
class Result:
    """The project, its stack's outputs, and whether the command asked for it or found it being done already."""

    project: Project
    outputs: Mapping[str, str]
    attached: bool

    @classmethod
    def of(cls, aws: Aws, done: Project, attached: bool) -> Result:
        """The result for a project, with the outputs of its stack."""
        made = cloudformation.describe(aws, done.stack) if done.stack else None
        return cls(done, made.outputs if made else {}, attached)

    def document(self) -> dict[str, Any]:
        """The project for machines."""
        return {
            "project": self.project.name,
            "id": self.project.id,
            "arn": self.project.arn,
            "status": self.project.status,
            "attached": self.attached,
            "outputs": dict(self.outputs),
        }

    def lines(self) -> list[str]:
        """The project for people."""
        made = self.project
        width = max(map(len, ("project", "status", *self.outputs)))
        shown = {"project": f"{made.name}  {made.id}", "status": made.status, **self.outputs}
        return [f"{key:<{width}}  {value}" for key, value in shown.items()]
