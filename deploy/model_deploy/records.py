"""What was deployed: one object per deployment, written once, under `deployments/<stage>/` in the artifact bucket.

Its key, `<when the stack began to change>-<version>.json`, follows from the deployment itself: a rollout that was killed
before it wrote its record writes the same one when it is run again, and none is ever written over. What a later
`verify` finds differently becomes a record of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from botocore.exceptions import ClientError

from model_deploy.aws import Aws, error_code
from model_deploy.errors import ModelDeployError

HOME = "deployments"
VERSION = 1

Kind = Literal["rollout", "rollback"]
Outcome = Literal["deployed", "rolled back", "failed"]


@dataclass(frozen=True)
class Record:
    """One deployment, or one later look at it. `kind` says whether it was to bring an earlier version back.

    `deployment` is the same in all records of one deployment. `failures` are the cases of checks/ that failed, with
    reasons; `verified` is None when it came to no verification. `why` is the approval's description, a rollback's
    occasion, or what the operator said; `forced` the reason given with --force. `commit` is this repository's,
    `model_commit` the one that the model was built from. `replaced` is the package that was live before.
    """

    time: datetime
    deployment: str
    stage: str
    endpoint: str
    kind: Kind
    model_package_arn: str
    model_package_version: int
    outcome: Outcome
    verified: bool | None
    failures: tuple[str, ...]
    why: str
    forced: str | None
    who: str
    commit: str
    model_commit: str
    plan_sha256: str
    replaced: str | None

    @property
    def key(self) -> str:
        return key(self.stage, self.time, self.model_package_version)

    def document(self) -> dict[str, Any]:
        """The record as it is stored."""
        return {
            "version": VERSION,
            **asdict(self),
            "time": self.time.isoformat(),
            "failures": list(self.failures),
        }


def key(stage: str, time: datetime, version: int) -> str:
    """The key of a deployment's record. Keys of a stage sort by time."""
    moment = time.astimezone(UTC)
    return f"{HOME}/{stage}/{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03d}Z-{version}.json"


def deployment_id(plan_sha256: str, time: datetime) -> str:
    """What names a deployment: the plan, and when it began to be executed."""
    return f"{plan_sha256[:16]}-{int(time.timestamp() * 1000)}"


def parse(document: bytes, source: str) -> Record:
    """A stored record; `source` names it in messages. Raises ModelDeployError when it is none."""
    try:
        stated = json.loads(document)
        if stated.pop("version") != VERSION:
            raise ValueError("written by another version of model-deploy")
        return Record(
            **stated | {"time": datetime.fromisoformat(stated["time"]), "failures": tuple(stated["failures"])}
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelDeployError(
            f"The record {source} cannot be read ({type(error).__name__}: {error}). Records are written by model-deploy alone; "
            "restore it from an earlier version of the object, or move it out of deployments/."
        ) from error


def find(aws: Aws, bucket: str, object_key: str) -> Record | None:
    """The record under that key, or None when there is none."""
    try:
        body = aws.s3.get_object(Bucket=bucket, Key=object_key)["Body"].read()
    except ClientError as error:
        if error_code(error) not in {"NoSuchKey", "404"}:
            raise
        return None
    return parse(body, f"s3://{bucket}/{object_key}")


def append(aws: Aws, bucket: str, record: Record) -> Record:
    """Store the record unless there is one under its key already; the one that is there in the end."""
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
        # 412: it is there. 409: another writer is at it right now.
        if error_code(error) not in {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}:
            raise
        return find(aws, bucket, record.key) or record
    return record


def history(aws: Aws, bucket: str, stage: str) -> Iterator[Record]:
    """The stage's records, the latest first; each is read when it is asked for."""
    for object_key in reversed(_keys(aws, bucket, stage)):
        record = find(aws, bucket, object_key)
        if record is not None:
            yield record


def latest_of(aws: Aws, bucket: str, stage: str, arn: str) -> Record | None:
    """The latest record of the package `arn` in the stage, or None."""
    version = arn.rpartition("/")[2]
    for object_key in reversed(_keys(aws, bucket, stage)):
        if object_key.endswith(f"-{version}.json"):
            record = find(aws, bucket, object_key)
            if record is not None and record.model_package_arn == arn:
                return record
    return None


def was_verified(aws: Aws, bucket: str, stage: str, arn: str) -> bool:
    """Whether the latest that is known of the package in that stage is that it was verified there."""
    record = latest_of(aws, bucket, stage, arn)
    return record is not None and record.outcome == "deployed" and record.verified is True


def _keys(aws: Aws, bucket: str, stage: str) -> list[str]:
    pages = aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{HOME}/{stage}/")
    return sorted(item["Key"] for page in pages for item in page.get("Contents", []))
