"""`model-build clean`: removes the pipelines, objects and trial endpoints of a pull request, and trials that were left."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from model_build.aws import executions, trials
from model_build.aws.clients import Aws
from model_build.core.settings import Settings
from model_build.errors import CommandError, TimedOutError
from model_common.aws.errors import error_code

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_sagemaker.client import SageMakerClient

_PAUSE = 2.0  # seconds


@dataclass(frozen=True)
class Cleaned:
    """The names of the removed pipelines and trials, and the number of removed objects.

    With `kept` nothing was removed but stopped, and the trials. `home` is empty where there was no pull request; `nothing`
    is then said where there was no trial either.
    """

    pipelines: tuple[str, ...]
    objects: int
    home: str
    kept: bool = False
    trials: tuple[str, ...] = ()
    nothing: str = "No trial endpoint was left: there is nothing to remove."

    @classmethod
    def nothing_merged(cls, trials: tuple[str, ...]) -> Cleaned:
        """The result for a commit that merged no pull request."""
        return cls(
            (), 0, "", trials=trials, nothing="The commit merged no pull request: there is nothing to remove."
        )

    def with_trials(self, names: tuple[str, ...]) -> Cleaned:
        """The same, with other trials in front of these."""
        return replace(self, trials=(*names, *self.trials))

    def document(self) -> dict[str, Any]:
        """The result for machines (`--json`)."""
        removed = {"pipelines": list(self.pipelines), "objects": self.objects, "home": self.home}
        tried = {"trials": list(self.trials)} if self.trials else {}
        return removed | tried | ({"kept": True} if self.kept else {})

    def lines(self) -> list[str]:
        """The result for people."""
        tried = [f"removed the trial endpoint {name}" for name in self.trials]
        if not self.home:
            return tried or [self.nothing]
        if self.kept:
            return [
                *tried,
                f"stopped what ran; {self.home} is kept until main has registered what was trained",
            ]
        removed = [f"removed the pipeline {name}" for name in self.pipelines]
        return [*removed, *tried, f"removed {self.objects} objects under {self.home}"]


def clean(aws: Aws, settings: Settings, timeout: float, *, keep: bool = False) -> Cleaned:
    """Stop and delete the pipelines of the pull request of `settings`, then its trials and the objects under its home.

    With `keep` its executions are stopped and nothing is deleted but its trials.
    Can be run again at any time. Stopped jobs may still write, so the objects are deleted last, and the bucket's life
    cycle removes later ones. `timeout` limits the stopping, in seconds. Raises TimedOutError.
    """
    if not settings.home:
        raise ValueError("only what belongs to a pull request is cleaned")
    prefix = settings.pipeline_prefix
    # The filter has to be a valid name, which cannot end in a dash, so pr-7 also finds pr-70.
    pages = aws.sagemaker.get_paginator("list_pipelines").paginate(PipelineNamePrefix=prefix.rstrip("-"))
    listed = (summary["PipelineName"] for page in pages for summary in page["PipelineSummaries"])
    names = tuple(name for name in listed if name.startswith(prefix))
    deadline = time.monotonic() + timeout
    for name in names:
        _stop(aws.sagemaker, name, deadline)
        if keep:
            continue
        aws.sagemaker.delete_pipeline(PipelineName=name, ClientRequestToken=uuid4().hex)
    tried = _end_trials(aws.sagemaker, settings, deadline) if settings.trial_role_arn else ()
    if keep:
        return Cleaned((), 0, settings.s3(""), kept=True, trials=tried)
    objects = _empty(aws.s3, settings.bucket, settings.home)
    return Cleaned(names, objects, settings.s3(""), trials=tried)


def left_trials(aws: Aws, settings: Settings) -> tuple[str, ...]:
    """Delete the trials of the project and of its pull requests that no job uses any more, as their tag says.

    Returns their names.
    """
    project = settings.project_name
    pattern = rf"{re.escape(project)}-(pr-\d+-)?trial-[a-z0-9]+"
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    found = trials.find(aws.sagemaker, pattern, project)
    over = sorted(name for name, deadline in found.items() if deadline < now)
    return tuple(name for name in over if trials.delete(aws.sagemaker, name))


def _end_trials(sagemaker: SageMakerClient, settings: Settings, deadline: float) -> tuple[str, ...]:
    """Delete the trials of a pull request, whose executions are stopped. An endpoint that is being created is waited for."""
    pattern = rf"{re.escape(settings.trial_prefix)}-[a-z0-9]+"
    found = sorted(trials.find(sagemaker, pattern, settings.project_name))
    for name in found:
        while not trials.delete(sagemaker, name):
            if time.monotonic() > deadline:
                raise TimedOutError(
                    f"The trial endpoint {name} is still being created, and cannot be deleted yet. Run the same command again "
                    "later."
                )
            time.sleep(_PAUSE)
    return tuple(found)


def _stop(sagemaker: SageMakerClient, pipeline: str, deadline: float) -> None:
    """Stop running executions and wait for their end: SageMaker refuses to delete a pipeline with one."""
    stopped: set[str] = set()
    while running := [found for found in executions.recent(sagemaker, pipeline, 50) if found.running]:
        for execution in running:
            if execution.status == "Executing" and execution.arn not in stopped:
                stopped.add(execution.arn)
                _ask_to_stop(sagemaker, execution.arn)
        if time.monotonic() > deadline:
            raise TimedOutError(f"{running[0].arn} is still stopping. Run the same command again later.")
        time.sleep(_PAUSE)


def _ask_to_stop(sagemaker: SageMakerClient, arn: str) -> None:
    try:
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid4().hex)
    except ClientError as error:
        if error_code(error) not in {"ConflictException", "ValidationException"}:  # it ended meanwhile
            raise


def _empty(s3: S3Client, bucket: str, prefix: str) -> int:
    removed = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        keys: Any = [{"Key": item["Key"]} for item in page.get("Contents", ())]
        if keys:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
            for error in answer.get("Errors", ()):
                raise CommandError(
                    f"s3://{bucket}/{error.get('Key')} could not be removed: {error.get('Code')}, {error.get('Message')}."
                )
            removed += len(keys)
    return removed
