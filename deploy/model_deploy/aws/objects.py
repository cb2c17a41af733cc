"""Objects in S3."""

from __future__ import annotations

from botocore.exceptions import ClientError

from model_common.aws.errors import error_code
from model_deploy.aws.clients import Aws
from model_deploy.errors import RefusedError


def read(aws: Aws, bucket: str, key: str) -> bytes | None:
    """The object under `key`, or None if there is none. Raises ClientError for a missing bucket."""
    try:
        return aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error_code(error) not in {"NoSuchKey", "404"}:
            raise
        return None


def read_uri(aws: Aws, uri: str) -> bytes | None:
    """The object at `uri`, or None if there is none. Raises RefusedError if `uri` is not s3://BUCKET/KEY."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key:
        raise RefusedError(f"The package names {uri!r}; expected s3://BUCKET/KEY. Register the model again.")
    return read(aws, bucket, key)
