"""The resource types: one module for each service."""

from __future__ import annotations

from local_aws.cloudformation.resources import (
    apigatewayv2,
    autoscaling,
    cloudwatch,
    custom,
    events,
    iam,
    kms,
    lambda_,
    lambda_events,
    logs,
    model_registry,
    oidc,
    s3,
    sagemaker,
    sns,
    sqs,
    ssm,
)
from local_aws.cloudformation.resources.base import ResourceType
from local_aws.cloudformation.response_urls import ResponseUrls


def resource_types(response_urls: ResponseUrls) -> list[ResourceType]:
    """Every type that the embedded CloudFormation has; `response_urls` is where answers of custom resources come."""
    return [
        apigatewayv2.Api(),
        apigatewayv2.Authorizer(),
        apigatewayv2.Integration(),
        apigatewayv2.Route(),
        apigatewayv2.Stage(),
        autoscaling.ScalableTarget(),
        autoscaling.ScalingPolicy(),
        cloudwatch.Alarm(),
        cloudwatch.Dashboard(),
        custom.CustomResource(response_urls),
        events.Rule(),
        iam.ManagedPolicy(),
        iam.Policy(),
        iam.Role(),
        iam.RolePolicy(),
        oidc.OIDCProvider(),
        kms.Alias(),
        kms.Key(),
        lambda_.Alias(),
        lambda_.Function(),
        lambda_events.EventInvokeConfig(),
        lambda_.Permission(),
        lambda_.Url(),
        lambda_.Version(),
        logs.LogGroup(),
        s3.Bucket(),
        s3.BucketPolicy(),
        sagemaker.Endpoint(),
        sagemaker.EndpointConfig(),
        sagemaker.Model(),
        model_registry.ModelPackageGroup(),
        sns.Topic(),
        sns.TopicPolicy(),
        sqs.Queue(),
        sqs.QueuePolicy(),
        ssm.Parameter(),
    ]
