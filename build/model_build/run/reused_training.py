"""A merged pull request's training, used again: whether main would train the same, and the copy of the artifact.

Two trainings are the same if SageMaker recorded the definition that main's own files give for that pull request, and the
same data. Everything that decides about the model is in the definition: the recipe, and the hashes of code, contract and
wheels. Prepare, Evaluate and the gate run again, on main's side.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from model_build.aws import executions, training_job
from model_build.aws.code import ARCHIVE, sha256
from model_build.aws.data import Data
from model_build.aws.training_job import Copy, Job
from model_build.core.diff import compare
from model_build.core.execution import Execution, Step
from model_build.core.settings import Settings
from model_build.errors import IntegrityError
from model_build.run import blueprint
from model_build.run.blueprint import Blueprint
from model_build.workspace import Workspace
from model_common.aws import objects

_LATEST = 20


@dataclass(frozen=True)
class NotReusable:
    """Why main has to train again, as a clause."""

    reason: str


def reuse(workspace: Workspace, number: int, data: Data) -> Copy | NotReusable:
    """Copy the artifact that pull request `number` trained to where main reads, if main would train the same.

    Raises IntegrityError if other content lies where the copy belongs, SettingsError without PULL_REQUEST_ROLE_ARN.
    """
    if workspace.recipe.tune is not None:
        # The candidate of its pipeline is the search's best model, and not that of the step Train.
        return NotReusable("the recipe searches for hyperparameters, which is done again")
    settings = workspace.project.for_pull_request(number, os.environ)
    found = _find(workspace, settings, data)
    if isinstance(found, NotReusable):
        return found
    return training_job.copy(workspace.aws.s3, settings.bucket, found.artifact)


def _find(workspace: Workspace, settings: Settings, data: Data) -> Job | NotReusable:
    planned = blueprint.of(workspace, settings)
    reason = f"pull request {settings.pull_request} has no execution that trained"
    for execution in _ended_executions(workspace, settings.pipeline_name(workspace.recipe.name)):
        step = execution.step("Train")
        if step is None or step.status != "Succeeded":
            continue
        difference = _difference(workspace, planned, execution, data)
        if difference:
            return NotReusable(f"pull request {settings.pull_request} trained {difference}")
        job = _job(workspace, step)
        reason = _reason_not_to_trust(workspace, settings, planned, job)
        return NotReusable(reason) if reason or job is None else job
    return NotReusable(reason)


def _ended_executions(workspace: Workspace, pipeline: str) -> Iterator[Execution]:
    for each in executions.recent(workspace.aws.sagemaker, pipeline, _LATEST):
        if not each.running:
            yield executions.describe(workspace.aws.sagemaker, each.arn)


def _job(workspace: Workspace, step: Step) -> Job | None:
    """The step's training job: its own, or that of the execution whose result the cache answered with."""
    sagemaker = workspace.aws.sagemaker
    ran = executions.describe(sagemaker, step.cached_from).step("Train") if step.cached_from else step
    return training_job.describe(sagemaker, ran.job_name) if ran is not None and ran.job_name else None


def _difference(workspace: Workspace, planned: Blueprint, execution: Execution, data: Data) -> str:
    sagemaker = workspace.aws.sagemaker
    given = executions.parameters(sagemaker, execution.arn)
    if given.get("DataSha256") != data.sha256:
        return f"on other data: {given.get('DataSha256')} there, {data.sha256} here"
    # A hash of the content says all; a version or an ETag means something only together with its place.
    is_content = ":" not in data.sha256 or data.sha256.startswith("folder:")
    if not is_content and given.get("Data") != data.uri:
        return f"on other data: {given.get('Data')} there, {data.uri} here"
    answer = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=execution.arn)
    if answer["PipelineDefinition"] != planned.definition:
        changes = [str(change) for change in compare(answer["PipelineDefinition"], planned.definition)]
        return f"by another definition: {changes[0] if changes else 'its order differs'}"
    return ""


def _reason_not_to_trust(
    workspace: Workspace, settings: Settings, planned: Blueprint, job: Job | None
) -> str:
    """Why the job's artifact is not taken, as a sentence; empty if it is."""
    if job is None:
        return f"the training of pull request {settings.pull_request} did not complete"
    if job.has_checkpoints:
        return f"the training job {job.name} may have resumed from a checkpoint, which is not checked"
    problem = training_job.tampered(workspace.aws.s3, job, settings.s3(""))
    if problem:
        return f"{problem}, so the training of pull request {settings.pull_request} proves nothing"
    algorithm = planned.code.algorithm
    if algorithm is not None:
        key = f"{settings.home}{algorithm.prefix}{ARCHIVE}"
        try:
            objects.find(workspace.aws.s3, settings.bucket, key, sha256(algorithm.files[ARCHIVE]))
        except IntegrityError as error:
            return str(error)
    return ""
