"""The answers of DescribeEndpoint and ListEndpoints."""

from __future__ import annotations

from typing import Any

from local_aws.hosting.deployments.deployment import Phase
from local_aws.hosting.deployments.plan import Plan, Variant
from local_aws.hosting.endpoint import Endpoint, Pending
from local_aws.hosting.instances.fleet import Fleet


def describe(endpoint: Endpoint) -> dict[str, Any]:
    """The answer of DescribeEndpoint. EndpointConfigName is the live one; what is being deployed is pending."""
    record, live, pending = endpoint.record, endpoint.live, endpoint.pending
    plan = live.plan
    answer: dict[str, Any] = {
        **summary(endpoint),
        "EndpointConfigName": plan.config_name,
        "ProductionVariants": [_variant(live.fleets[each.name], each) for each in plan.variants],
    }
    if record.failure_reason:
        answer["FailureReason"] = record.failure_reason
    if record.deployment_config:
        answer["LastDeploymentConfig"] = record.deployment_config
    if capture := _capture(plan):
        answer["DataCaptureConfig"] = capture
    if plan.asynchronous:
        answer["AsyncInferenceConfig"] = plan.asynchronous
    if pending:
        answer["PendingDeploymentSummary"] = _pending(pending)
    return answer


def summary(endpoint: Endpoint) -> dict[str, Any]:
    """The endpoint in the answer of ListEndpoints."""
    record = endpoint.record
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": record.created,
        "LastModifiedTime": record.modified,
        "EndpointStatus": record.status,
    }


def _pending(pending: Pending) -> dict[str, Any]:
    deployment = pending.deployment
    variants = []
    for variant in pending.plan.variants:
        described = _variant(deployment.green[variant.name], variant)
        described["VariantStatus"] = [_status(deployment.phase)]
        if variant.instance_type:
            described["InstanceType"] = variant.instance_type
        variants.append(described)
    return {
        "EndpointConfigName": pending.plan.config_name,
        "ProductionVariants": variants,
        "StartTime": pending.started,
    }


def _variant(fleet: Fleet, variant: Variant) -> dict[str, Any]:
    image = variant.container.image
    described: dict[str, Any] = {
        "VariantName": variant.name,
        "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image}],
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.weight,
    }
    if variant.serverless:
        stated = variant.serverless.described()
        return {
            **described,
            "CurrentInstanceCount": 0,
            "CurrentServerlessConfig": stated,
            "DesiredServerlessConfig": stated,
        }
    return {
        **described,
        "CurrentInstanceCount": len(fleet.targets),
        "DesiredInstanceCount": variant.count,
    }


def _status(phase: Phase) -> dict[str, Any]:
    return {"Status": phase.status, "StatusMessage": phase.message, "StartTime": phase.since}


def _capture(plan: Plan) -> dict[str, Any] | None:
    if plan.capture is None:
        return None
    return {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": plan.capture["InitialSamplingPercentage"],
        "DestinationS3Uri": plan.capture["DestinationS3Uri"],
        "KmsKeyId": plan.capture.get("KmsKeyId", ""),
    }
