"""How the endpoint's size follows its load."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sagemaker as sagemaker

from model_deploy.core.plan.deployment import VARIANT, Deployment
from model_deploy.stage import Scaling, Serverless

_PREDEFINED = {
    "invocations_per_instance": "SageMakerVariantInvocationsPerInstance",
    "provisioned_utilization_percent": "SageMakerVariantProvisionedConcurrencyUtilization",
}


def add(stack: cdk.Stack, deployment: Deployment, endpoint: sagemaker.CfnEndpoint) -> None:
    """Add a scalable target and its policy, where the stage scales."""
    scaling = deployment.stage.scaling
    if scaling is None:
        return
    serverless = isinstance(deployment.stage.endpoint.capacity, Serverless)
    target = autoscaling.CfnScalableTarget(
        stack,
        "ScalableTarget",
        service_namespace="sagemaker",
        resource_id=f"endpoint/{deployment.endpoint_name}/variant/{VARIANT}",
        scalable_dimension=(
            "sagemaker:variant:DesiredProvisionedConcurrency"
            if serverless
            else "sagemaker:variant:DesiredInstanceCount"
        ),
        min_capacity=scaling.min,
        max_capacity=scaling.max,
    )
    # The target has the endpoint's name in a string, which makes no dependency.
    target.add_resource_dependency(endpoint)
    autoscaling.CfnScalingPolicy(
        stack,
        "ScalingPolicy",
        policy_name=f"{deployment.endpoint_name}-target",
        policy_type="TargetTrackingScaling",
        scaling_target_id=target.ref,
        target_tracking_scaling_policy_configuration=_tracking(deployment, scaling),
    )
    if scaling.min == 0:
        _wake_up(stack, deployment, scaling, target)


def _tracking(
    deployment: Deployment, scaling: Scaling
) -> autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty:
    metric = _PREDEFINED.get(scaling.target)
    return autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
        target_value=scaling.target_value,
        predefined_metric_specification=(
            autoscaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(predefined_metric_type=metric)
            if metric
            else None
        ),
        customized_metric_specification=None if metric else _backlog(deployment),
        scale_in_cooldown=scaling.scale_in_cooldown_seconds,
        scale_out_cooldown=scaling.scale_out_cooldown_seconds,
    )


def _backlog(
    deployment: Deployment,
) -> autoscaling.CfnScalingPolicy.CustomizedMetricSpecificationProperty:
    endpoint = autoscaling.CfnScalingPolicy.MetricDimensionProperty(
        name="EndpointName", value=deployment.endpoint_name
    )
    return autoscaling.CfnScalingPolicy.CustomizedMetricSpecificationProperty(
        namespace="AWS/SageMaker",
        metric_name="ApproximateBacklogSizePerInstance",
        dimensions=[endpoint],
        statistic="Average",
    )


def _wake_up(
    stack: cdk.Stack, deployment: Deployment, scaling: Scaling, target: autoscaling.CfnScalableTarget
) -> None:
    """Start one instance for the first request: a backlog per instance is undefined for zero instances.

    Source: "Autoscale an asynchronous endpoint", Amazon SageMaker developer guide.
    """
    policy = autoscaling.CfnScalingPolicy(
        stack,
        "WakeUpPolicy",
        policy_name=f"{deployment.endpoint_name}-wake-up",
        policy_type="StepScaling",
        scaling_target_id=target.ref,
        step_scaling_policy_configuration=autoscaling.CfnScalingPolicy.StepScalingPolicyConfigurationProperty(
            adjustment_type="ChangeInCapacity",
            metric_aggregation_type="Average",
            cooldown=scaling.scale_out_cooldown_seconds,
            step_adjustments=[
                autoscaling.CfnScalingPolicy.StepAdjustmentProperty(
                    metric_interval_lower_bound=0, scaling_adjustment=1
                )
            ],
        ),
    )
    cloudwatch.CfnAlarm(
        stack,
        "Waiting",
        alarm_name=f"{deployment.endpoint_name}-Waiting",
        alarm_description="Requests wait, and no instance runs: the first one is started.",
        namespace="AWS/SageMaker",
        metric_name="HasBacklogWithoutCapacity",
        dimensions=[
            cloudwatch.CfnAlarm.DimensionProperty(name="EndpointName", value=deployment.endpoint_name)
        ],
        statistic="Average",
        period=60,
        evaluation_periods=2,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        treat_missing_data="missing",
        alarm_actions=[policy.ref],
    )
