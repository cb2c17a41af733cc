"""Stores what a deployment needs in the artifact bucket: the stage's copy of the model, and the API's archive.

Both are named by their content and written once, so a command can be killed here or run twice.
"""

from __future__ import annotations

from dataclasses import replace

from model_common.aws import objects
from model_common.errors import IntegrityError
from model_deploy.aws import artifact, records
from model_deploy.core.model_package.package import Candidate
from model_deploy.core.plan.target import Target
from model_deploy.errors import RefusedError
from model_deploy.workspace import Workspace


def complete(workspace: Workspace, candidate: Candidate, *, returning: bool = False) -> Candidate:
    """Return the candidate with its artifact, or with the reasons why artifact or contract cannot be used. Writes nothing.

    The contract's text rules are run on the cases of checks/, so that a failure shows before anything is changed.
    """
    aws, bucket, stage = workspace.aws, workspace.settings.bucket, workspace.stage.name
    candidate = _with_text_rules_run(workspace, candidate)
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


def plan(workspace: Workspace, candidate: Candidate) -> Target:
    """The target of a complete candidate as `publish` would make it. Writes nothing."""
    built = workspace.archive(candidate)
    if built is None:
        return workspace.target(candidate)
    key = built.key(workspace.stage.name)
    try:
        found = objects.find(workspace.aws.s3, workspace.settings.bucket, key, built.sha256)
    except IntegrityError as error:
        raise RefusedError(str(error)) from error
    return workspace.target(candidate, found.version if found else None)


def publish(workspace: Workspace, candidate: Candidate) -> Target:
    """Store the files of a complete candidate, and return its target.

    Raises RefusedError if the artifact is not the registered one, or another object has its key.
    """
    aws, bucket, stage = workspace.aws, workspace.settings.bucket, workspace.stage.name
    assert candidate.artifact is not None  # promotion refuses a candidate without one
    artifact.copy(aws, bucket, stage, candidate.artifact)
    built = workspace.archive(candidate)
    if built is None:
        return workspace.target(candidate)
    try:
        stored = objects.put(aws.s3, bucket, built.key(stage), built.content)
    except IntegrityError as error:
        raise RefusedError(str(error)) from error
    return workspace.target(candidate, stored.version)
