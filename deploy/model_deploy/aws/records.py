"""The records of deployments: one object each, written once, under `deployments/<stage>/` in the artifact bucket.

The key, `<when the stack began to change>-<version>.json`, follows from the deployment. A rollout that was killed
before it wrote its record writes the same one when it is run again. No record is overwritten. A later `verify` with
another result writes a record of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from botocore.exceptions import ClientError

from model_common.aws.errors import error_code
from model_deploy.aws.clients import Aws
from model_deploy.aws.objects import read
from model_deploy.core.model_package.arn import version_of
from model_deploy.core.record import HOME, VERSION, Record
from model_deploy.errors import CommandError


def parse(document: bytes, source: str) -> Record:
    """Parse a stored record; `source` names it in messages. Raises CommandError if it is not a record."""
    try:
        fields = json.loads(document)
        if fields.pop("version") != VERSION:
            raise ValueError("written by another version of model-deploy")
        return Record(
            **fields | {"time": datetime.fromisoformat(fields["time"]), "failures": tuple(fields["failures"])}
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CommandError(
            f"The record {source} cannot be read ({type(error).__name__}: {error}). Records are written by model-deploy alone; "
            "restore it from an earlier version of the object, or move it out of deployments/."
        ) from error


def find(aws: Aws, bucket: str, object_key: str) -> Record | None:
    """The record under that key, or None if there is none."""
    body = read(aws, bucket, object_key)
    return None if body is None else parse(body, f"s3://{bucket}/{object_key}")


def append(aws: Aws, bucket: str, record: Record) -> Record:
    """Store the record unless its key exists; returns the record that is stored under the key."""
    body = json.dumps(record.document(), indent=2) + "\n"
    try:
        aws.s3.put_object(
            Bucket=bucket,
            Key=record.key,
            Body=body.encode(),
            ContentType="application/json",
            IfNoneMatch="*",
        )
    except ClientError as error:
        # 412: the key exists. 409: another writer is writing it.
        if error_code(error) not in {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}:
            raise
        return find(aws, bucket, record.key) or record
    return record


def history(aws: Aws, bucket: str, stage: str) -> Iterator[Record]:
    """The stage's records, the latest first. Each is read when the iterator reaches it."""
    for object_key in reversed(_keys(aws, bucket, stage)):
        record = find(aws, bucket, object_key)
        if record is not None:
            yield record


def latest_of(aws: Aws, bucket: str, stage: str, arn: str) -> Record | None:
    """The latest record of the package `arn` in the stage, or None."""
    version = version_of(arn)
    for object_key in reversed(_keys(aws, bucket, stage)):
        if object_key.endswith(f"-{version}.json"):
            record = find(aws, bucket, object_key)
            if record is not None and record.model_package_arn == arn:
                return record
    return None


def verified(aws: Aws, bucket: str, stage: str, arn: str) -> Record | None:
    """The latest record of the package in that stage, if it says verified; else None."""
    record = latest_of(aws, bucket, stage, arn)
    return record if record is not None and _is_verified(record) else None


def latest_verified(aws: Aws, bucket: str, stage: str) -> Record | None:
    """The latest record of the stage that says verified, or None."""
    return next(filter(_is_verified, history(aws, bucket, stage)), None)


def _is_verified(record: Record) -> bool:
    return record.outcome == "deployed" and bool(record.verified)


def _keys(aws: Aws, bucket: str, stage: str) -> list[str]:
    pages = aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{HOME}/{stage}/")
    return sorted(item["Key"] for page in pages for item in page.get("Contents", []))
