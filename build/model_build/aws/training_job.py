"""What a pull request trained: SageMaker's own record of it, whether its objects are still the first ones, and a copy.

Whoever may push to the repository can write below `pr/`, so nothing that lies there is believed. Believed are SageMaker's
descriptions of executions and jobs, which nobody writes, and the versions of objects, which nobody of the project deletes:
an object with one version is what was written first.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_build.aws.data import split_uri
from model_common.aws import objects

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_sagemaker.client import SageMakerClient

HOME = "models/merged"
"""The prefix of the copies. The role of main's workflow writes there, and no other."""

_BLOCK = 1024 * 1024


@dataclass(frozen=True)
class Job:
    """A training job that completed: its artifact and its inputs as URIs, when it began and when it had ended."""

    name: str
    artifact: str
    inputs: tuple[str, ...]
    started: datetime
    ended: datetime
    has_checkpoints: bool


@dataclass(frozen=True)
class Copy:
    """The copy of an artifact, and its hash."""

    uri: str
    sha256: str


def describe(sagemaker: SageMakerClient, name: str) -> Job | None:
    """The training job of that name; None if it did not complete."""
    found = sagemaker.describe_training_job(TrainingJobName=name)
    if found["TrainingJobStatus"] != "Completed":
        return None
    return Job(
        name=name,
        artifact=found["ModelArtifacts"]["S3ModelArtifacts"],
        inputs=tuple(_inputs(found)),
        started=found["TrainingStartTime"],
        ended=found["TrainingEndTime"],
        has_checkpoints="CheckpointConfig" in found,
    )


def tampered(s3: S3Client, job: Job, home: str) -> str:
    """The changes of the job's inputs and of its artifact, as a clause; empty if nothing was changed.

    `home` is the URI below which all of them have to lie.
    """
    checked = [(uri, job.started) for uri in job.inputs] + [(job.artifact, job.ended)]
    for uri, latest in checked:
        if not uri.startswith(home):
            return f"{uri} lies outside of {home}"
        problem = _changed(s3, uri, latest)
        if problem:
            return problem
    return ""


def copy(s3: S3Client, bucket: str, artifact: str) -> Copy:
    """Copy the artifact to where main reads, under its hash. A copy that exists is left as it is.

    Raises IntegrityError if other content lies there.
    """
    source, key = split_uri(artifact)
    digest = hashlib.sha256()
    with tempfile.TemporaryDirectory(prefix="model-") as folder:
        path = Path(folder, "model.tar.gz")
        with path.open("wb") as file, s3.get_object(Bucket=source, Key=key)["Body"] as body:
            while block := body.read(_BLOCK):
                digest.update(block)
                file.write(block)
        sha256 = digest.hexdigest()
        stored = objects.put_file(s3, bucket, f"{HOME}/{sha256}/model.tar.gz", path, sha256)
    return Copy(stored.uri, sha256)


def _inputs(job: Any) -> Iterator[str]:
    for channel in job.get("InputDataConfig", ()):
        yield channel["DataSource"]["S3DataSource"]["S3Uri"]
    submitted = job.get("HyperParameters", {}).get("sagemaker_submit_directory", "")
    if submitted:
        yield submitted.strip('"')


def _changed(s3: S3Client, uri: str, latest: datetime) -> str:
    bucket, prefix = split_uri(uri)
    pages = list(s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix))
    versions = [version for page in pages for version in page.get("Versions", ())]
    counts = Counter(version["Key"] for version in versions)
    found = [
        *(f"{marker['Key']} was deleted" for page in pages for marker in page.get("DeleteMarkers", ())),
        *(f"{key} was written over" for key, count in counts.items() if count > 1),
        *(
            f"{version['Key']} was written after the job had read or made it"
            for version in versions
            if version["LastModified"] > latest
        ),
    ]
    if found:
        return f"s3://{bucket}/{found[0]}"
    return "" if versions else f"{uri} is not there any more"
