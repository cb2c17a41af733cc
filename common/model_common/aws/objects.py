"""Objects in S3 that are named by their content's hash: written once, never overwritten, compared by hash.

A write has the content's SHA-256, so that S3 refuses content that was damaged on the way, and `If-None-Match: *`, so
that an existing object is not overwritten. An existing object is accepted only if its content has the hash. An
interrupted write leaves nothing, so a killed command can be run again.

Source: "Add preconditions to S3 operations with conditional requests" and "Checking object integrity for data uploads in
Amazon S3", Amazon S3 user guide.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_common.aws.errors import error_code
from model_common.errors import IntegrityError

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef

PART_BYTES = 64 * 1024 * 1024
"""The largest content that is sent in one request, and the size of the parts of a larger one."""

ATTEMPTS = 5
"""The number of attempts of a write that conflicts with another one of the same key."""

_BLOCK = 1024 * 1024
_WORKERS = 4
_MISSING = {"404", "NoSuchKey", "NotFound"}
_EXISTS, _CONFLICT = {"412", "PreconditionFailed"}, {"409", "ConditionalRequestConflict"}


@dataclass(frozen=True)
class Stored:
    """An object whose content has the hash that was asked for.

    `version` is its version's id, None in a bucket that keeps none. `created` says whether this call wrote it.
    """

    uri: str
    version: str | None
    created: bool = False


def put(s3: S3Client, bucket: str, key: str, content: bytes) -> Stored:
    """Store `content` under `key` unless the key exists. Raises IntegrityError if the object has other content."""
    return _put(s3, bucket, key, _Bytes(content))


def put_file(s3: S3Client, bucket: str, key: str, path: Path, sha256: str) -> Stored:
    """`put` for a file of any size; `sha256` (hexadecimal) is its hash."""
    return _put(s3, bucket, key, _File(path, sha256))


def find(s3: S3Client, bucket: str, key: str, sha256: str) -> Stored | None:
    """The object under `key`, or None where there is none. Raises IntegrityError where its content has another hash."""
    head = _head(s3, bucket, key)
    if head is None:
        return None
    _require(s3, bucket, key, head, sha256, None)
    return Stored(f"s3://{bucket}/{key}", head.get("VersionId"))


def sha256(s3: S3Client, bucket: str, key: str) -> str | None:
    """The hash of an object's content, None where there is no object. The content is read where S3 keeps no hash."""
    head = _head(s3, bucket, key)
    return None if head is None else _stated_sha256(head) or _read_sha256(s3, bucket, key)


def read(s3: S3Client, bucket: str, key: str, sha256: str) -> bytes:
    """The content of an object. Raises IntegrityError when it has another hash, ClientError (NoSuchKey) without one."""
    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise IntegrityError.of(bucket, key, found, sha256)
    return content


class _Bytes:
    """Content in memory."""

    def __init__(self, content: bytes) -> None:
        self.content, self.size = content, len(content)
        self.sha256 = hashlib.sha256(content).hexdigest()

    def send(self, s3: S3Client, bucket: str, key: str) -> Any:
        return s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=self.content,
            ChecksumSHA256=_base64(bytes.fromhex(self.sha256)),
            IfNoneMatch="*",
        )

    def parts_checksum(self) -> str | None:
        return None


class _File:
    """Content in a file."""

    def __init__(self, path: Path, sha256: str) -> None:
        self.path, self.sha256, self.size = path, sha256, path.stat().st_size

    def send(self, s3: S3Client, bucket: str, key: str) -> Any:
        if self.size > PART_BYTES:
            return self._send_parts(s3, bucket, key)
        with self.path.open("rb") as file:
            return s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=file,
                ChecksumSHA256=_base64(bytes.fromhex(self.sha256)),
                IfNoneMatch="*",
            )

    def parts_checksum(self) -> str | None:
        """The checksum of a multipart upload, as S3 gives it: the hash of the parts' hashes, and their number."""
        digests = [hashlib.sha256(part).digest() for part in self._parts()]
        return f"{_base64(hashlib.sha256(b''.join(digests)).digest())}-{len(digests)}"

    def _send_parts(self, s3: S3Client, bucket: str, key: str) -> Any:
        upload = s3.create_multipart_upload(Bucket=bucket, Key=key, ChecksumAlgorithm="SHA256")["UploadId"]

        def send(number: int) -> dict[str, Any]:
            part = self._part(number)
            digest = _base64(hashlib.sha256(part).digest())
            sent = s3.upload_part(
                Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=part, ChecksumSHA256=digest
            )
            return {"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": digest}

        try:
            with ThreadPoolExecutor(_WORKERS) as pool:
                parts: Any = list(pool.map(send, range(1, -(-self.size // PART_BYTES) + 1)))
            return s3.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
            )
        except BaseException:
            with suppress(ClientError):
                s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
            raise

    def _part(self, number: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek((number - 1) * PART_BYTES)
            return file.read(PART_BYTES)

    def _parts(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while part := file.read(PART_BYTES):
                yield part


def _put(s3: S3Client, bucket: str, key: str, content: _Bytes | _File) -> Stored:
    for attempt in range(1, ATTEMPTS + 1):
        head = _head(s3, bucket, key)
        if head is not None:
            _require(s3, bucket, key, head, content.sha256, content)
            return Stored(f"s3://{bucket}/{key}", head.get("VersionId"))
        try:
            sent = content.send(s3, bucket, key)
        except ClientError as error:
            # 412: another writer was faster. 409: another writer is writing now.
            if error_code(error) not in (_EXISTS | _CONFLICT) or attempt == ATTEMPTS:
                raise
            continue
        return Stored(f"s3://{bucket}/{key}", sent.get("VersionId"), created=True)
    raise AssertionError("the last attempt returns or raises")


def _require(
    s3: S3Client,
    bucket: str,
    key: str,
    head: HeadObjectOutputTypeDef,
    sha256: str,
    content: _Bytes | _File | None,
) -> None:
    checksum = head.get("ChecksumSHA256", "")
    found = _stated_sha256(head)
    if not found and checksum and content is not None and head["ContentLength"] == content.size:
        found = sha256 if checksum == content.parts_checksum() else ""
    # Stored without a hash, or in parts of another size: the content has to be read.
    found = found or _read_sha256(s3, bucket, key)
    if found != sha256:
        raise IntegrityError.of(bucket, key, found, sha256)


def _head(s3: S3Client, bucket: str, key: str) -> HeadObjectOutputTypeDef | None:
    try:
        return s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if error_code(error) not in _MISSING:
            raise
        return None


def _stated_sha256(head: HeadObjectOutputTypeDef) -> str:
    if head.get("ChecksumType") != "FULL_OBJECT":
        return ""
    return base64.b64decode(head.get("ChecksumSHA256", "")).hex()


def _read_sha256(s3: S3Client, bucket: str, key: str) -> str:
    with s3.get_object(Bucket=bucket, Key=key)["Body"] as body:
        return _stream_sha256(body)


def _stream_sha256(body: IO[bytes] | Any) -> str:
    digest = hashlib.sha256()
    while block := body.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")
