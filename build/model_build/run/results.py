"""The results of an execution: the figures of Evaluate, the counts of Prepare, the package of Register."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_build.aws import executions, searches
from model_build.aws.clients import Aws
from model_build.aws.data import split_uri
from model_build.core.execution import Execution, Step
from model_build.core.search import Search
from model_build.errors import CommandError
from model_build.run.pipeline import FAIL, TRIAL, TUNE
from model_common.aws.errors import error_code, is_missing

if TYPE_CHECKING:
    from types_boto3_sagemaker.client import SageMakerClient

DELETED = "deleted"


@dataclass(frozen=True)
class Results:
    """The documents of an execution, each None before its step has written it. steps/ describes their format.

    `approval` is the registry's status of the model package, as it is now. `search` is None where the recipe has none.
    """

    evaluation: dict[str, Any] | None
    preparation: dict[str, Any] | None
    model_package_arn: str | None
    approval: str | None = None
    search: Search | None = None

    @property
    def metrics(self) -> dict[str, float]:
        """The candidate's metrics by name; empty if Evaluate wrote none."""
        return dict(self.evaluation["candidate"]["metrics"]) if self.evaluation else {}

    @property
    def gate(self) -> dict[str, Any] | None:
        """The gate's decision as evaluation.json holds it, None if Evaluate wrote none."""
        return dict(self.evaluation["gate"]) if self.evaluation else None


def collect(aws: Aws, execution: Execution) -> Results:
    """Read what the execution's steps have written so far."""
    register = execution.step("Register")
    registered = register is not None and register.status == "Succeeded"
    arn = register.job_arn if register is not None and registered else None
    return Results(
        evaluation=_evaluation(aws, execution),
        preparation=_document(aws, execution, "Prepare", "summary", "prepare.json"),
        model_package_arn=arn,
        approval=approval(aws.sagemaker, arn) if arn else None,
        search=_search(aws.sagemaker, execution),
    )


def approval(sagemaker: SageMakerClient, arn: str) -> str:
    """The approval status of a model package; DELETED if it does not exist."""
    try:
        return sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"]
    except ClientError as error:
        if not is_missing(error):
            raise
        return DELETED


def was_refused(execution: Execution) -> bool:
    """Whether the execution failed only because the gate refused the candidate."""
    return [step.name for step in execution.failed] == [FAIL]


def _evaluation(aws: Aws, execution: Execution) -> dict[str, Any] | None:
    """What Trial wrote, which has its figures and the decision after it; before that, and without a trial, Evaluate's."""
    for step in (TRIAL, "Evaluate"):
        found = _document(aws, execution, step, "evaluation", "evaluation.json")
        if found is not None:
            return found
    return None


def _search(sagemaker: SageMakerClient, execution: Execution) -> Search | None:
    step = execution.step(TUNE)
    job = _job(sagemaker, step) if step is not None and step.status == "Succeeded" else None
    return searches.describe(sagemaker, job) if job else None


def output_uri(sagemaker: SageMakerClient, execution: Execution, step_name: str, output: str) -> str | None:
    """The S3 prefix of a processing step's output, or None when the step has not succeeded.

    It is read from the job's description, because a cached step wrote under another execution's prefix.
    """
    step = execution.step(step_name)
    if step is None or step.status != "Succeeded":
        return None
    job = _job(sagemaker, step)
    if job is None:
        return None
    described = sagemaker.describe_processing_job(ProcessingJobName=job)
    for found in described["ProcessingOutputConfig"]["Outputs"]:
        if found["OutputName"] == output:
            return found["S3Output"]["S3Uri"]
    return None


def _job(sagemaker: SageMakerClient, step: Step) -> str | None:
    if step.job_name is None and step.cached_from is not None:
        source = executions.describe(sagemaker, step.cached_from).step(step.name)
        return source.job_name if source else None
    return step.job_name


def _document(aws: Aws, execution: Execution, step: str, output: str, name: str) -> dict[str, Any] | None:
    prefix = output_uri(aws.sagemaker, execution, step, output)
    if prefix is None:
        return None
    uri = f"{prefix.rstrip('/')}/{name}"
    bucket, key = split_uri(uri)
    try:
        body = aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        document: dict[str, Any] = json.loads(body)
    except ClientError as error:
        if error_code(error) != "NoSuchKey":
            raise
        raise CommandError(f"{step} succeeded but {uri} is not there; was it deleted since?") from error
    except ValueError as error:  # no JSON, or no text
        raise CommandError(f"{uri}, which {step} wrote, is not JSON: {error}.") from error
    return document
