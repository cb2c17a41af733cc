"""The data of a run: a local file, uploaded once under its hash, or an object that is already in S3."""

from __future__ import annotations

import base64
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from model_build.errors import DataError
from model_common.aws import objects
from model_common.aws.errors import is_denied, is_missing

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef

NAME = "data"
"""The name of every data file in S3: the hash in its prefix identifies it, not its local name."""

_BLOCK = 1024 * 1024
_CHECKSUMS: tuple[Literal["SHA1", "CRC64NVME", "CRC32C", "CRC32"], ...] = (
    "SHA1",
    "CRC64NVME",
    "CRC32C",
    "CRC32",
)
_LOOKS = 10
"""Objects that are looked at at the same time: boto3 keeps so many connections."""


@dataclass(frozen=True)
class Data:
    """The source of the data, its URI in S3, and the hash or version that identifies it.

    `sha256` is the content's hash if it is known: for a local file, and for an object with a stored checksum.
    Otherwise it has a prefix: `folder:` and the hash of several files with their names, `objects:` and that of several
    objects with theirs, an object's other checksum (`crc64nvme:`), else its `version:` or `etag:`. `source` has escapes for bytes that are not UTF-8.
    """

    source: str
    uri: str
    sha256: str
    local: Path | None = None


def locate(s3: S3Client, bucket: str, source: str, home: str = "") -> Data:
    """Find `source`, a path or an s3:// URI, without changing anything; a file belongs below the prefix `home`.

    A folder, or a URI that ends in a slash, holds the parts of one data set. Raises DataError if it is missing or
    empty.
    """
    if source.startswith("s3://"):
        return _in_s3(s3, source)
    if "://" in source:
        raise DataError(f"--data is {source}; expected the path of a file, or an s3:// URI.")
    path = Path(source).expanduser()
    if not path.exists():
        raise DataError(
            f"The data file {shown(path)} does not exist. --data takes the path of a file, or an s3:// URI."
        )
    if path.is_dir():
        return _folder(bucket, path, home)
    if not path.is_file():
        raise DataError(
            f"{shown(path)} is neither a file nor a folder; --data takes one of them, or an s3:// URI."
        )
    digest = file_sha256(path)
    return Data(shown(path), f"s3://{bucket}/{home}data/{digest}/{NAME}", digest, path)


def shown(path: Path) -> str:
    """A path with escapes for bytes that are not UTF-8, to be printed and stored."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def parts(folder: Path) -> dict[str, Path]:
    """The files of a folder by their relative names, without hidden ones.

    Raises DataError for a name that S3 cannot have.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not path.is_file() or any(part.startswith(".") or part == "__MACOSX" for part in name.parts):
            continue
        if shown(name) != str(name):
            raise DataError(f"The name of {shown(path)} is not UTF-8, so S3 cannot hold it. Rename the file.")
        found[name.as_posix()] = path
    return found


def _folder(bucket: str, folder: Path, home: str) -> Data:
    hashes = {name: file_sha256(path) for name, path in parts(folder).items()}
    if not hashes:
        raise DataError(f"The folder {shown(folder)} has no file.")
    text = "".join(sorted(f"{name}\0{digest}\n" for name, digest in hashes.items()))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Data(shown(folder), f"s3://{bucket}/{home}data/{digest}/", f"folder:{digest}", folder)


def file_sha256(path: Path) -> str:
    """The hash of a file's content, read in blocks. Raises DataError when it is empty or cannot be read."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise DataError(f"The data file {shown(path)} cannot be read: {error.strerror}.") from error
    if not size:
        raise DataError(f"The data file {shown(path)} is empty.")
    return digest.hexdigest()


def upload(s3: S3Client, data: Data) -> bool:
    """Upload a local file to `data.uri`, unless it exists; returns whether it was uploaded.

    Raises IntegrityError if the object has other content.
    """
    if data.local is None:
        return False
    bucket, key = split_uri(data.uri)
    if data.local.is_dir():
        stored = [
            objects.put_file(s3, bucket, f"{key}{name}", path, file_sha256(path))
            for name, path in parts(data.local).items()
        ]
        return any(part.created for part in stored)
    return objects.put_file(s3, bucket, key, data.local, data.sha256).created


def split_uri(uri: str) -> tuple[str, str]:
    """The bucket and the key of an s3:// URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _in_s3(s3: S3Client, uri: str) -> Data:
    bucket, key = split_uri(uri)
    if not bucket or not key:
        raise DataError(
            f"--data is {uri}; expected the URI of an object, or of a prefix: s3://BUCKET/KEY[/]."
        )
    if key.endswith("/"):
        return _prefix(s3, uri)
    try:
        head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if is_denied(error):
            raise _denied(uri) from error
        if not is_missing(error):
            raise
        raise DataError(f"There is no object {uri}. Check the bucket, the key and the region.") from error
    if not head["ContentLength"]:
        raise DataError(f"The object {uri} is empty.")
    return Data(uri, uri, _identity(head))


def _identity(head: HeadObjectOutputTypeDef) -> str:
    """What tells an object's content from any other: see Data. S3 gives equal content another version and ETag each time.

    Source: "Checking object integrity in Amazon S3", Amazon S3 user guide; ETag in "Object", Amazon S3 API reference.
    """
    if head.get("ChecksumType") == "FULL_OBJECT":
        if sha256 := head.get("ChecksumSHA256"):
            return base64.b64decode(sha256).hex()
        for name in _CHECKSUMS:
            if checksum := head.get(f"Checksum{name}"):
                return f"{name.lower()}:{checksum}:{head['ContentLength']}"
    version = head.get("VersionId")
    if version and version != "null":
        return f"version:{version}"
    return "etag:" + head["ETag"].strip('"')


def _denied(uri: str) -> DataError:
    return DataError(
        f"{uri} cannot be read with the role of this command, and so not by the project's jobs either. Whoever "
        f"created the project lets its roles: `project-template update PROJECT --training-data {uri}`, with "
        "--training-data-key ARN where the object is encrypted with a key of its own."
    )


def _prefix(s3: S3Client, uri: str) -> Data:
    """The objects under a prefix, identified by their names and contents."""
    bucket, prefix = split_uri(uri)
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = [item for page in pages for item in page.get("Contents", []) if item["Size"]]
        if not found:
            raise DataError(
                f"There is no object under {uri}, or only empty ones. Check the prefix and the region."
            )
        keys = [item["Key"] for item in found]
        with ThreadPoolExecutor(_LOOKS) as pool:
            heads = pool.map(lambda key: s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED"), keys)
            lines = [f"{key}\0{_identity(head)}\n" for key, head in zip(keys, heads, strict=True)]
    except ClientError as error:
        if is_denied(error):
            raise _denied(uri) from error
        if not is_missing(error):
            raise
        raise DataError(
            f"There is no bucket {bucket}, or an object under {uri} was deleted just now. Check the bucket's name and "
            "region, and run again."
        ) from error
    return Data(uri, uri, f"objects:{hashlib.sha256(''.join(sorted(lines)).encode()).hexdigest()}")
