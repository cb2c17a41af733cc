"""Model packages: versions of a model in a group with their approval, or single unversioned packages."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker import arns, artifacts
from local_aws.sagemaker.caller import USER_CONTEXT
from local_aws.sagemaker.listing import select
from local_aws.sagemaker.registry import model_package_events
from local_aws.sagemaker.registry.model_package_groups import ModelPackageGroups
from local_aws.sagemaker.tags import Tags

MAXIMUM_PROPERTIES = 50
MAXIMUM_SPECIFICATIONS = 15

_NOT_DESCRIBED = {"Tags", "ClientToken", "ModelPackageName", "ModelPackageGroupName"}
_REPLACED = (
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
)


@dataclass(frozen=True)
class ModelPackage:
    """A package. `name` is its group's where it is versioned; `stated` is what requests said of it."""

    arn: str
    name: str
    version: int | None
    created: datetime
    stated: dict[str, Any]
    modified: datetime | None = None

    def description(self) -> dict[str, Any]:
        """The package as DescribeModelPackage answers it."""
        changed = (
            {}
            if self.modified is None
            else {"LastModifiedTime": self.modified, "LastModifiedBy": USER_CONTEXT}
        )
        return {
            "CertifyForMarketplace": False,
            "ModelPackageName": self.name,
            **self._identity(),
            **self.stated,
            "CreatedBy": USER_CONTEXT,
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            **changed,
        }

    def summary(self) -> dict[str, Any]:
        """As ListModelPackages has it: a versioned package has no ModelPackageName."""
        members = (
            "ModelPackageDescription",
            "ModelApprovalStatus",
            "ModelLifeCycle",
            "ModelPackageRegistrationType",
        )
        return self._identity() | {name: self.stated[name] for name in members if name in self.stated}

    def _identity(self) -> dict[str, Any]:
        named = (
            {"ModelPackageName": self.name}
            if self.version is None
            else {"ModelPackageGroupName": self.name, "ModelPackageVersion": self.version}
        )
        return {
            **named,
            "ModelPackageArn": self.arn,
            "CreationTime": self.created,
            "ModelPackageStatus": "Completed",
        }


