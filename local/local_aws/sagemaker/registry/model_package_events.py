"""The EventBridge event of a model package: `SageMaker Model Package State Change`.

After https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html: every update sends one,
with the package as it then is. UpdatedModelPackageFields tells an approval from a note in the metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local_aws.kernel.service_events import ServiceEvent, ServiceEvents

DETAIL_TYPE = "SageMaker Model Package State Change"

_FIELDS = {
    "ModelApprovalStatus": "ModelApprovalStatus",
    "ApprovalDescription": "ApprovalDescription",
    "SourceUri": "sourceUri",
    "CustomerMetadataProperties": "CustomerMetadataProperties",
    "InferenceSpecification": "InferenceSpecification",
    "ModelLifeCycle": "ModelLifeCycle",
}
"""The members of a package whose change is told, and how the event spells them."""

_LEFT_OUT = {"CreatedBy", "LastModifiedBy", "ModelCard"}


def created(events: ServiceEvents, description: Mapping[str, Any]) -> None:
    """Tell of a new package. `description` is DescribeModelPackage's answer, here and below."""
    _emit(events, description, {})


def updated(events: ServiceEvents, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Tell of an update, even of one that changes nothing."""
    fields = [spelt for name, spelt in _FIELDS.items() if before.get(name) != after.get(name)]
    _emit(events, after, {"UpdatedModelPackageFields": fields})


def _emit(events: ServiceEvents, description: Mapping[str, Any], more: Mapping[str, Any]) -> None:
    detail = {name: _plain(value) for name, value in description.items() if name not in _LEFT_OUT}
    if "ModelPackageVersion" in detail:
        del detail["ModelPackageName"]
    resources = (description["ModelPackageArn"],)
    events.emit(ServiceEvent("aws.sagemaker", DETAIL_TYPE, resources, {**detail, **more}))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
