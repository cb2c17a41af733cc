"""The model registry: reads packages, and shows which package is live in a stage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from model_common.aws.errors import is_missing
from model_deploy.aws.clients import Aws
from model_deploy.aws.objects import read_uri
from model_deploy.core.model_package.arn import ModelPackageArn
from model_deploy.core.model_package.package import ARCHIVED, LIVE, PRODUCTION, Container, LifeCycle, Package
from model_deploy.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import DescribeModelPackageOutputTypeDef


def describe(aws: Aws, arn: str) -> Package:
    """Describe the package. Raises UsageError if there is none."""
    ModelPackageArn.parse(arn)
    try:
        found = aws.sagemaker.describe_model_package(ModelPackageName=arn)
    except ClientError as error:
        if not is_missing(error):
            raise
        raise UsageError(
            f"There is no model package {arn} in {aws.region}. `model-build models` names the versions that there are."
        ) from error
    return parse(found)


def parse(answer: DescribeModelPackageOutputTypeDef) -> Package:
    """A package from DescribeModelPackage's answer."""
    arn = ModelPackageArn.parse(answer["ModelPackageArn"])
    cycle = None
    if "ModelLifeCycle" in answer:
        stated = answer["ModelLifeCycle"]
        cycle = LifeCycle(stated["Stage"], stated["StageStatus"])
    quality = answer.get("ModelMetrics", {}).get("ModelQuality", {})
    return Package(
        arn=arn.text,
        group=arn.group,
        version=arn.version,
        approval=answer.get("ModelApprovalStatus", "PendingManualApproval"),
        life_cycle=cycle,
        metadata=answer.get("CustomerMetadataProperties", {}),
        statistics_uri=quality.get("Statistics", {}).get("S3Uri"),
        approval_description=" ".join(answer.get("ApprovalDescription", "").split()),
        created=answer.get("CreationTime"),
        container=_container(answer),
    )


def _container(answer: DescribeModelPackageOutputTypeDef) -> Container | None:
    containers = answer.get("InferenceSpecification", {}).get("Containers", [])
    if len(containers) != 1 or "ModelDataUrl" not in containers[0]:
        return None
    stated = containers[0]
    return Container(stated["Image"], stated["ModelDataUrl"], stated.get("Environment", {}))


def metrics(aws: Aws, package: Package) -> dict[str, float]:
    """The figures of the package's evaluation, by name; empty if the document was deleted, or is another tool's."""
    try:
        body = read_uri(aws, package.statistics_uri) if package.statistics_uri else None
    except RefusedError:  # the registry also takes an https:// address
        return {}
    if body is None:
        return {}
    try:
        entries = json.loads(body)["multiclass_classification_metrics"]
        return {
            name: float(entry["value"])
            for name, entry in entries.items()
            if isinstance(entry, dict) and "value" in entry and not name.endswith("_best_constant_classifier")
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # The figures are shown only, so another tool's document does not block a deployment.
        return {}


def show_live(aws: Aws, package: Package, stage: str) -> None:
    """Show in the registry that `package` is live in `stage`.

    A package in production keeps the production stage, also if it is live in another stage. An approver's
    Production/Approved is not changed, because only approvers may set it if the registry is the gate.
    """
    cycle, shown = package.life_cycle, stage.capitalize()
    in_production = cycle is not None and cycle.stage == PRODUCTION
    if in_production or cycle == LifeCycle(shown, LIVE):
        return
    _set_life_cycle(aws, package.arn, LifeCycle(shown, LIVE), f"Live in {stage}, verified by model-deploy")


def show_gone(aws: Aws, arn: str, stage: str, status: str, description: str) -> None:
    """Show in the registry that the package `arn` is no longer live in `stage`, and why, if the registry shows it as live.

    A deleted package is ignored.
    """
    try:
        package = describe(aws, arn)
    except UsageError:
        return
    if package.life_cycle is not None and package.life_cycle.stage == stage.capitalize():
        _set_life_cycle(aws, arn, LifeCycle(ARCHIVED, status), description)


def _set_life_cycle(aws: Aws, arn: str, cycle: LifeCycle, description: str) -> None:
    aws.sagemaker.update_model_package(
        ModelPackageArn=arn,
        ModelLifeCycle={
            "Stage": cycle.stage,
            "StageStatus": cycle.status,
            "StageDescription": description,
        },
    )
