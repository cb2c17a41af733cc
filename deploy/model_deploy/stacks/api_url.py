"""The address of the classification API: an HTTP API, or a URL of the function."""

from __future__ import annotations

import json

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from model_deploy.core.plan.deployment import Deployment
from model_deploy.stage import Api, Jwt

_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "route": "$context.routeKey",
    "status": "$context.status",
    "latency_ms": "$context.responseLatency",
    "error": "$context.error.message",
    "integration_error": "$context.integrationErrorMessage",
    "authorizer_error": "$context.authorizer.error",
}

_AUTHORIZATION = {"iam": "AWS_IAM", "jwt": "JWT", "public": "NONE"}
"""By `api.auth`, how an HTTP API's route authorizes."""


def function_url(stack: cdk.Stack, api: Api, function: lambda_.CfnFunction) -> str:
    """Add a URL that takes signed requests, or everybody's where the API is public; returns the URL of /classify.

    Callers of the same account need no more than permission for lambda:InvokeFunctionUrl and lambda:InvokeFunction. Everybody
    needs both, too. Source: "Control access to Lambda function URLs", AWS Lambda developer guide (October 2025).
    """
    public = api.auth == "public"
    url = lambda_.CfnUrl(
        stack,
        "FunctionUrl",
        auth_type="NONE" if public else "AWS_IAM",
        target_function_arn=function.attr_arn,
    )
    if public:
        lambda_.CfnPermission(
            stack,
            "PublicUrl",
            action="lambda:InvokeFunctionUrl",
            function_name=function.ref,
            principal="*",
            function_url_auth_type="NONE",
        )
        lambda_.CfnPermission(
            stack,
            "PublicFunction",
            action="lambda:InvokeFunction",
            function_name=function.ref,
            principal="*",
            invoked_via_function_url=True,
        )
    return cdk.Fn.join("", [url.attr_function_url, "classify"])


def http_api(
    stack: cdk.Stack,
    deployment: Deployment,
    api: Api,
    function: lambda_.CfnFunction,
    access_logs: logs.CfnLogGroup,
) -> str:
    """Add an HTTP API with one route; returns the URL of /classify."""
    gateway = apigateway.CfnApi(
        stack,
        "HttpApi",
        name=deployment.endpoint_name,
        protocol_type="HTTP",
        description=f"Classification by the endpoint {deployment.endpoint_name}",
    )
    integration = apigateway.CfnIntegration(
        stack,
        "HttpApiIntegration",
        api_id=gateway.ref,
        integration_type="AWS_PROXY",
        integration_uri=function.attr_arn,
        payload_format_version="2.0",
    )
    authorizer = _authorizer(stack, gateway, api.jwt) if api.jwt else None
    apigateway.CfnRoute(
        stack,
        "HttpApiRoute",
        api_id=gateway.ref,
        route_key="POST /classify",
        authorization_type=_AUTHORIZATION[api.auth],
        authorizer_id=authorizer.ref if authorizer else None,
        target=cdk.Fn.join("/", ["integrations", integration.ref]),
    )
    _stage(stack, gateway, deployment.endpoint_name, api, access_logs)
    lambda_.CfnPermission(
        stack,
        "HttpApiPermission",
        action="lambda:InvokeFunction",
        function_name=function.ref,
        principal="apigateway.amazonaws.com",
        source_arn=cdk.Fn.sub(
            "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*/POST/classify"
        ),
    )
    return cdk.Fn.join("", [gateway.attr_api_endpoint, f"/{deployment.endpoint_name}/classify"])


def _authorizer(stack: cdk.Stack, gateway: apigateway.CfnApi, jwt: Jwt) -> apigateway.CfnAuthorizer:
    return apigateway.CfnAuthorizer(
        stack,
        "HttpApiAuthorizer",
        api_id=gateway.ref,
        name="jwt",
        authorizer_type="JWT",
        identity_source=["$request.header.Authorization"],
        jwt_configuration=apigateway.CfnAuthorizer.JWTConfigurationProperty(
            issuer=jwt.issuer, audience=list(jwt.audience)
        ),
    )


def _stage(
    stack: cdk.Stack, gateway: apigateway.CfnApi, name: str, api: Api, access_logs: logs.CfnLogGroup
) -> None:
    """Add the API's stage. An API's id is random, so policies of callers know the API by this name alone."""
    limits = apigateway.CfnStage.RouteSettingsProperty(
        throttling_rate_limit=api.requests_per_second, throttling_burst_limit=api.burst
    )
    apigateway.CfnStage(
        stack,
        "HttpApiStage",
        api_id=gateway.ref,
        stage_name=name,
        auto_deploy=True,
        access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=access_logs.attr_arn, format=json.dumps(_ACCESS_LOG)
        ),
        default_route_settings=limits if api.requests_per_second or api.burst else None,
    )
