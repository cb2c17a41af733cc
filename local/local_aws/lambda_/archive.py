"""A function's code: a .zip archive from the request or from S3, unpacked once for all who run it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local_aws.kernel import archives
from local_aws.kernel.account import Account
from local_aws.kernel.limits import maximum
from local_aws.kernel.wire import ServiceError
from local_aws.lambda_.errors import invalid

UNZIPPED_BYTES = maximum("lambda.code")
"""The largest unpacked code in bytes. Source: "Lambda quotas", AWS Lambda developer guide."""

_UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."


@dataclass(frozen=True)
class Code:
    """Unpacked code. `sha256` is base64, of the archive, as the API has it; `size` the archive's, in bytes."""

    sha256: str
    size: int
    folder: Path


def stored(account: Account, request: Mapping[str, Any]) -> Code:
    """The code that a request states: ZipFile, or S3Bucket and S3Key. Raises ServiceError for what is not an archive."""
    archive = _fetched(account, request)
    digest = hashlib.sha256(archive)
    folder = account.state / "lambda" / "code" / digest.hexdigest()
    if not folder.exists():
        _unpack(archive, folder)
    return Code(base64.b64encode(digest.digest()).decode(), len(archive), folder)


def _fetched(account: Account, request: Mapping[str, Any]) -> bytes:
    if "ZipFile" in request:
        stated: bytes = request["ZipFile"]
        if len(stated) > maximum("lambda.archive"):
            raise ServiceError(
                "RequestEntityTooLargeException",
                f"The archive has {len(stated):,} bytes, and {maximum('lambda.archive'):,} is the maximum in a request: put"
                " it into S3.",
                413,
            )
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
    """Unpack into `folder`, which then is complete or not there. Raises ServiceError."""
    try:
        archives.unpack_zip(archive, folder, UNZIPPED_BYTES)
    except archives.DiskFullError as error:
        raise ServiceError("ServiceException", f"Could not unzip uploaded file: {error}", 500) from error
    except archives.ArchiveError as error:
        said = str(error) if "Unzipped size" in str(error) else _UNREADABLE
        raise invalid(said) from error
