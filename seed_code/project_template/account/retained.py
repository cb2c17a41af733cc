"""The resources that outlive a project's stack: its bucket, its key and its registered models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from model_common.aws.errors import is_missing
from project_template.aws.clients import Aws, bucket_exists, sagemaker_tags
from project_template.errors import ProjectError

KEY_WAIT_DAYS = 7
"""The shortest time that KMS lets pass before a key is gone: until then the deletion can be cancelled."""


@dataclass(frozen=True)
class Retained:
    """Names of buckets and model package groups, and ids of keys, that carry the project's tag."""

    buckets: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.buckets or self.keys or self.groups)

    def lines(self) -> list[str]:
        """The resources as lines for people."""
        return [
            *(f"model package group {name}" for name in self.groups),
            *(f"bucket {name}" for name in self.buckets),
            *(f"key {name}" for name in self.keys),
        ]


def find(aws: Aws, name: str, tags: Mapping[str, str]) -> Retained:
    """Describe the retained resources that exist. Keys that are scheduled for deletion are left out."""
    filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    pages = aws.tagging.get_paginator("get_resources").paginate(
        TagFilters=filters, ResourceTypeFilters=["s3", "kms:key"]
    )
    arns = [each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"]]
    keys = [arn.rpartition("/")[2] for arn in arns if arn.split(":")[2] == "kms"]
    return Retained(
        # The tags of what was deleted a moment ago may still be there.
        buckets=tuple(
            sorted(
                bucket
                for arn in arns
                if arn.split(":")[2] == "s3" and bucket_exists(aws, bucket := arn.rpartition(":")[2])
            )
        ),
        keys=tuple(sorted(key for key in keys if _is_enabled(aws, key))),
        groups=tuple(_groups(aws, name, tags)),
    )


def delete(aws: Aws, found: Retained) -> Iterator[str]:
    """Delete all of it, saying each. Models first, since they name what is in the bucket; the key last."""
    for group in found.groups:
        count = _delete_group(aws, group)
        yield f"Deleted the model package group {group} with {count} model packages"
    for bucket in found.buckets:
        count = delete_bucket(aws, bucket)
        yield f"Deleted the bucket {bucket} with {count} versions of objects"
    for key in found.keys:
        aws.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=KEY_WAIT_DAYS)
        yield f"The key {key} goes in {KEY_WAIT_DAYS} days; until then `aws kms cancel-key-deletion` keeps it"


def _groups(aws: Aws, name: str, tags: Mapping[str, str]) -> Iterator[str]:
    wanted = f"{name}-models"
    try:
        group = aws.sagemaker.describe_model_package_group(ModelPackageGroupName=wanted)
        carried = sagemaker_tags(aws, group["ModelPackageGroupArn"])
    except ClientError as error:
        if not is_missing(error):
            raise
        return
    if all(carried.get(key) == value for key, value in tags.items()):
        yield wanted


def _delete_group(aws: Aws, group: str) -> int:
    pages = aws.sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    arns = [each["ModelPackageArn"] for page in pages for each in page["ModelPackageSummaryList"]]
    for arn in arns:
        aws.sagemaker.delete_model_package(ModelPackageName=arn)
    try:
        aws.sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    except ClientError as error:
        if not is_missing(error):
            raise
    return len(arns)


def delete_bucket(aws: Aws, bucket: str) -> int:
    """Empty the bucket, every version of it, and delete it. Raises ProjectError where objects are locked."""
    count = 0
    for page in aws.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        versions: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if not versions:
            continue
        named: Any = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
        refused = aws.s3.delete_objects(Bucket=bucket, Delete={"Objects": named, "Quiet": True}).get("Errors")
        if refused:
            first = refused[0]
            raise ProjectError(
                f"{len(refused)} objects of the bucket {bucket} cannot be deleted; the first is {first.get('Key')}: "
                f"{first.get('Message', first.get('Code'))}. The rest of that page is gone; run the same command again "
                "once they can be."
            )
        count += len(named)
    aws.s3.delete_bucket(Bucket=bucket)
    return count


def _is_enabled(aws: Aws, key: str) -> bool:
    try:
        state: str = aws.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    except ClientError as error:
        if not is_missing(error):
            raise
        return False
    return state not in {"PendingDeletion", "PendingReplicaDeletion"}
