"""The classification API: a function with a role of its own."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sagemaker as sagemaker

from model_deploy.core.plan.deployment import Deployment
from model_deploy.stacks import api_url
from model_deploy.stage import Api

_TIMEOUT_SECONDS = 29
"""A second less than an HTTP API waits, so that the function's own answer arrives."""

_MEMORY_MB = 512  # CPU comes with memory, and a cold start is mostly imports


def add(stack: cdk.Stack, deployment: Deployment, endpoint: sagemaker.CfnEndpoint) -> str | None:
    """Add the API where the stage has one; returns the URL of its /classify."""
    api = deployment.stage.api
    if api is None:
        return None
    log_group = _log_group(stack, deployment, api, "ApiLogGroup", "api")
    role = _role(stack, deployment, endpoint, log_group)
    function = _function(stack, deployment, log_group, role, api)
    # The function depends on the endpoint, so that new text rules are deployed after the model that was trained
    # with them.
    function.add_resource_dependency(endpoint)
    if api.kind == "function_url":
        return api_url.function_url(stack, api, function)
    access_logs = _log_group(stack, deployment, api, "AccessLogGroup", "access")
    return api_url.http_api(stack, deployment, api, function, access_logs)


def _log_group(stack: cdk.Stack, deployment: Deployment, api: Api, name: str, kind: str) -> logs.CfnLogGroup:
    group = logs.CfnLogGroup(
        stack,
        name,
        log_group_name=f"/model-deploy/{deployment.endpoint_name}/{kind}",
        retention_in_days=api.log_retention_days,
    )
    # Deleted with the stage, so that nothing is left that costs. Export logs that have to stay.
    group.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.DELETE
    group.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.DELETE
    return group


def _role(
    stack: cdk.Stack,
    deployment: Deployment,
    endpoint: sagemaker.CfnEndpoint,
    log_group: logs.CfnLogGroup,
) -> iam.CfnRole:
    """A role that may invoke this endpoint and write to this log group, and nothing else."""
    return iam.CfnRole(
        stack,
        "ApiRole",
        assume_role_policy_document=_policy(
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ),
        # A path of its own below the project's: the service role may create roles here and nowhere else.
        path=f"/sagemaker-projects/{deployment.project_name}/endpoints/",
        permissions_boundary=deployment.permissions_boundary,
        policies=[
            iam.CfnRole.PolicyProperty(
                policy_name="Classify",
                policy_document=_policy(
                    {
                        "Effect": "Allow",
                        "Action": "sagemaker:InvokeEndpoint",
                        "Resource": endpoint.ref,  # its ARN
                    },
                    {
                        "Effect": "Allow",
                        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                        "Resource": log_group.attr_arn,
                    },
                ),
            )
        ],
    )


def _policy(*statements: dict[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _function(
    stack: cdk.Stack,
    deployment: Deployment,
    log_group: logs.CfnLogGroup,
    role: iam.CfnRole,
    api: Api,
) -> lambda_.CfnFunction:
    """The function. It has the endpoint's name and not the package's, so a new package alone does not change it."""
    variables = {"ENDPOINT_NAME": deployment.endpoint_name}
    if api.policy is not None:
        variables["POLICY"] = api.policy.text
    return lambda_.CfnFunction(
        stack,
        "ApiFunction",
        function_name=deployment.function_name,
        description=f"POST /classify on the endpoint {deployment.endpoint_name}",
        runtime="python3.14",
        architectures=["arm64"],
        handler="handler.handle",
        code=lambda_.CfnFunction.CodeProperty(
            s3_bucket=deployment.bucket,
            s3_key=deployment.api_archive,
            s3_object_version=deployment.api_archive_version,
        ),
        environment=lambda_.CfnFunction.EnvironmentProperty(variables=variables),
        memory_size=_MEMORY_MB,
        timeout=_TIMEOUT_SECONDS,
        reserved_concurrent_executions=api.concurrency,
        role=role.attr_arn,
        logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=log_group.ref),
    )
