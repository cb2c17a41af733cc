"""`model-deploy batch`: the live model of a stage over a file in S3, by a SageMaker batch transform job.

The file has a JSON object per line, with the text under `text`. The model's contract turns each text into a line of
the job's input. The answers are those of the API: a JSON object per line, in the same order. Source: "BlazingText", batch
transform; CreateTransformJob.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from rich.console import Console

from model_common.aws import objects
from model_common.aws.errors import error_code, is_missing
from model_common.deadline import Deadline
from model_common.serving import JSON_LINES
from model_deploy.aws import endpoint
from model_deploy.core import batch_file
from model_deploy.core.batch_file import Prepared
from model_deploy.core.model_package.contract import Contract
from model_deploy.core.plan.observed import Live
from model_deploy.errors import CommandError, RefusedError, UsageError
from model_deploy.progress import Progress
from model_deploy.verify.contract import load_candidate
from model_deploy.workspace import Workspace

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import TransformOutputTypeDef

HOME = "batch"
LIMIT_SECONDS = 24 * 3600
MOST_ATTEMPTS = 20
"""The number of names for a job. SageMaker accepts a name once, so each attempt after a failed job needs another."""


@dataclass(frozen=True)
class Request:
    """`source` is the S3 URI of the file, `output` the S3 prefix of the answers; in the artifact bucket by default."""

    source: str
    output: str | None = None
    instance_type: str = "ml.m5.large"
    timeout: float | None = None


@dataclass(frozen=True)
class Result:
    """A finished batch: its number of texts, and the URI of the answers. `job` is None if no text had anything to read."""

    job: str | None
    model_package_arn: str
    texts: int
    output: str


def run(workspace: Workspace, request: Request, console: Console) -> Result:
    """Prepare the texts, start the job or attach to the same one, and wait for it.

    Raises UsageError when nothing is live or the file cannot be used, CommandError when the job fails.
    """
    aws, progress, home = workspace.aws, Progress(console), f"{HOME}/{workspace.stage.name}"
    bucket, prefix = _split(request.output or workspace.settings.s3(f"{home}/answers"))
    serving = endpoint.live_model(aws, workspace.endpoint_name)
    if serving is None or serving.package_arn is None:
        raise UsageError(f"No model package is live in {workspace.stage.name}; roll one out first.")
    candidate = load_candidate(aws, serving.package_arn)
    contract, recorded = candidate.contract, candidate.package.model_sha256
    if contract is None:
        raise RefusedError(
            f"The texts cannot be prepared for {serving.package_arn}. {candidate.contract_problem}"
        )
    if serving.model_sha256 is not None and recorded is not None and serving.model_sha256 != recorded:
        raise RefusedError(
            f"{workspace.endpoint_name} does not serve what was registered as {serving.package_arn}: the artifact's SHA-256 is "
            f"{serving.model_sha256}, the package says {recorded}. Roll it out again."
        )
    with tempfile.TemporaryDirectory(prefix="batch-") as folder:
        prepared = _prepare(workspace, request.source, contract, Path(folder))
        name: str | None = None
        answers: Iterable[bytes] = ()
        if prepared.asked:
            name = _start(workspace, request, serving, prepared, home)
            progress.say(f"Transform job {name}: {prepared.asked} texts")
            _wait(workspace, name, Deadline(request.timeout or LIMIT_SECONDS), progress)
            answers = _lines(workspace, f"{home}/output/{prepared.sha256}/{prepared.path.name}.out")
        path = Path(folder, "answers.jsonl")
        digest = batch_file.answer(prepared, answers, contract, path)
        stored = objects.put_file(workspace.aws.s3, bucket, f"{prefix}{digest}.jsonl", path, digest)
    return Result(name, serving.package_arn, prepared.count, stored.uri)


def document(result: Result) -> dict[str, Any]:
    """The result for machines."""
    return {
        "job": result.job,
        "model_package_arn": result.model_package_arn,
        "texts": result.texts,
        "output": result.output,
    }


def lines(result: Result) -> list[str]:
    """The result for people."""
    return [f"{result.texts} texts by {result.model_package_arn}", result.output]


def _prepare(workspace: Workspace, source: str, contract: Contract, folder: Path) -> Prepared:
    """The model's input for a file of texts, stored in the artifact bucket under its hash."""
    bucket, _, key = source.removeprefix("s3://").partition("/")
    if not source.startswith("s3://") or not bucket or not key:
        raise UsageError(f"{source!r} is not a file in S3; expected s3://BUCKET/KEY.")
    s3 = workspace.aws.s3
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as error:
        if not is_missing(error):
            raise
        raise UsageError(f"There is no {source}.") from error
    prepared = batch_file.prepare(body.iter_lines(), source, contract, folder)
    if not prepared.count:
        raise UsageError(f"{source} holds no line.")
    if prepared.asked:
        target = _input(f"{HOME}/{workspace.stage.name}", prepared)
        objects.put_file(s3, workspace.settings.bucket, target, prepared.path, prepared.sha256)
    return prepared


