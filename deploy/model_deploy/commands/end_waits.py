"""`model-deploy end-waits`: ends runs that wait for the reviewers of a decision that another one has replaced.

A newer approval replaces older ones: staging has verified the newer version, so production would refuse the older one. A
rejection ends the wait for exactly the package that was rejected. A run whose review is done is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model_deploy.core.workflow_run import OwnRun
from model_deploy.errors import GitHubError
from model_deploy.github import GitHub, Run

ENVIRONMENT = "production"
_ENDED = 409


@dataclass(frozen=True)
class Ended:
    """The runs that were ended, and the reason in a few words."""

    runs: tuple[Run, ...]
    reason: str

    def document(self) -> dict[str, Any]:
        """The result for machines (`--json`)."""
        return {
            "reason": self.reason,
            "runs": [
                {"number": run.number, "url": run.url, "model_package_arn": run.package} for run in self.runs
            ],
        }

    def lines(self) -> list[str]:
        """The result for people."""
        if not self.runs:
            return ["No earlier run waits for a review that this one replaces."]
        return [
            f"Ended run {run.number}, which waited for a review of {run.package} ({run.url}): {self.reason}."
            for run in self.runs
        ]


def run(github: GitHub, own: OwnRun, arn: str, *, rejected: bool) -> Ended:
    """End the runs that wait in vain. Can be run again. Raises GitHubError."""
    version = arn.rpartition("/")[2]
    reason = (
        f"version {version} was rejected" if rejected else f"superseded by the approval of version {version}"
    )
    ended = []
    for waiting in github.unfinished(own.path):
        if waiting.number >= own.number or (rejected and waiting.package != arn):
            continue
        if ENVIRONMENT in github.awaited(waiting) and _end(github, waiting):
            said = f"{reason[0].upper()}{reason[1:]} in run {own.number}"
            github.end_deployment(waiting, ENVIRONMENT, said, own.url)
            ended.append(waiting)
    return Ended(tuple(ended), reason)


def _end(github: GitHub, waiting: Run) -> bool:
    try:
        github.cancel(waiting)
    except GitHubError as error:
        if error.status != _ENDED:
            raise
        return False
    return True
