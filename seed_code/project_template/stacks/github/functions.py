"""The functions of a project: `pour`, behind the custom resources, `dispatch`, behind the approvals, and `retrain`, behind new
training data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs

from project_template.stacks.policies import Statement, allow, arn, text, trusts_service
from project_template.stacks.publication_values import AppSignIn, Publication, TokenSignIn
from project_template.stacks.roles.identity import Identity

RUNTIME = "python3.14"
POUR_SECONDS = 900
DISPATCH_SECONDS = 120
RETENTION_DAYS = 90

_MEMORY_MB = 256


class Functions:
    """Makes functions from the published archive."""

    def __init__(self, stack: cdk.Stack, identity: Identity, publication: Publication) -> None:
        self._stack, self._identity, self._publication = stack, identity, publication
        self._made: dict[str, tuple[cdk.CfnResource, ...]] = {}

    def pour(self) -> lambda_.CfnFunction:
        """Add the function behind the custom resources, with its role and log group."""
        seeds = arn("s3", f"{self._publication.bucket}/seeds/*", region="", account="")
        return self._function(
            "Pour",
            "makes the repositories of {project}, fills and protects them",
            POUR_SECONDS,
            [
                allow(
                    "ReadsSeeds",
                    "s3:GetObject",
                    seeds,
                    because="Every version's: an update that is taken back asks for the former one again.",
                ),
                allow(
                    "LooksForEndpointStacks",
                    # Without a stack's name DescribeStacks takes both. Source: DescribeStacks, AWS CloudFormation API reference.
                    ["cloudformation:DescribeStacks", "cloudformation:ListStacks"],
                    "*",
                    because="Before the repositories are let go, stacks of endpoints are looked for by their tags, among all.",
                ),
            ],
            {},
        )

    def dispatch(self, repository: str, group: str, undelivered: sqs.CfnQueue) -> lambda_.CfnFunction:
        """EventBridge hands the event over and knows nothing of what becomes of it: what fails is tried again by Lambda,
        twice, and then put into the same queue as what EventBridge could not hand over.

        Source: "Asynchronous invocation", AWS Lambda developer guide.
        """
        function = self._function(
            "Dispatch",
            "tells the deploy repository of {project} what was approved or rejected",
            DISPATCH_SECONDS,
            [allow("KeepsWhatFailed", "sqs:SendMessage", undelivered.attr_arn)],
            {"DEPLOY_REPOSITORY": repository, "MODEL_PACKAGE_GROUP_NAME": group},
        )
        function.dead_letter_config = lambda_.CfnFunction.DeadLetterConfigProperty(
            target_arn=undelivered.attr_arn
        )
        return function

    def retrain(
        self,
        repository: str,
        undelivered: sqs.CfnQueue,
        schedule: str,
        schedule_role_arn: str,
        statements: Sequence[Statement],
    ) -> lambda_.CfnFunction:
        """Add the function that has the build repository train on new data. `statements` let it set its schedule."""
        function = self._function(
            "Retrain",
            "has the build repository of {project} train on new data",
            DISPATCH_SECONDS,
            [allow("KeepsWhatFailed", "sqs:SendMessage", undelivered.attr_arn), *statements],
            {
                "BUILD_REPOSITORY": repository,
                "DEAD_LETTER_ARN": undelivered.attr_arn,
                "SCHEDULE_NAME": text(schedule),
                "SCHEDULE_ROLE_ARN": schedule_role_arn,
            },
        )
        function.dead_letter_config = lambda_.CfnFunction.DeadLetterConfigProperty(
            target_arn=undelivered.attr_arn
        )
        return function

    def of(self, name: str) -> tuple[cdk.CfnResource, ...]:
        """A function of this name with its log group and its role."""
        return self._made[name]

    def _function(
        self,
        name: str,
        purpose: str,
        seconds: int,
        statements: list[Statement],
        environment: Mapping[str, Any],
    ) -> lambda_.CfnFunction:
        purpose = purpose.format(project="${SageMakerProjectName}")
        log_group = self._log_group(name)
        role = self._identity.role(
            f"{name}Role",
            f"What the function runs as that {purpose}.",
            trusts_service("lambda", same_account=False),
            [
                *self._signs_in(),
                *statements,
                allow("WritesLog", ["logs:CreateLogStream", "logs:PutLogEvents"], log_group.attr_arn),
            ],
        )
        function = lambda_.CfnFunction(
            self._stack,
            f"{name}Function",
            description=text(purpose[0].upper() + purpose[1:]),
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=f"{name.lower()}.handler.handle",
            code=lambda_.CfnFunction.CodeProperty(
                s3_bucket=self._publication.bucket, s3_key=self._publication.functions_key
            ),
            environment=lambda_.CfnFunction.EnvironmentProperty(
                variables=self._environment() | dict(environment)
            ),
            memory_size=_MEMORY_MB,
            timeout=seconds,
            role=role.attr_arn,
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=log_group.ref),
        )
        self._made[name] = (log_group, role, function)
        return function

    def _log_group(self, name: str) -> logs.CfnLogGroup:
        group = logs.CfnLogGroup(
            self._stack,
            f"{name}LogGroup",
            log_group_name=text(f"/sagemaker-projects/${{SageMakerProjectName}}/{name.lower()}"),
            retention_in_days=RETENTION_DAYS,
        )
        group.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.DELETE
        group.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.DELETE
        return group

    def _environment(self) -> dict[str, Any]:
        base = {"GITHUB_API_URL": self._publication.github_api_url}
        match self._publication.sign_in:
            case TokenSignIn(secret_arn):
                return base | {"GITHUB_TOKEN_SECRET_ARN": secret_arn}
            case AppSignIn(app_id, key_arn):
                return base | {"GITHUB_APP_ID": app_id, "GITHUB_APP_KEY_ARN": key_arn}

    def _signs_in(self) -> list[Statement]:
        match self._publication.sign_in:
            case TokenSignIn(secret_arn):
                return [allow("ReadsToken", "secretsmanager:GetSecretValue", secret_arn)]
            case AppSignIn(_, key_arn):
                algorithm = {"kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
                return [allow("SignsAsApp", "kms:Sign", key_arn, StringEquals=algorithm)]