def _input(home: str, prepared: Prepared) -> str:
    return f"{home}/input/{prepared.sha256}/{prepared.path.name}"


def _split(uri: str) -> tuple[str, str]:
    """Bucket and prefix. Raises UsageError for what is no URI of S3."""
    bucket, _, prefix = uri.removeprefix("s3://").rstrip("/").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise UsageError(f"--output {uri!r} is not a place in S3; expected s3://BUCKET/PREFIX.")
    return bucket, f"{prefix}/" if prefix else ""


def _lines(workspace: Workspace, key: str) -> Iterable[bytes]:
    """The lines of an object of the artifact bucket."""
    return workspace.aws.s3.get_object(Bucket=workspace.settings.bucket, Key=key)["Body"].iter_lines()


def _start(workspace: Workspace, request: Request, serving: Live, prepared: Prepared, home: str) -> str:
    """The name of the job: one that runs or has completed, or a new one."""
    sagemaker, settings = workspace.aws.sagemaker, workspace.settings
    key, output = _input(home, prepared), settings.s3(f"{home}/output/{prepared.sha256}/")
    wanted = json.dumps([key, output, serving.package_arn, request.instance_type])
    base = f"{workspace.endpoint_name[:44]}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    tags = {"sagemaker:project-name": settings.project_name, "sagemaker:project-id": settings.project_id}
    for attempt in range(1, MOST_ATTEMPTS + 1):
        name = f"{base}-{attempt}"
        try:
            sagemaker.create_transform_job(
                TransformJobName=name,
                ModelName=serving.model,
                BatchStrategy="SingleRecord",
                TransformInput={
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": settings.s3(key)}},
                    "ContentType": JSON_LINES,
                    "SplitType": "Line",
                },
                TransformOutput=_answers(output, settings.kms_key),
                TransformResources={"InstanceType": request.instance_type, "InstanceCount": 1},  # type: ignore[typeddict-item]
                Tags=[{"Key": tag, "Value": value} for tag, value in tags.items()],
            )
            return name
        except ClientError as error:
            if error_code(error) != "ResourceInUse":
                raise
        if _status(workspace, name)[0] in {"InProgress", "Completed"}:
            return name
    raise CommandError(f"{MOST_ATTEMPTS} transform jobs {base}-* failed already; look into their logs first.")


def _answers(uri: str, key: str | None) -> TransformOutputTypeDef:
    """The prefix of the answers, and their KMS key."""
    answers: TransformOutputTypeDef = {
        "S3OutputPath": uri,
        "Accept": JSON_LINES,
        "AssembleWith": "Line",
    }
    if key is not None:
        answers["KmsKeyId"] = key
    return answers


def _wait(workspace: Workspace, name: str, deadline: Deadline, progress: Progress) -> None:
    shown = ""
    for _ in deadline.looks(f"The transform job {name}"):
        status, reason = _status(workspace, name)
        if status != shown:
            progress.say(f"  {status}")
            shown = status
        if status == "Completed":
            return
        if status in {"Failed", "Stopped"}:
            raise CommandError(
                f"The transform job {name} {status.lower()}: {reason or 'SageMaker gives no reason'}"
            )


def _status(workspace: Workspace, name: str) -> tuple[str, str]:
    found = workspace.aws.sagemaker.describe_transform_job(TransformJobName=name)
    return found["TransformJobStatus"], found.get("FailureReason", "")
