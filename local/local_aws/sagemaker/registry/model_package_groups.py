"""Model package groups: where the versions of a model are registered."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker import arns
from local_aws.sagemaker.caller import USER_CONTEXT
from local_aws.sagemaker.listing import select
from local_aws.sagemaker.tags import Tags


@dataclass(frozen=True)
class ModelPackageGroup:
    """A group, the versions registered in it, and the last number given: a number is never given twice."""

    arn: str
    created: datetime
    stated: dict[str, Any]
    versions: frozenset[int] = frozenset()
    last_version: int = 0

    def summary(self) -> dict[str, Any]:
        """The group as ListModelPackageGroups answers it."""
        return {
            **self.stated,
            "ModelPackageGroupArn": self.arn,
            "CreationTime": self.created,
            "ModelPackageGroupStatus": "Completed",
        }

    def description(self) -> dict[str, Any]:
        """The group as DescribeModelPackageGroup answers it."""
        return {**self.summary(), "CreatedBy": USER_CONTEXT}


class ModelPackageGroups:
    """CreateModelPackageGroup, DescribeModelPackageGroup, ListModelPackageGroups, DeleteModelPackageGroup."""

    def __init__(self, account: Account, tags: Tags) -> None:
        self._account = account
        self._tags = tags
        self._lock = threading.Lock()
        self._groups: dict[str, ModelPackageGroup] = {}

    def create_model_package_group(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a model package group.

        Raises ValidationException. Source: Amazon SageMaker API reference, CreateModelPackageGroup.
        """
        arn = self._arn(request)
        stated: dict[str, Any] = {
            member: request[member]
            for member in ("ModelPackageGroupName", "ModelPackageGroupDescription")
            if member in request
        }
        with self._lock:
            if arn in self._groups:
                raise ServiceError("ValidationException", f"Model Package Group already exists: {arn}")
            self._groups[arn] = ModelPackageGroup(arn, datetime.now(UTC), stated)
            self._tags.put(arn, request.get("Tags"))
        return {"ModelPackageGroupArn": arn}

    def describe_model_package_group(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one model package group.

        Raises ValidationException. Source: Amazon SageMaker API reference, DescribeModelPackageGroup.
        """
        with self._lock:
            return self._find(self._arn(request)).description()

    def list_model_package_groups(self, request: dict[str, Any]) -> dict[str, Any]:
        """List model package groups, filtered and sorted as the request says, one page at a time.

        Raises ValidationException. Source: Amazon SageMaker API reference, ListModelPackageGroups.
        """
        with self._lock:
            summaries = [group.summary() for group in self._groups.values()]
        chosen = select(summaries, request, name="ModelPackageGroupName")
        shown, token = page(chosen, request, key=lambda summary: summary["ModelPackageGroupArn"])
        return paged({"ModelPackageGroupSummaryList": shown}, token)

    def delete_model_package_group(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete a model package group that has no versions.

        Raises ConflictException, ValidationException. Source: Amazon SageMaker API reference, DeleteModelPackageGroup.
        """
        arn = self._arn(request)
        with self._lock:
            if self._find(arn).versions:
                raise ServiceError(
                    "ConflictException",
                    f"ModelPackageGroup {arn} cannot be deleted: it contains model packages. Delete them first.",
                )
            del self._groups[arn]
            self._tags.drop(arn)
        return {}

    def enter(self, arn: str) -> int:
        """The number of a new version in the group. Raises ServiceError where there is no such group."""
        with self._lock:
            group = self._find(arn)
            version = group.last_version + 1
            self._groups[arn] = replace(group, versions=group.versions | {version}, last_version=version)
        return version

    def leave(self, arn: str, version: int) -> None:
        """Note that a version was deleted; the group can be once none is left."""
        with self._lock:
            group = self._find(arn)
            self._groups[arn] = replace(group, versions=group.versions - {version})

    def _arn(self, request: dict[str, Any]) -> str:
        return arns.resolve(self._account, arns.MODEL_PACKAGE_GROUP, request["ModelPackageGroupName"])

    def _find(self, arn: str) -> ModelPackageGroup:
        if arn not in self._groups:
            raise ServiceError("ValidationException", f"ModelPackageGroup {arn} does not exist.")
        return self._groups[arn]
