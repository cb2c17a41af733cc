"""The versions of a model package group, and how a command line names one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from model_common.aws.errors import is_missing
from model_common.errors import UsageError

if TYPE_CHECKING:
    from types_boto3_sagemaker.client import SageMakerClient
    from types_boto3_sagemaker.type_defs import ModelPackageSummaryTypeDef

LATEST = "latest"


def versions(sagemaker: SageMakerClient, group: str) -> Iterator[ModelPackageSummaryTypeDef]:
    """The versions of the group, the newest first; empty if there is no such group."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group,
        ModelPackageType="Versioned",
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    try:
        for page in pages:
            yield from page["ModelPackageSummaryList"]
    except ClientError as error:
        if not is_missing(error):
            raise


def resolve(sagemaker: SageMakerClient, group: str, text: str) -> str:
    """The ARN of the model package that `text` names: an ARN, which is returned as it is, a version's number, or `latest`.

    `latest` is the version that was registered last, whatever its approval. Raises UsageError where there is no such version.
    """
    wanted = text.strip()
    if wanted.startswith("arn:"):
        return wanted
    if not (wanted == LATEST or (wanted.isascii() and wanted.isdecimal())):
        raise UsageError(
            f"{text!r} names no model package: expected the number of a version of {group}, `{LATEST}`, or an ARN."
        )
    known = []
    for each in versions(sagemaker, group):
        number = str(each.get("ModelPackageVersion"))
        if wanted == LATEST or number == wanted.lstrip("0"):
            return each["ModelPackageArn"]
        known.append(number)
    if not known:
        raise UsageError(f"{group} has no version yet: `model-build run` registers one.")
    raise UsageError(f"{group} has no version {wanted}. It has {', '.join(known)}.")
