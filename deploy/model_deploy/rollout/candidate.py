"""The candidate of a rollout: a model package with its serving contract and its artifact."""

from __future__ import annotations

from dataclasses import replace

from model_deploy.aws import artifact, records
from model_deploy.core.model_package.package import Candidate
from model_deploy.errors import RefusedError
from model_deploy.verify.contract import load_candidate
from model_deploy.workspace import Workspace


def complete_candidate(workspace: Workspace, arn: str, *, returning: bool = False) -> Candidate:
    """The package `arn` with its contract and its artifact, or with the reasons why one of them cannot be used. Writes nothing.

    The contract's text rules are run on the cases of checks/, so that a failure shows before anything is changed. With
    `returning` the stage's own copy of the artifact is enough. Raises UsageError if there is no such package.
    """
    aws, bucket, stage = workspace.aws, workspace.settings.bucket, workspace.stage.name
    candidate = _with_text_rules_run(workspace, load_candidate(aws, arn))
    package, recorded = candidate.package, None
    if package.model_sha256 is None:
        earlier = records.latest_of(aws, bucket, stage, package.arn)
        recorded = earlier.model_sha256 if earlier else None
    try:
        found = artifact.identify(aws, bucket, stage, package, recorded, returning=returning)
    except RefusedError as error:
        return replace(candidate, artifact=None, artifact_problem=error.message)
    return replace(candidate, artifact=found, artifact_problem=None)


def _with_text_rules_run(workspace: Workspace, candidate: Candidate) -> Candidate:
    contract = candidate.contract
    checks = workspace.checks.get(contract.recipe) if contract else None
    if contract is None or checks is None:
        return candidate
    try:
        contract.tokens_of_cases([case.text for case in checks.cases])
    except RefusedError as error:
        return replace(candidate, contract=None, contract_problem=error.message)
    return candidate
