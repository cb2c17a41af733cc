"""Stores what a deployment needs in the artifact bucket: the stage's copy of the model, and the API's archive.

Both are named by their content and written once, so a command can be killed here or run twice.
"""

from __future__ import annotations

from model_common.aws import objects
from model_common.errors import IntegrityError
from model_deploy.aws import artifact
from model_deploy.core.model_package.package import Candidate
from model_deploy.core.plan.target import Target
from model_deploy.errors import RefusedError
from model_deploy.workspace import Workspace


def plan(workspace: Workspace, candidate: Candidate) -> Target:
    """The target of a complete candidate as `publish` would make it. Writes nothing.

    Raises RefusedError if another object has the key of the API's archive.
    """
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
