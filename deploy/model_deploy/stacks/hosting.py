"""The model, the endpoint's configuration, and the endpoint."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sagemaker as sagemaker

from model_deploy.core.model_package.artifact import PACKAGE_VARIABLE
from model_deploy.core.plan.deployment import VARIANT, Deployment
from model_deploy.stage import Instances, Rollout, Serverless

_CAPTURED = ["application/json", "application/jsonlines"]


def add(
    stack: cdk.Stack, deployment: Deployment, alarms: Sequence[cloudwatch.CfnAlarm]
) -> sagemaker.CfnEndpoint:
    """Add model, configuration and endpoint to the stack; returns the endpoint. `alarms` roll an update of it back.

    Model and configuration have no name and are immutable, so another model package replaces both, and only the
    configuration's name changes in the endpoint. The old ones are retained: SageMaker may have rolled the endpoint
    back to them without CloudFormation. The rollout deletes those that no endpoint uses.
    """
    model = _model(stack, deployment)
    configuration = _configuration(stack, deployment, model.attr_model_name)
    for resource in (model, configuration):
        resource.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.RETAIN
        resource.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.RETAIN
    return _endpoint(stack, deployment, configuration.attr_endpoint_config_name, alarms)


def _model(stack: cdk.Stack, deployment: Deployment) -> sagemaker.CfnModel:
    """The package's image and environment, and the stage's copy of its artifact, which only the stage's role can change.

    A model made from the package itself would load the artifact from the training's output at every start of an
    instance. CreateModel takes a package or an artifact, not both, so an environment variable names the package.
    """
    network = deployment.stage.network
    return sagemaker.CfnModel(
        stack,
        "Model",
        execution_role_arn=deployment.endpoint_role_arn,
        primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
            image=deployment.image,
            model_data_url=deployment.model_uri,
            environment={**deployment.environment, PACKAGE_VARIABLE: deployment.model_package_arn},
        ),
        enable_network_isolation=network.isolation or None,
        vpc_config=(
            sagemaker.CfnModel.VpcConfigProperty(
                subnets=list(network.subnets), security_group_ids=list(network.security_groups)
            )
            if network.subnets
            else None
        ),
    )


def _configuration(stack: cdk.Stack, deployment: Deployment, model_name: str) -> sagemaker.CfnEndpointConfig:
    stage = deployment.stage
    return sagemaker.CfnEndpointConfig(
        stack,
        "EndpointConfig",
        production_variants=[_variant(stage.endpoint.capacity, model_name)],
        async_inference_config=_asynchronous(deployment) if stage.endpoint.kind == "asynchronous" else None,
        data_capture_config=_capture(deployment),
        kms_key_id=stage.kms_key,
    )


def _variant(
    capacity: Instances | Serverless, model_name: str
) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
    return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
        variant_name=VARIANT,
        model_name=model_name,
        initial_variant_weight=1,
        instance_type=capacity.type if isinstance(capacity, Instances) else None,
        initial_instance_count=capacity.count if isinstance(capacity, Instances) else None,
        serverless_config=(
            sagemaker.CfnEndpointConfig.ServerlessConfigProperty(
                memory_size_in_mb=capacity.memory_mb,
                max_concurrency=capacity.max_concurrency,
                provisioned_concurrency=capacity.provisioned_concurrency,
            )
            if isinstance(capacity, Serverless)
            else None
        ),
    )


def _asynchronous(deployment: Deployment) -> sagemaker.CfnEndpointConfig.AsyncInferenceConfigProperty:
    return sagemaker.CfnEndpointConfig.AsyncInferenceConfigProperty(
        output_config=sagemaker.CfnEndpointConfig.AsyncInferenceOutputConfigProperty(
            s3_output_path=deployment.s3(f"asynchronous/{deployment.stage.name}/answers/"),
            s3_failure_path=deployment.s3(f"asynchronous/{deployment.stage.name}/failures/"),
            kms_key_id=deployment.output_key,
            notification_config=_notifications(deployment),
        )
    )


def _notifications(
    deployment: Deployment,
) -> sagemaker.CfnEndpointConfig.AsyncInferenceNotificationConfigProperty | None:
    endpoint = deployment.stage.endpoint
    if endpoint.notify_success is None and endpoint.notify_failure is None:
        return None
    return sagemaker.CfnEndpointConfig.AsyncInferenceNotificationConfigProperty(
        success_topic=endpoint.notify_success, error_topic=endpoint.notify_failure
    )


def _capture(deployment: Deployment) -> sagemaker.CfnEndpointConfig.DataCaptureConfigProperty | None:
    capture = deployment.stage.capture
    if capture is None:
        return None
    option = sagemaker.CfnEndpointConfig.CaptureOptionProperty
    return sagemaker.CfnEndpointConfig.DataCaptureConfigProperty(
        enable_capture=True,
        initial_sampling_percentage=capture.sampling_percent,
        destination_s3_uri=deployment.s3(f"datacapture/{deployment.stage.name}/"),
        capture_options=[option(capture_mode="Input"), option(capture_mode="Output")],
        # SageMaker stores other content types as Base64.
        capture_content_type_header=sagemaker.CfnEndpointConfig.CaptureContentTypeHeaderProperty(
            json_content_types=_CAPTURED
        ),
        kms_key_id=deployment.output_key,
    )


def _endpoint(
    stack: cdk.Stack, deployment: Deployment, configuration: str, alarms: Sequence[cloudwatch.CfnAlarm]
) -> sagemaker.CfnEndpoint:
    stage = deployment.stage
    # Without scaling the stage file sets the number of instances; with it, an update keeps the present number.
    scaled = stage.scaling is not None and isinstance(stage.endpoint.capacity, Instances)
    return sagemaker.CfnEndpoint(
        stack,
        "Endpoint",
        endpoint_name=deployment.endpoint_name,
        endpoint_config_name=configuration,
        deployment_config=None if stage.endpoint.kind == "serverless" else _guardrails(deployment, alarms),
        retain_all_variant_properties=scaled or None,
        exclude_retained_variant_properties=(
            [sagemaker.CfnEndpoint.VariantPropertyProperty(variant_property_type="DataCaptureConfig")]
            if scaled
            else None
        ),
    )


def _guardrails(
    deployment: Deployment, alarms: Sequence[cloudwatch.CfnAlarm]
) -> sagemaker.CfnEndpoint.DeploymentConfigProperty | None:
    stage = deployment.stage
    rollback = stage.alarms is not None and stage.alarms.rollback
    if not rollback and not stage.rollout.guarded:
        return None
    rolling = stage.rollout.strategy == "rolling"
    return sagemaker.CfnEndpoint.DeploymentConfigProperty(
        rolling_update_policy=_rolling(stage.rollout) if rolling else None,
        blue_green_update_policy=None if rolling else _blue_green(stage.rollout),
        auto_rollback_configuration=(
            # A Ref, so that the alarms are created before the endpoint. A name in a string makes no dependency.
            sagemaker.CfnEndpoint.AutoRollbackConfigProperty(
                alarms=[sagemaker.CfnEndpoint.AlarmProperty(alarm_name=alarm.ref) for alarm in alarms]
            )
            if rollback
            else None
        ),
    )


def _blue_green(rollout: Rollout) -> sagemaker.CfnEndpoint.BlueGreenUpdatePolicyProperty:
    size = _share(rollout)
    return sagemaker.CfnEndpoint.BlueGreenUpdatePolicyProperty(
        traffic_routing_configuration=sagemaker.CfnEndpoint.TrafficRoutingConfigProperty(
            type=rollout.strategy.upper(),
            wait_interval_in_seconds=rollout.bake_seconds,
            canary_size=size if rollout.strategy == "canary" else None,
            linear_step_size=size if rollout.strategy == "linear" else None,
        ),
        termination_wait_in_seconds=rollout.termination_wait_seconds,
        maximum_execution_timeout_in_seconds=rollout.timeout_seconds,
    )


def _rolling(rollout: Rollout) -> sagemaker.CfnEndpoint.RollingUpdatePolicyProperty | None:
    size = _share(rollout)
    assert size is not None  # every strategy that moves in steps has a size
    return sagemaker.CfnEndpoint.RollingUpdatePolicyProperty(
        maximum_batch_size=size,
        wait_interval_in_seconds=rollout.bake_seconds,
        maximum_execution_timeout_in_seconds=rollout.timeout_seconds,
    )


def _share(rollout: Rollout) -> sagemaker.CfnEndpoint.CapacitySizeProperty | None:
    if rollout.size_percent is None:
        return None
    return sagemaker.CfnEndpoint.CapacitySizeProperty(type="CAPACITY_PERCENT", value=rollout.size_percent)