class ModelPackages:
    """CreateModelPackage, DescribeModelPackage, ListModelPackages, UpdateModelPackage, DeleteModelPackage."""

    def __init__(self, account: Account, tags: Tags, groups: ModelPackageGroups) -> None:
        self._account = account
        self._tags = tags
        self._groups = groups
        self._lock = threading.Lock()
        self._packages: dict[str, ModelPackage] = {}
        self._created: dict[str, tuple[dict[str, Any], str]] = {}
        """By client token: the request, and the ARN that answered it."""

    def create_model_package(self, request: dict[str, Any]) -> dict[str, Any]:
        """Register a model package, as the next version of a group or without one.

        Raises ConflictException, ValidationException. Source: Amazon SageMaker API reference, CreateModelPackage.
        """
        _check_creation(request)
        self._require_artifacts(request, request.get("AdditionalInferenceSpecifications", []))
        with self._lock:
            earlier = self._created_before(request)
            arn = earlier or self._create(request)
            if "ClientToken" in request:
                self._created[request["ClientToken"]] = (request, arn)
            description = self._packages[arn].description() if earlier is None else None
        if description is not None:
            model_package_events.created(self._account.events, description)
        return {"ModelPackageArn": arn}

    def describe_model_package(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one model package.

        Raises ValidationException. Source: Amazon SageMaker API reference, DescribeModelPackage.
        """
        with self._lock:
            return self._find(request["ModelPackageName"]).description()

    def list_model_packages(self, request: dict[str, Any]) -> dict[str, Any]:
        """List model packages, filtered and sorted as the request says, one page at a time.

        Raises ValidationException. Source: Amazon SageMaker API reference, ListModelPackages.
        """
        with self._lock:
            packages = [package for package in self._packages.values() if _matches(package, request)]
        # Named for the filter and the order by name, also where the answer leaves the name out.
        named = [{**package.summary(), "ModelPackageName": package.name} for package in packages]
        chosen = select(named, request, name="ModelPackageName")
        shown, token = page(chosen, request, key=lambda summary: summary["ModelPackageArn"])
        for summary in shown:
            if "ModelPackageVersion" in summary:
                del summary["ModelPackageName"]
        return paged({"ModelPackageSummaryList": shown}, token)

    def update_model_package(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change approval status, metadata, life cycle or inference specifications of a package.

        Raises ValidationException. Source: Amazon SageMaker API reference, UpdateModelPackage.
        """
        additions = request.get("AdditionalInferenceSpecificationsToAdd", [])
        self._require_artifacts(request, additions)
        with self._lock:
            package = self._find(request["ModelPackageArn"])
            if package.version is None:
                _refuse_unversioned(request)
            stated = package.stated | {name: request[name] for name in _REPLACED if name in request}
            _merge_properties(stated, request)
            _add_specifications(stated, additions)
            changed = replace(package, stated=stated, modified=datetime.now(UTC))
            self._packages[package.arn] = changed
        model_package_events.updated(self._account.events, package.description(), changed.description())
        return {"ModelPackageArn": package.arn}

    def delete_model_package(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a model package and its tags.

        Raises ValidationException. Source: Amazon SageMaker API reference, DeleteModelPackage.
        """
        with self._lock:
            package = self._find(request["ModelPackageName"])
            del self._packages[package.arn]
            self._tags.drop(package.arn)
            if package.version is not None:
                self._groups.leave(self._group_arn(package.name), package.version)
        return {}

    def _require_artifacts(self, request: dict[str, Any], additional: list[dict[str, Any]]) -> None:
        for specification in (request.get("InferenceSpecification", {}), *additional):
            artifacts.require(self._account, specification.get("Containers", []))

    def _find(self, arn_or_name: str) -> ModelPackage:
        arn = arns.resolve(self._account, arns.MODEL_PACKAGE, arn_or_name)
        if arn not in self._packages:
            raise ServiceError("ValidationException", f"ModelPackage {arn} does not exist.")
        return self._packages[arn]

    def _created_before(self, request: dict[str, Any]) -> str | None:
        """The answer to an earlier request with the same client token, which has to be the same request."""
        earlier, arn = self._created.get(request.get("ClientToken", ""), (request, None))
        if earlier != request:
            raise ServiceError(
                "ConflictException",
                f"ClientToken {request['ClientToken']} was used by another request, which created {arn}.",
            )
        return arn

    def _create(self, request: dict[str, Any]) -> str:
        stated = {name: value for name, value in request.items() if name not in _NOT_DESCRIBED}
        tags = request.get("Tags", [])
        if "ModelPackageGroupName" in request:
            group = self._group_arn(request["ModelPackageGroupName"])
            name, version = arns.name(group), self._groups.enter(group)
            arn = arns.make(self._account, arns.MODEL_PACKAGE, name, version)
            stated = {"ModelApprovalStatus": "PendingManualApproval"} | stated
            tags = self._tags.get(group)
        else:
            name, version = request["ModelPackageName"], None
            arn = arns.make(self._account, arns.MODEL_PACKAGE, name)
            if arn in self._packages:
                raise ServiceError("ValidationException", f"ModelPackage already exists: {arn}")
        self._packages[arn] = ModelPackage(arn, name, version, datetime.now(UTC), stated)
        self._tags.put(arn, tags)
        return arn

    def _group_arn(self, arn_or_name: str) -> str:
        return arns.resolve(self._account, arns.MODEL_PACKAGE_GROUP, arn_or_name)


def _check_creation(request: dict[str, Any]) -> None:
    match "ModelPackageName" in request, "ModelPackageGroupName" in request:
        case True, True:
            raise ServiceError(
                "ValidationException",
                "Both ModelPackageName and ModelPackageGroupName are provided in the input. "
                "Cannot determine which one to use.",
            )
        case False, False:
            raise ServiceError("ValidationException", "Missing ARN.")
        case True, False:
            _refuse_unversioned(request)
        case False, True if request.get("Tags"):
            raise ServiceError(
                "ValidationException",
                "Tags cannot be specified when using versioned ModelPackages: the group's apply.",
            )


def _refuse_unversioned(request: dict[str, Any]) -> None:
    """Refuse what only versions in a group have."""
    for member in ("ModelApprovalStatus", "ModelLifeCycle"):
        if member in request:
            raise ServiceError(
                "ValidationException", f"{member} cannot be specified when using non-versioned ModelPackages"
            )


def _matches(package: ModelPackage, request: dict[str, Any]) -> bool:
    """Whether the filters that only model packages have let `package` through."""
    group = request.get("ModelPackageGroupName")
    approval = request.get("ModelApprovalStatus")
    if approval is not None and package.stated.get("ModelApprovalStatus") != approval:
        return False
    versioned = package.version is not None
    if group is not None:
        return versioned and package.name == group.rpartition("/")[2]
    kinds = {"Versioned": versioned, "Unversioned": not versioned, "Both": True}
    return kinds[request.get("ModelPackageType", "Unversioned")]


def _merge_properties(stated: dict[str, Any], request: dict[str, Any]) -> None:
    """Add the properties of an update to those there are, then take away those that it names for removal."""
    merged = stated.get("CustomerMetadataProperties", {}) | request.get("CustomerMetadataProperties", {})
    for name in request.get("CustomerMetadataPropertiesToRemove", []):
        merged.pop(name, None)
    if len(merged) > MAXIMUM_PROPERTIES:
        raise ServiceError(
            "ValidationException",
            f"The package would have {len(merged)} CustomerMetadataProperties; {MAXIMUM_PROPERTIES} is the maximum.",
        )
    stated.pop("CustomerMetadataProperties", None)
    if merged:
        stated["CustomerMetadataProperties"] = merged


def _add_specifications(stated: dict[str, Any], additions: list[dict[str, Any]]) -> None:
    specifications = [*stated.get("AdditionalInferenceSpecifications", []), *additions]
    if len(specifications) > MAXIMUM_SPECIFICATIONS:
        raise ServiceError(
            "ValidationException",
            f"The package would have {len(specifications)} AdditionalInferenceSpecifications; "
            f"{MAXIMUM_SPECIFICATIONS} is the maximum.",
        )
    if specifications:
        stated["AdditionalInferenceSpecifications"] = specifications
