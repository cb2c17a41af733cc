"""The identity of a model's artifact: its hash, and the version of its object in S3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import digests
from failure import StepError


def require(path: Path, sha256: str, owner: str) -> None:
    """Raises StepError when the artifact at `path` has another hash than the one recorded with its model package.

    digests.NONE stands for a package without a recorded hash; then nothing is compared.
    """
    if sha256 == digests.NONE:
        return
    found = digests.of_file(path)
    if found != sha256:
        raise StepError(
            f"The {owner}'s artifact was changed after it was registered: its SHA-256 is {found}, its model package says "
            f"{sha256}. Restore the object's earlier version, or reject that model package, and run again."
        )


def require_trained(path: Path, sha256: str) -> None:
    """Raises StepError when the candidate at `path` is not the artifact that the run was given the hash of."""
    if sha256 == digests.NONE:
        return
    found = digests.of_file(path)
    if found != sha256:
        raise StepError(
            f"The candidate is not what the pull request trained: its SHA-256 is {found}, the run was started with {sha256}. "
            "Find out who wrote to its place in S3, and run again."
        )


def version(uri: str, size: int) -> str:
    """The id of the version of the object at `uri`, or digests.NONE in a bucket that keeps no versions.

    Raises StepError when the object is not of that size any more: it was replaced while it was evaluated.
    """
    bucket, _, key = uri[len("s3://") :].partition("/")
    head = _head(bucket, key)
    if head["ContentLength"] != size:
        raise StepError(
            f"{uri} was replaced while it was evaluated: it has {head['ContentLength']} bytes, the candidate has {size}. "
            "Find out who wrote it, and run again."
        )
    return str(head.get("VersionId") or digests.NONE)


def _head(bucket: str, key: str) -> Any:
    import boto3  # the scikit-learn image has it; loading it takes a third of a second

    return boto3.client("s3").head_object(Bucket=bucket, Key=key)
