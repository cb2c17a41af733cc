"""Model artifacts that a request names have to be in S3, or the request fails, as on SageMaker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from local_aws.kernel.account import Account
from local_aws.kernel.s3_addresses import s3_uri
from local_aws.kernel.wire import ServiceError


def require(account: Account, containers: Iterable[Mapping[str, Any]]) -> None:
    """Check the model data of ContainerDefinitions or ModelPackageContainerDefinitions.

    Raises ServiceError (ValidationException) for the first whose data is not in S3.
    """
    s3 = account.client("s3")
    for container in containers:
        source = container.get("ModelDataSource", {}).get("S3DataSource", {})
        for uri in (container.get("ModelDataUrl"), source.get("S3Uri")):
            if uri is not None and not _exists(s3, s3_uri(account.endpoint_url, uri)):
                raise ServiceError("ValidationException", f"Could not find model data at {uri}.")


def _exists(s3: Any, uri: str) -> bool:
    """Whether an S3 URI names an object or, with a slash at its end, a prefix that has objects."""
    scheme, _, path = uri.partition("://")
    bucket, _, key = path.partition("/")
    if scheme != "s3" or not key:
        return False
    try:
        if key.endswith("/"):
            return bool(s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)["KeyCount"])
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True
