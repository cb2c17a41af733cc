"""The downloads and uploads of a job."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from local_aws.containers.errors import ContainerError, DownloadError, UnsupportedError, UploadError

_MB = 1024 * 1024
# The server is next door: a model of 80 MB takes half as long in one piece.
_TRANSFER = TransferConfig(multipart_threshold=512 * _MB, multipart_chunksize=64 * _MB, use_threads=False)


@dataclass(frozen=True)
class Location:
    """An S3 URI taken apart. `key` may be empty, or a prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Location:
        """Raises UnsupportedError for what is not s3://BUCKET/KEY."""
        scheme, _, path = uri.partition("://")
        if scheme != "s3":
            raise UnsupportedError(f"{uri!r} is not an S3 URI: only s3://BUCKET/KEY is embedded.")
        bucket, _, key = path.partition("/")
        return cls(bucket, key)

    def under(self, *parts: str) -> Location:
        """The location of `parts` below this one, as a prefix."""
        return Location(self.bucket, "/".join(filter(None, [self.key.rstrip("/"), *parts])))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class S3Data:
    """Downloads and uploads of a job. `role_arn` is only named in errors, as SageMaker does.

    `key` is the KMS key that uploads are encrypted with; None leaves that to the bucket.
    """

    def __init__(self, client: Any, region: str, role_arn: str, key: str | None = None) -> None:
        self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        self._client = client
        self._region = region
        self._role_arn = role_arn

    def download(self, uri: str, folder: Path) -> None:
        """Put every object whose key begins with the URI's into `folder`, under what follows the prefix.

        An object that the URI names itself goes under its own name. Raises DownloadError where there is none.
        """
        location = Location.parse(uri)
        folder.mkdir(parents=True, exist_ok=True)
        found = False
        with _errors_as(DownloadError, location):
            for key in self._keys(location):
                found = True
                self._fetch(Location(location.bucket, key), _relative_key(location.key, key), folder)
        if not found:
            raise DownloadError(
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
                f"exists in the selected region ({self._region}), that objects exist under that S3 prefix, and that "
                f'the role "{self._role_arn}" has "s3:ListBucket" permissions on bucket "{location.bucket}".'
            )

    def download_file(self, uri: str, path: Path) -> None:
        """Raises DownloadError where the object does not exist."""
        location = Location.parse(uri)
        with _errors_as(DownloadError, location):
            self._client.download_file(location.bucket, location.key, str(path), Config=_TRANSFER)

    def require_bucket(self, uri: str) -> None:
        """Raises UploadError where the bucket of an output does not exist."""
        location = Location.parse(uri)
        try:
            self._client.head_bucket(Bucket=location.bucket)
        except ClientError as error:
            raise UploadError(
                f"NoSuchBucket: the bucket {location.bucket} of {uri} does not exist"
            ) from error

    def upload(self, folder: Path, uri: str) -> None:
        """Put every file under `folder` below the URI. Raises UploadError."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self._put(path, Location.parse(uri).under(path.relative_to(folder).as_posix()))

    def upload_file(self, path: Path, uri: str) -> None:
        """Put one file at the URI. Raises UploadError."""
        self._put(path, Location.parse(uri))

    def upload_archive(self, folder: Path, uri: str, scratch: Path) -> None:
        """Put the files under `folder` as one .tar.gz at the URI, written at `scratch` before. Raises UploadError."""
        archive(folder, scratch)
        self._put(scratch, Location.parse(uri))

    def _keys(self, location: Location) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=location.bucket, Prefix=location.key):
            yield from (found["Key"] for found in page.get("Contents", ()))

    def _fetch(self, source: Location, name: str, folder: Path) -> None:
        if name.endswith("/"):  # the marker of an empty folder
            return
        path = folder / name
        if ".." in PurePosixPath(name).parts:
            raise DownloadError(f"the key of {source} leads out of the folder it is downloaded to")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._client.download_file(source.bucket, source.key, str(path), Config=_TRANSFER)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise DownloadError(
                f"Cannot download {source}, a previously downloaded file/folder clashes with it."
            ) from error

    def _put(self, path: Path, target: Location) -> None:
        with _errors_as(UploadError, target):
            self._client.upload_file(
                str(path), target.bucket, target.key, ExtraArgs=self._encryption, Config=_TRANSFER
            )


def archive(folder: Path, path: Path) -> None:
    """Write the files under `folder` into a .tar.gz at `path`: the same bytes for the same files.

    Not compressed: on loopback that would cost more than it saves (3 s for a model of 80 MB, which shrinks by 8%).
    """
    with (
        path.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", compresslevel=0, fileobj=file, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as tar,
    ):
        for member in sorted(folder.rglob("*")):
            tar.add(member, member.relative_to(folder).as_posix(), recursive=False, filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _relative_key(prefix: str, key: str) -> str:
    """Where an object lands in the folder: what follows the prefix, or the last folder that the prefix names."""
    if key.startswith(f"{prefix.rstrip('/')}/"):
        return key.removeprefix(prefix.rstrip("/")).lstrip("/") or "/"
    return key.removeprefix(prefix[: prefix.rfind("/") + 1])


@contextmanager
def _errors_as(error: Callable[[str], ContainerError], location: Location) -> Iterator[None]:
    """Turn what S3 answers for `location` into `error`, which begins with SageMaker's words for it."""
    try:
        yield
    except (ClientError, Boto3Error, BotoCoreError) as cause:
        raise error(f"{_described(cause)} ({location})") from cause


def _described(cause: Exception) -> str:
    if not isinstance(cause, ClientError):
        return str(cause)
    answer = cause.response["Error"]
    if answer["Code"] in {"404", "NoSuchKey"}:
        return "NoSuchKey (404): the bucket or object does not exist"
    return f"{answer['Code']}: {answer['Message']}"
