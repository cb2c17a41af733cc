"""`model-build models`: the registered versions, newest first, with approval and stage."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from model_build.aws.clients import Aws
from model_build.aws.data import split_uri
from model_build.core.settings import Settings
from model_common.aws.errors import is_denied, is_missing
from model_common.aws.registry import versions
from model_common.cli.columns import aligned

APPROVAL = {"PendingManualApproval": "pending approval", "Approved": "approved", "Rejected": "rejected"}
_HEADINGS = ("version", "registered", "recipe", "problem", "gate", "approval", "live in")
_LIVE = "Live"
FIRST_STAGE = "staging"
"""The first stage of an approved version: other stages of the deploy repository require a record from it."""


@dataclass(frozen=True)
class Version:
    """A registered model package. `figure` is the gate's metric, None if its evaluation was deleted.

    `live_in` is its stage in the registry, or empty. `why` is the approver's text. `data_sha256` is the hash of its training
    data, empty if it was not recorded.
    """

    arn: str
    number: int
    registered: datetime
    recipe: str
    problem: str
    metric: str
    figure: float | None
    forced: str
    approval: str
    why: str
    live_in: str
    data_sha256: str


def read(aws: Aws, settings: Settings, limit: int) -> list[Version]:
    """The latest `limit` versions of the project's model package group, the newest first."""
    listed = islice(versions(aws.sagemaker, settings.model_package_group), limit)
    return [describe(aws, each["ModelPackageArn"]) for each in listed]


def describe(aws: Aws, arn: str, *, measured: bool = True) -> Version:
    """The version, from the registry and, unless `measured` is False, its evaluation."""
    return of(aws, aws.sagemaker.describe_model_package(ModelPackageName=arn), measured=measured)


def of(aws: Aws, found: Mapping[str, Any], *, measured: bool = True) -> Version:
    """The version of an answer of DescribeModelPackage and, unless `measured` is False, its evaluation."""
    metadata = found.get("CustomerMetadataProperties", {})
    cycle = found.get("ModelLifeCycle", {})
    statistics = found.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {}).get("S3Uri", "")
    metric, figure = _gate_figure(aws, statistics) if measured else ("", None)
    recipe, forced = metadata.get("recipe", ""), metadata.get("forced", "")
    return Version(
        arn=found["ModelPackageArn"],
        number=found.get("ModelPackageVersion", 0),
        registered=found["CreationTime"],
        recipe=recipe,
        problem=metadata.get("problem", recipe),
        metric=metric,
        figure=figure,
        forced="" if forced == "none" else forced,
        approval=found.get("ModelApprovalStatus", "PendingManualApproval"),
        why=" ".join(found.get("ApprovalDescription", "").split()),
        live_in=cycle.get("Stage", "").lower() if cycle.get("StageStatus") == _LIVE else "",
        data_sha256=metadata.get("data-sha256", ""),
    )


def document(found: Sequence[Version]) -> dict[str, Any]:
    """The versions for machines."""
    return {
        "models": [
            {
                "version": each.number,
                "model_package_arn": each.arn,
                "registered": each.registered.isoformat(),
                "recipe": each.recipe,
                "problem": each.problem,
                "gate": {"metric": each.metric, "value": each.figure, "forced": each.forced or None},
                "approval": each.approval,
                "why": each.why or None,
                "live_in": each.live_in or None,
            }
            for each in found
        ]
    }


def lines(group: str, found: Sequence[Version]) -> list[str]:
    """The versions for people."""
    if not found:
        return [f"{group} has no version yet: `model-build run` registers one."]
    return aligned([_HEADINGS, *map(_row, found)])


def next_step(arn: str, approval: str) -> str:
    """The command for the next step of a registered version, to be pasted into a shell.

    Empty for one that was rejected, or deleted since.
    """
    version = arn.rpartition("/")[2]
    if approval == "Approved":
        return shlex.join(["model-deploy", "rollout", "--stage", FIRST_STAGE, "--model-package", version])
    if approval == "PendingManualApproval":
        return shlex.join(["model-build", "approve", version, "--why", "I read its report"])
    return ""


def next_place(approval: str) -> str:
    """Where the next step is done, to stand behind "Next": a rollout finds its stages in the other repository. Empty for here."""
    return " in the deploy repository, unless its workflow does so" if approval == "Approved" else ""


def _row(each: Version) -> tuple[str, ...]:
    figure = f"{each.metric} {each.figure:.4f}" if each.figure is not None else "-"
    approval = APPROVAL.get(each.approval, each.approval)
    return (
        str(each.number),
        f"{each.registered:%Y-%m-%d %H:%M}",
        each.recipe or "-",
        each.problem or "-",
        figure + (" (forced)" if each.forced else ""),
        approval + (f" ({each.why})" if each.why else ""),
        each.live_in or "-",
    )


def _gate_figure(aws: Aws, statistics: str) -> tuple[str, float | None]:
    """The gate's metric and its value, from the evaluation beside the registry's statistics."""
    if not statistics:
        return "", None
    bucket, key = split_uri(f"{statistics.rpartition('/')[0]}/evaluation.json")
    try:
        evaluation = json.loads(aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        metric = str(evaluation["gate"]["metric"])
        return metric, float(evaluation["gate"]["candidate"])
    except ClientError as error:
        if is_missing(error) or is_denied(error):
            return "", None
        raise
    except (ValueError, KeyError, TypeError):  # a document of another tool
        return "", None
