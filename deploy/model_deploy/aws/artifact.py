"""A package's artifact in S3: whether it is still the registered one, and the copy that a stage serves.

Old packages have no recorded hash. Their artifact is accepted if it was not written after the package was registered.
Its hash is then recorded with the deployment and required from there on.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from botocore.exceptions import ClientError

from model_common.aws import objects
from model_common.aws.errors import error_code
from model_common.errors import IntegrityError
from model_deploy.aws.clients import Aws
from model_deploy.core.model_package.artifact import Artifact
from model_deploy.core.model_package.package import Package
from model_deploy.errors import RefusedError

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef

_BLOCK = 1024 * 1024
_MISSING = {"404", "NoSuchKey", "NotFound"}


def identify(
    aws: Aws, bucket: str, stage: str, package: Package, known: str | None = None, *, returning: bool = False
) -> Artifact:
    """The registered artifact of the package.

    `known` is the SHA-256 in an earlier deployment's record, for a package that has none itself. With `returning`, a
    stage's copy is enough and the original is not read. Raises RefusedError if the artifact is missing or was changed
    since it was registered.
    """
    if package.container is None:
        raise RefusedError(
            "It is not one container with one artifact. Register the model with `model-build run`."
        )
    uri, recorded = package.container.model_uri, package.model_sha256 or known
    if recorded is not None and returning and is_copied(aws, bucket, stage, Artifact(uri, recorded)):
        return Artifact(uri, recorded, package.model_version)
    head = _head(aws, uri)
    if head is None:
        raise RefusedError(
            f"Its artifact {uri} is not there any more. Restore the object, or register the model again."
        )
    _require_unchanged(package, uri, head)
    if recorded is not None:
        return Artifact(uri, recorded, head.get("VersionId"))
    with tempfile.TemporaryFile() as scratch:
        return Artifact(uri, _fetch(aws, uri, scratch), head.get("VersionId"))


def is_copied(aws: Aws, bucket: str, stage: str, artifact: Artifact) -> bool:
    """Whether the stage has its copy. Raises RefusedError if another object has its key."""
    try:
        return objects.find(aws.s3, bucket, artifact.key(stage), artifact.sha256) is not None
    except IntegrityError as error:
        raise RefusedError(str(error)) from error


def copy(aws: Aws, bucket: str, stage: str, artifact: Artifact) -> bool:
    """Copy the artifact for the stage, unless the copy exists; returns whether it was copied.

    Raises RefusedError if the original is not the registered artifact.
    """
    if is_copied(aws, bucket, stage, artifact):
        return False
    with tempfile.TemporaryDirectory(prefix="model-") as folder:
        path = Path(folder, "model.tar.gz")
        with path.open("wb") as scratch:
            found = _fetch(aws, artifact.uri, scratch)
        if found != artifact.sha256:
            raise RefusedError(
                f"The artifact {artifact.uri} was changed after its model package was registered: its SHA-256 is {found}, the "
                f"package says {artifact.sha256}. Find out who wrote there; restore the object's earlier version, or register "
                "the model again."
            )
        try:
            return objects.put_file(aws.s3, bucket, artifact.key(stage), path, artifact.sha256).created
        except IntegrityError as error:
            raise RefusedError(str(error)) from error


def _require_unchanged(package: Package, uri: str, head: HeadObjectOutputTypeDef) -> None:
    version, recorded = head.get("VersionId"), package.model_version
    if recorded is not None and version != recorded:
        raise RefusedError(
            f"Its artifact {uri} was changed after it was registered: the object's version is {version or 'unknown'}, the "
            f"package says {recorded}. Find out who wrote there; restore that version, or register the model again."
        )
    # S3 gives times in whole seconds.
    if recorded is None and package.created is not None and head["LastModified"] > package.created:
        raise RefusedError(
            f"Its artifact {uri} was changed after it was registered: it was written {head['LastModified']:%Y-%m-%d %H:%M:%S}, "
            f"the package is of {package.created:%Y-%m-%d %H:%M:%S}. Find out who wrote there, and register the model again."
        )


def _head(aws: Aws, uri: str) -> HeadObjectOutputTypeDef | None:
    bucket, key = _split(uri)
    try:
        return aws.s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_code(error) not in _MISSING:
            raise
        return None


def _fetch(aws: Aws, uri: str, target: IO[bytes]) -> str:
    """Write the object to `target`; returns its SHA-256."""
    bucket, key = _split(uri)
    digest = hashlib.sha256()
    try:
        body = aws.s3.get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as error:
        if error_code(error) not in _MISSING:
            raise
        raise RefusedError(
            f"The artifact {uri} is not there any more. Restore the object, or register the model again."
        ) from error
    while block := body.read(_BLOCK):
        digest.update(block)
        target.write(block)
    target.flush()
    return digest.hexdigest()


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key:
        raise RefusedError(f"The package names {uri!r} as its artifact; expected s3://BUCKET/KEY.")
    return bucket, key
