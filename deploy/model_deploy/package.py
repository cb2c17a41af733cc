"""The model package that is to be deployed: what the registry says of it, and the contract that lies beside its model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from model_deploy import contract as contracts
from model_deploy.aws import Aws, error_code
from model_deploy.contract import Contract
from model_deploy.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import DescribeModelPackageOutputTypeDef

PRODUCTION = "Production"
APPROVED = "Approved"
REJECTED = "Rejected"
LIVE = "Live"
ARCHIVED = "Archived"

_ARN = re.compile(
    r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]+:\d{12}:model-package/(?P<group>[\w\-]+)/(?P<version>\d+)"
)


@dataclass(frozen=True)
class LifeCycle:
    """Where a package stands, as the registry shows it: one value, that anyone with the permission may change."""

    stage: str
    status: str

    def __str__(self) -> str:
        return f"{self.stage}/{self.status}"


@dataclass(frozen=True)
class Package:
    """A version of a model in its group, as the registry describes it. `metadata` is what its pipeline recorded.

    `approval_description` is what the approver said.
    """

    arn: str
    group: str
    version: int
    approval: str
    life_cycle: LifeCycle | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    statistics_uri: str | None = None
    approval_description: str = ""

    @property
    def contract_uri(self) -> str | None:
        return self.metadata.get("contract")

    @property
    def contract_sha256(self) -> str | None:
        return self.metadata.get("contract-sha256")

    @property
    def commit(self) -> str | None:
        """The commit that the model was built from."""
        return self.metadata.get("commit")


@dataclass(frozen=True)
class Candidate:
    """A package with its contract; None when nothing lies where the package says, or it says nothing."""

    package: Package
    contract: Contract | None


def split_arn(arn: str) -> tuple[str, int]:
    """The group and the version that `arn` names. Raises UsageError when it names no version in a group."""
    found = _ARN.fullmatch(arn)
    if found is None:
        raise UsageError(
            f"{arn!r} is not the ARN of a model package. Expected arn:aws:sagemaker:REGION:ACCOUNT:model-package/GROUP/VERSION, "
            "as the registry shows it, and `model-build run` prints it."
        )
    return found["group"], int(found["version"])


def with_version(arn: str, version: int) -> str:
    """The ARN of another version in the group of `arn`."""
    return f"{arn.rpartition('/')[0]}/{version}"


def describe(aws: Aws, arn: str) -> Package:
    """The package as it stands now. Raises UsageError when there is none."""
    split_arn(arn)
    try:
        found = aws.sagemaker.describe_model_package(ModelPackageName=arn)
    except ClientError as error:
        if not _is_missing(error):
            raise
        raise UsageError(
            f"There is no model package {arn} in {aws.region}. `model-build status` names the versions that there are."
        ) from error
    return parse(found)


def parse(answer: DescribeModelPackageOutputTypeDef) -> Package:
    """A package from DescribeModelPackage's answer."""
    arn = answer["ModelPackageArn"]
    group, version = split_arn(arn)
    cycle = None
    if "ModelLifeCycle" in answer:
        stated = answer["ModelLifeCycle"]
        cycle = LifeCycle(stated["Stage"], stated["StageStatus"])
    quality = answer.get("ModelMetrics", {}).get("ModelQuality", {})
    return Package(
        arn=arn,
        group=group,
        version=version,
        approval=answer.get("ModelApprovalStatus", "PendingManualApproval"),
        life_cycle=cycle,
        metadata=answer.get("CustomerMetadataProperties", {}),
        statistics_uri=quality.get("Statistics", {}).get("S3Uri"),
        approval_description=" ".join(answer.get("ApprovalDescription", "").split()),
    )


def candidate(aws: Aws, arn: str) -> Candidate:
    """The package and its contract. Raises UsageError without a package, RefusedError when the contract is broken."""
    package = describe(aws, arn)
    return Candidate(package, _contract(aws, package))


def metrics(aws: Aws, package: Package) -> dict[str, float]:
    """The figures of the package's own evaluation, by name; none when they are not there any more."""
    if package.statistics_uri is None:
        return {}
    body = _read(aws, package.statistics_uri)
    if body is None:
        return {}
    try:
        entries = json.loads(body)["multiclass_classification_metrics"]
        return {
            name: float(entry["value"])
            for name, entry in entries.items()
            if isinstance(entry, dict) and "value" in entry and not name.endswith("_best_constant_classifier")
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        # They are shown and decide nothing: a document of another tool is no reason not to deploy.
        return {}


def show_live(aws: Aws, package: Package, stage: str) -> None:
    """Show in the registry that `package` is live in `stage`.

    What is in production stays shown there whatever else it is live in, and an approver's Production/Approved is left
    alone: nobody else may set it where the registry is the gate.
    """
    cycle, shown = package.life_cycle, stage.capitalize()
    in_production = cycle is not None and cycle.stage == PRODUCTION
    if in_production or cycle == LifeCycle(shown, LIVE):
        return
    _set_life_cycle(aws, package.arn, LifeCycle(shown, LIVE), f"Live in {stage}, verified by model-deploy")


def show_gone(aws: Aws, arn: str, stage: str, status: str, description: str) -> None:
    """Show in the registry that the package `arn` is no longer live in `stage`, if it is shown there, and why.

    A package that is not there any more is none to show.
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


def _contract(aws: Aws, package: Package) -> Contract | None:
    if package.contract_uri is None:
        return None
    prefix = package.contract_uri.rstrip("/")
    stored = {name: _read(aws, f"{prefix}/{name}") for name in contracts.FILES}
    files = {name: content for name, content in stored.items() if content is not None}
    return contracts.parse(files, f"The contract of {package.arn} at {prefix}/") if files else None


def _read(aws: Aws, uri: str) -> bytes | None:
    """The object at `uri`, or None when there is none. Raises RefusedError when `uri` is no S3 URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not key:
        raise RefusedError(f"The package names {uri!r}; expected s3://BUCKET/KEY. Register the model anew.")
    try:
        return aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error_code(error) not in {"NoSuchKey", "404"}:
            raise
        return None


def _is_missing(error: ClientError) -> bool:
    said = str(error.response.get("Error", {}).get("Message", ""))
    return error_code(error) == "ResourceNotFound" or (
        error_code(error) == "ValidationException" and "does not exist" in said
    )
