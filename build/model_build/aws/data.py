"""The data of a run: a local file, uploaded once under its hash, or an object that is already in S3."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from model_build.errors import DataError
from model_common.aws import objects
from model_common.aws.errors import is_missing

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

NAME = "data"
"""What every data file is called in S3: the same content is the same data, whatever its name was."""

_BLOCK = 1024 * 1024


@dataclass(frozen=True)
class Data:
    """Where the data came from, where the jobs find it, and by what it is recognised.

    `sha256` is the content's hash where that is known: for a local file, and for an object that was stored with it.
    Otherwise it says what it is: `version:...` or `etag:...`, which name the content of that object as well.
    """

    source: str
    uri: str
    sha256: str
    local: Path | None = None


def locate(s3: S3Client, bucket: str, source: str, home: str = "") -> Data:
    """Find `source`, a path or an s3:// URI, without changing anything; a file belongs below the prefix `home`.

    Raises DataError when it is missing, empty, or not a single file or object.
    """
    if source.startswith("s3://"):
        return _in_s3(s3, source)
    if "://" in source:
        raise DataError(f"--data is {source}; expected the path of a file, or an s3:// URI.")
    path = Path(source).expanduser()
    if not path.exists():
        raise DataError(
            f"The data file {path} does not exist. --data takes the path of a file, or an s3:// URI."
        )
    if not path.is_file():
        raise DataError(
            f"{path} is not a file; --data takes one file (plain, gzip or zip), or the s3:// URI of one."
        )
    digest = file_sha256(path)
    return Data(source, f"s3://{bucket}/{home}data/{digest}/{NAME}", digest, path)


def file_sha256(path: Path) -> str:
    """The hash of a file's content, read in blocks. Raises DataError when it is empty or cannot be read."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise DataError(f"The data file {path} cannot be read: {error.strerror}.") from error
    if not size:
        raise DataError(f"The data file {path} is empty.")
    return digest.hexdigest()


def upload(s3: S3Client, data: Data) -> bool:
    """Upload a local file to where `data.uri` says, unless it is there already; whether it had to be.

    Raises IntegrityError when other content lies there.
    """
    if data.local is None:
        return False
    bucket, key = split_uri(data.uri)
    return objects.put_file(s3, bucket, key, data.local, data.sha256).created


def split_uri(uri: str) -> tuple[str, str]:
    """The bucket and the key of an s3:// URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _in_s3(s3: S3Client, uri: str) -> Data:
    bucket, key = split_uri(uri)
    if not bucket or not key or key.endswith("/"):
        raise DataError(f"--data is {uri}; expected the URI of one object, s3://BUCKET/KEY.")
    try:
        head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if not is_missing(error):
            raise
        raise DataError(f"There is no object {uri}. Check the bucket, the key and the region.") from error
    if not head["ContentLength"]:
        raise DataError(f"The object {uri} is empty.")
    if head.get("ChecksumSHA256") and head.get("ChecksumType") == "FULL_OBJECT":
        return Data(uri, uri, base64.b64decode(head["ChecksumSHA256"]).hex())
    version = head.get("VersionId")
    if version and version != "null":
        return Data(uri, uri, f"version:{version}")
    return Data(uri, uri, "etag:" + head["ETag"].strip('"'))
