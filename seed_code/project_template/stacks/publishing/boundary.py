"""The permissions boundary: the upper limit of the permissions of every role in every project.

One policy bounds the roles of all projects. What sets them apart is their tag, which the policy reads from the role that
asks (aws:PrincipalTag). The launch role tags what it makes, and no role of a project may tag one for another project.

It holds no more than the roles of the project template have between them; a test compares.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from project_template.stacks.handlers import BOUNDED_ROLES
from project_template.stacks.policies import (
    NAME_TAG,
    SAGEMAKER_WRITES,
    Statement,
    allow,
    arn,
    deny,
    document,
    reasons,
)
from project_template.stacks.publication_values import PublicationSettings

_WHO = f"${{!aws:PrincipalTag/{NAME_TAG}}}"
_OWN_ROLES = f"role/sagemaker-projects/{_WHO}/"
_SCALING = "sagemaker.application-autoscaling.amazonaws.com"

_BY_TAG = "Below the path of the project that the role is tagged with, which IAM fills in."

_USES = (
    "apigateway:DELETE",
    "apigateway:GET",
    "apigateway:PATCH",
    "apigateway:POST",
    "apigateway:PUT",
    "application-autoscaling:*Scal*",
    "application-autoscaling:*Tag*",
    "cloudformation:*ChangeSet",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:DeleteStack",
    "cloudformation:Describe*",
    "cloudformation:GetTemplate",
    "cloudformation:List*",
    "cloudformation:TagResource",
    "cloudwatch:*Alarm*",
    "cloudwatch:*Dashboard*",
    "cloudwatch:*Tag*",
    "cloudwatch:GetMetricData",
    "cloudwatch:PutMetricData",
    "application-autoscaling:DescribeScheduledActions",
    "ec2:*NetworkInterface*",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "execute-api:Invoke",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:Sign",
    "lambda:*Function*",
    "lambda:*Permission",
    "lambda:*Tag*",
    "lambda:*RuntimeManagementConfig",
    "lambda:GetPolicy",
    "logs:*LogDeliver*",
    "logs:*LogGroup*",
    "logs:*LogStream*",
    "logs:*ResourcePolic*",
    "logs:*RetentionPolicy",
    "logs:*Tag*",
    "logs:DescribeIndexPolicies",
    "logs:GetDataProtectionPolicy",
    "logs:GetLogEvents",
    "logs:PutLogEvents",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:PutObject",
    "sagemaker:*Endpoint*",
    "sagemaker:*Job",
    "sagemaker:*Model*",
    "sagemaker:*Pipeline*",
    "sagemaker:*Tags",
    "scheduler:CreateSchedule",
    "scheduler:DeleteSchedule",
    "scheduler:GetSchedule",
    "scheduler:UpdateSchedule",
    "secretsmanager:GetSecretValue",
    "sns:Publish",
    "sqs:SendMessage",
)


def add(stack: cdk.Stack, settings: PublicationSettings) -> iam.CfnManagedPolicy:
    """Add the boundary to the publication's stack."""
    statements = _statements(settings)
    policy = iam.CfnManagedPolicy(
        stack,
        "PermissionsBoundary",
        managed_policy_name=settings.boundary_name,
        description="The most that any role of a project may be given.",
        policy_document=document(*statements),
    )
    policy.cfn_options.metadata = reasons(*statements)
    return policy


def _statements(settings: PublicationSettings) -> list[Statement]:
    # By its name: a policy that refers to itself would be a circle.
    itself = arn("iam", f"policy/{settings.boundary_name}", region="")
    return [
        allow(
            "WhatProjectsAreMadeOf",
            _USES,
            "*",
            because="A boundary gives nothing. It says what kinds of things roles are for; to which things, their own "
            "policies say. It names what the roles of the project template call, and makes no user, key or network.",
        ),
        *_endpoint_roles(itself),
        allow(
            "PassesOwnRoles",
            "iam:PassRole",
            arn("iam", f"{_OWN_ROLES}*", region=""),
            because=_BY_TAG,
            StringEquals={
                "iam:PassedToService": [
                    "cloudformation.amazonaws.com",
                    "lambda.amazonaws.com",
                    "sagemaker.amazonaws.com",
                    "scheduler.amazonaws.com",
                ]
            },
        ),
        allow(
            "MakesServiceLinkedRole",
            "iam:CreateServiceLinkedRole",
            arn("iam", f"role/aws-service-role/{_SCALING}/*", region=""),
            because="The service's own role, by the service's own name for it.",
            StringEquals={"iam:AWSServiceName": _SCALING},
        ),
        *_denied(itself),
    ]


def _endpoint_roles(itself: str) -> list[Statement]:
    """The roles that endpoint stacks create: with this boundary only."""
    roles = arn("iam", f"{_OWN_ROLES}endpoints/*", region="")
    return [
        allow(
            "BoundedRolesForEndpoints",
            BOUNDED_ROLES,
            roles,
            because=_BY_TAG,
            ArnEquals={"iam:PermissionsBoundary": cdk.Fn.sub(itself)},
        ),
        allow(
            "RolesForEndpoints",
            [
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:Get*",
                "iam:List*",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole*",
            ],
            roles,
            because=_BY_TAG,
        ),
    ]


def _denied(itself: str) -> list[Statement]:
    """The statements that deny, even if the statements above are widened."""
    foreign = {
        "StringNotEquals": {f"aws:ResourceTag/{NAME_TAG}": _variable(_WHO)},
        "Null": {f"aws:ResourceTag/{NAME_TAG}": "false"},
    }
    return [
        # Every project's objects are encrypted with a key of its own, which has its tag: without it they
        # cannot be read.
        deny(
            "NoOtherProjectsData",
            ["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*"],
            **foreign,
        ),
        deny("NoOtherProjectsModels", SAGEMAKER_WRITES, **foreign),
        deny("StaysBounded", ["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"]),
        deny(
            "ChangesNoBoundary",
            [
                "iam:CreatePolicyVersion",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:SetDefaultPolicyVersion",
            ],
            itself,
        ),
        deny("MakesNoPeople", ["iam:*AccessKey*", "iam:*Group*", "iam:*LoginProfile*", "iam:*User*"]),
    ]


def _variable(text: str) -> str:
    """A policy variable where nothing is left to CloudFormation: as IAM writes it."""
    return text.replace("${!", "${")
