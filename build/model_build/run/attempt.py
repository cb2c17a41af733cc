"""An attempt: one pipeline with its blueprint and parameters, whose execution is found or started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from model_build.aws.training_job import Copy
from model_build.core.execution import fingerprint
from model_build.core.provenance import Provenance
from model_build.run import launch
from model_build.run.blueprint import Blueprint
from model_build.run.launch import Launched
from model_build.run.pipeline import CANDIDATE_MODEL, CANDIDATE_SHA256
from model_build.workspace import Workspace


@dataclass(frozen=True)
class Attempt:
    """`given` are the parameters that the fingerprint covers; `candidate` are those of a model that is trained already.

    Neither the candidate nor the provenance is part of the fingerprint: a command that is run again finds its execution
    when the pull request and what it trained are removed already.
    """

    workspace: Workspace
    planned: Blueprint
    given: Mapping[str, str]
    candidate: Copy | None = None

    @property
    def mark(self) -> str:
        """The fingerprint."""
        return fingerprint(self.planned.definition, self.given)

    def with_candidate(self, candidate: Copy) -> Attempt:
        """The same, for that artifact."""
        return replace(self, candidate=candidate)

    def find(self) -> Launched | None:
        """An execution that runs or has a result, None without one."""
        return launch.find(self.workspace.aws.sagemaker, self.workspace.pipeline, self.mark)

    def start(self, provenance: Provenance) -> Launched:
        """The execution that `find` returns, else a new one."""
        parameters = dict(self.given)
        if self.workspace.settings.pull_request is None:
            parameters |= provenance.parameters()
        if self.candidate is not None:
            parameters |= {CANDIDATE_MODEL: self.candidate.uri, CANDIDATE_SHA256: self.candidate.sha256}
        return launch.find_or_start(
            self.workspace.aws.sagemaker, self.workspace.pipeline, self.mark, parameters
        )
