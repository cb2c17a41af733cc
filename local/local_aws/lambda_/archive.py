"""A function's code: a .zip archive from the request or from S3, unpacked once for all who run it."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local_aws.kernel.account import Account
from local_aws.lambda_.errors import invalid

UNZIPPED_BYTES = 250 * 1024 * 1024
"""What the unpacked code may take at most, as AWS has it."""


@dataclass(frozen=True)
class Code:
    """Unpacked code. `sha256` is base64, of the archive, as the API has it; `size` the archive's, in bytes."""

    sha256: str
    size: int
    folder: Path


def stored(account: Account, request: Mapping[str, Any]) -> Code:
    """The code that a request states: ZipFile, or S3Bucket and S3Key. Raises ServiceError for what is no archive."""
    archive = _fetched(account, request)
    digest = hashlib.sha256(archive)
    folder = account.state / "lambda" / "code" / digest.hexdigest()
    if not folder.exists():
        _unpack(archive, folder)
    return Code(base64.b64encode(digest.digest()).decode(), len(archive), folder)


def _fetched(account: Account, request: Mapping[str, Any]) -> bytes:
    if "ZipFile" in request:
        stated: bytes = request["ZipFile"]
        return stated
    if "S3Bucket" not in request or "S3Key" not in request:
        raise invalid(
            "Please provide a source for function code: ZipFile, or S3Bucket and S3Key. The embedded Lambda has no "
            "container images."
        )
    source = {"Bucket": request["S3Bucket"], "Key": request["S3Key"]}
    if "S3ObjectVersion" in request:
        source["VersionId"] = request["S3ObjectVersion"]
    try:
        body: bytes = account.client_of_caller("s3").get_object(**source)["Body"].read()
    except ClientError as error:
        answer = error.response["Error"]
        raise invalid(
            f"Error occurred while GetObject. S3 Error Code: {answer['Code']}. S3 Error Message: {answer['Message']}"
        ) from error
    return body


def _unpack(archive: bytes, folder: Path) -> None:
    """Unpack into `folder`, which then is complete or not there. zipfile keeps members inside of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            if sum(member.file_size for member in packed.infolist()) > UNZIPPED_BYTES:
                raise invalid(f"Unzipped size must be smaller than {UNZIPPED_BYTES} bytes")
            packed.extractall(fresh)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        shutil.rmtree(fresh)
        raise invalid(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        ) from error
    except BaseException:
        shutil.rmtree(fresh)
        raise
    try:
        fresh.rename(folder)
    except OSError:  # somebody was faster with the same code
        shutil.rmtree(fresh)
