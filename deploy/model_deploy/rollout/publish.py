"""What a deployment needs in the artifact bucket: the stage's copy of the model, and the API's archive.

Both are named by their content and written once. So whoever is killed here, or does it twice, finds what is there.
"""

from __future__ import annotations

from dataclasses import replace

from model_common.aws import objects
from model_common.errors import IntegrityError
from model_deploy.aws import artifact, records
from model_deploy.core.package import Candidate
from model_deploy.core.target import Target
from model_deploy.errors import RefusedError
from model_deploy.workspace import Workspace


def complete(workspace: Workspace, candidate: Candidate, *, returning: bool = False) -> Candidate:
    """The candidate with its artifact, or with the reasons why it or the contract cannot be used. Writes nothing.

    The contract's text rules have to work for the cases of checks/ before anything is changed.
    """
    aws, bucket, stage = workspace.aws, workspace.settings.bucket, workspace.stage.name
    candidate = _tried(workspace, candidate)
    package, known = candidate.package, None
    if package.model_sha256 is None:
        earlier = records.latest_of(aws, bucket, stage, package.arn)
        known = earlier.model_sha256 if earlier else None
    try:
        found = artifact.identify(aws, bucket, stage, package, known, returning=returning)
    except RefusedError as error:
        return replace(candidate, artifact=None, artifact_problem=error.message)
    return replace(candidate, artifact=found, artifact_problem=None)


def _tried(workspace: Workspace, candidate: Candidate) -> Candidate:
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
    """Store what a complete candidate needs, and make its target.

    Raises RefusedError when the artifact is not what was registered, or something else lies where it belongs.
    """
    aws, bucket, stage = workspace.aws, workspace.settings.bucket, workspace.stage.name
    assert candidate.artifact is not None  # promotion refuses what has none
    artifact.keep(aws, bucket, stage, candidate.artifact)
    built = workspace.archive(candidate)
    if built is None:
        return workspace.target(candidate)
    try:
        stored = objects.put(aws.s3, bucket, built.key(stage), built.content)
    except IntegrityError as error:
        raise RefusedError(str(error)) from error
    return workspace.target(candidate, stored.version)
