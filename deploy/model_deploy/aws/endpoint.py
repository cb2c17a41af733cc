"""What an endpoint serves right now, asked of SageMaker itself: stacks and registries only say what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from model_common.aws.errors import is_missing
from model_deploy.aws.clients import Aws
from model_deploy.core.observed import Endpoint, Live

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import DescribeEndpointOutputTypeDef, DescribeModelOutputTypeDef


def describe(aws: Aws, name: str) -> Endpoint | None:
    """The endpoint, or None when there is none of that name."""
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
    )


def look(aws: Aws, name: str) -> Live | None:
    """The endpoint and the package that its model was made from; None when there is no such endpoint."""
    endpoint = describe(aws, name)
    return None if endpoint is None else behind(aws, endpoint)


def behind(aws: Aws, endpoint: Endpoint) -> Live:
    """The model behind an endpoint that was just described; empty when its configuration or model is gone."""
    try:
        config = aws.sagemaker.describe_endpoint_config(EndpointConfigName=endpoint.config)
        model = config["ProductionVariants"][0]["ModelName"]
        return Live(endpoint, model, _package(aws.sagemaker.describe_model(ModelName=model)))
    except ClientError as error:
        if not is_missing(error):
            raise
        return Live(endpoint, "", None)


def _package(model: DescribeModelOutputTypeDef) -> str | None:
    containers = model.get("Containers") or [model["PrimaryContainer"]]
    return next((each["ModelPackageName"] for each in containers if "ModelPackageName" in each), None)


def _phases(answer: DescribeEndpointOutputTypeDef) -> tuple[str, ...]:
    pending = (answer.get("PendingDeploymentSummary") or {}).get("ProductionVariants", [])
    said = []
    for variant in [*pending, *answer.get("ProductionVariants", [])]:
        for status in variant.get("VariantStatus", []):
            words = status.get("StatusMessage") or status["Status"]
            said.append(words if words.startswith(status["Status"]) else f"{status['Status']}: {words}")
    return tuple(dict.fromkeys(said))
