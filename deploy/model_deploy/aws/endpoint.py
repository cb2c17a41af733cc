"""The model that an endpoint serves now, from SageMaker itself: stack and registry hold only the wanted one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from model_common.aws.errors import is_missing
from model_deploy.aws.clients import Aws
from model_deploy.core.model_package.artifact import PACKAGE_VARIABLE, sha256_of
from model_deploy.core.plan.observed import Endpoint, Live, Phase

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import DescribeEndpointOutputTypeDef, DescribeModelOutputTypeDef


def describe(aws: Aws, name: str) -> Endpoint | None:
    """The endpoint, or None if there is none of that name."""
    try:
        found = aws.sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if not is_missing(error):
            raise
        return None
    return parse(found)


def parse(answer: DescribeEndpointOutputTypeDef) -> Endpoint:
    """An endpoint from DescribeEndpoint's answer."""
    rollback = (answer.get("LastDeploymentConfig") or {}).get("AutoRollbackConfiguration") or {}
    return Endpoint(
        name=answer["EndpointName"],
        status=answer["EndpointStatus"],
        config=answer.get("EndpointConfigName", ""),
        reason=answer.get("FailureReason", ""),
        phases=_phases(answer),
        alarms=tuple(alarm["AlarmName"] for alarm in rollback.get("Alarms", [])),
        modified=answer.get("LastModifiedTime"),
        pending_config=(answer.get("PendingDeploymentSummary") or {}).get("EndpointConfigName", ""),
    )


def live_model(aws: Aws, name: str) -> Live | None:
    """The endpoint and its model's package; None if there is no such endpoint."""
    endpoint = describe(aws, name)
    return None if endpoint is None else model_of(aws, endpoint)


def model_of(aws: Aws, endpoint: Endpoint) -> Live:
    """The model behind a described endpoint; empty if its configuration or model was deleted."""
    return _model_of_config(aws, endpoint, endpoint.config)


def next_model(aws: Aws, endpoint: Endpoint) -> Live | None:
    """The model that an endpoint is being updated to; None if no update is under way."""
    return _model_of_config(aws, endpoint, endpoint.pending_config) if endpoint.pending_config else None


def _model_of_config(aws: Aws, endpoint: Endpoint, config_name: str) -> Live:
    try:
        config = aws.sagemaker.describe_endpoint_config(EndpointConfigName=config_name)
        model = config["ProductionVariants"][0]["ModelName"]
        package_arn, sha256 = _package_and_artifact(aws.sagemaker.describe_model(ModelName=model))
        return Live(endpoint, model, package_arn, sha256)
    except ClientError as error:
        if not is_missing(error):
            raise
        return Live(endpoint, "", None)


def _package_and_artifact(model: DescribeModelOutputTypeDef) -> tuple[str | None, str | None]:
    """The ARN of a model's package, and the SHA-256 of its artifact."""
    for container in model.get("Containers") or [model["PrimaryContainer"]]:
        named = container.get("ModelPackageName") or container.get("Environment", {}).get(PACKAGE_VARIABLE)
        if named:
            return named, sha256_of(container.get("ModelDataUrl", ""))
    return None, None


def _phases(answer: DescribeEndpointOutputTypeDef) -> tuple[Phase, ...]:
    pending = (answer.get("PendingDeploymentSummary") or {}).get("ProductionVariants", [])
    found: dict[str, Phase] = {}
    for variant in [*pending, *answer.get("ProductionVariants", [])]:
        for status in variant.get("VariantStatus", []):
            phase = Phase(status["Status"], status.get("StatusMessage", ""), status.get("StartTime"))
            found.setdefault(str(phase), phase)
    return tuple(found.values())
