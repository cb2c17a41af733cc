"""The champion: the model that a candidate is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from model_build.errors import CommandError

if TYPE_CHECKING:
    from types_boto3_sagemaker.client import SageMakerClient
    from types_boto3_sagemaker.type_defs import DescribeModelPackageOutputTypeDef

PRODUCTION = "Production"
UNKNOWN = "none"


@dataclass(frozen=True)
class Champion:
    """A registered model package, with the URIs and hashes that its evaluation needs.

    `model_sha256` is `none` for an old package without a recorded hash. `package` is the answer of DescribeModelPackage.
    """

    arn: str
    model_uri: str
    model_sha256: str
    contract_uri: str
    contract_sha256: str
    stage: str | None
    data_sha256: str | None = None
    package: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def version(self) -> str:
        """The champion's version in the model package group."""
        return self.arn.rpartition("/")[2]


def resolve(sagemaker: SageMakerClient, group: str, problem: str) -> Champion | None:
    """The approved package of `group` that is live in production, else the newest approved one, else None.

    Only packages of `problem` count, from any recipe. An old package without a problem has that of its recipe's name.
    Raises CommandError if the package names no contract, because it cannot be evaluated then.
    """
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        ModelPackageType="Versioned",
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    approved = [summary for page in pages for summary in page["ModelPackageSummaryList"]]
    live = [summary for summary in approved if summary.get("ModelLifeCycle", {}).get("Stage") == PRODUCTION]
    for summary in [*live, *(other for other in approved if other not in live)]:
        package = sagemaker.describe_model_package(ModelPackageName=summary["ModelPackageArn"])
        metadata = package.get("CustomerMetadataProperties", {})
        if metadata.get("problem", metadata.get("recipe", problem)) == problem:
            return _champion(package)
    return None


def _champion(package: DescribeModelPackageOutputTypeDef) -> Champion:
    arn = package["ModelPackageArn"]
    metadata = package.get("CustomerMetadataProperties", {})
    contract, sha256 = metadata.get("contract"), metadata.get("contract-sha256")
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    model = containers[0].get("ModelDataUrl") if len(containers) == 1 else None
    if not contract or not sha256 or not model:
        raise CommandError(
            f"The champion {arn} cannot be compared with: its metadata has no `contract` with its hash, or it is not one container "
            "with one model. model-build did not register it. Reject it in the registry, or approve another version."
        )
    stage = package.get("ModelLifeCycle", {}).get("Stage")
    artifact = metadata.get("model-sha256", UNKNOWN)
    return Champion(arn, model, artifact, contract, sha256, stage, metadata.get("data-sha256"), package)
