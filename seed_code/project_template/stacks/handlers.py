"""The actions that CloudFormation's handlers call, those that our templates do not need, and those that are allowed beside them.

A type's schema lists, by handler, the permissions for every property that the type has (`handlers.*.permissions`). The roles
that CloudFormation acts as, `launch_role` and `service_role`, have those for the properties that the templates set: what
both of them call stands here first. The rest follows, each with its reason: a test holds roles and list against the
schemas, `doctor` against those in the account.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

BOUNDED_ROLES = (
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
)
"""The actions that create a role or extend it. They are allowed under the boundary only."""

ROLES = (
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:ListRoleTags",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)
FUNCTIONS = (
    "lambda:CreateFunction",
    "lambda:GetFunction*",
    "lambda:GetPolicy",
    "lambda:GetRuntimeManagementConfig",
    "lambda:ListTags",
    "lambda:PutFunctionConcurrency",
    "lambda:PutRuntimeManagementConfig",
    "lambda:RemovePermission",
    "lambda:TagResource",
    "lambda:UntagResource",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
)
LOG_GROUPS = (
    "logs:CreateLogGroup",
    "logs:DeleteLogGroup",
    "logs:DeleteRetentionPolicy",
    "logs:GetDataProtectionPolicy",
    "logs:ListTagsForResource",
    "logs:PutRetentionPolicy",
    "logs:TagResource",
    "logs:UntagResource",
)

NOT_NEEDED: Mapping[str, Mapping[str, str]] = {
    "AWS::IAM::OIDCProvider": {
        "iam:DeleteOpenIDConnectProvider": "it is retained: others sign in by it",
    },
    "AWS::IAM::Role": {
        "iam:DeleteRolePermissionsBoundary": "no role is ever without the boundary",
    },
    "AWS::Lambda::Function": {
        "(ec2|elasticfilesystem|s3files):.*": "no function is in a network or mounts a file system",
        "kms:.*": "environments are encrypted with Lambda's own key",
        "lambda:.*(CodeSigningConfig|LayerVersion|CapacityProvider|PublishVersion|RuntimeAlias)": "not used",
        "lambda:Put(FunctionRecursion|FunctionScaling)Config": "the defaults are kept",
    },
    "AWS::Logs::LogGroup": {
        "(firehose|s3):.*": "logs go nowhere else",
        "logs:(Associate|Disassociate)KmsKey": "they are encrypted with CloudWatch's own key",
        "logs:.*(DataProtectionPolicy|IndexPolicy|BearerTokenAuthentication|DeletionProtection)": "not set",
        "logs:(CreateLogDelivery|(Put|Delete)ResourcePolicy)": "a group delivers to nobody",
    },
    "AWS::S3::Bucket": {
        "s3tables:.*": "no metadata table",
        "s3:.*Metadata.*": "no metadata table",
        "s3:(Put|Delete)(Bucket)?(Accelerate|Analytics|Inventory|Metrics|IntelligentTiering)(Configuration)?": "not set",
        "s3:(Put|Delete)Bucket(AnalyticsConfiguration|MetricsConfiguration|Abac|Cors|CORS|Website)": "not set",
        "s3:PutBucket(Notification|Replication|ObjectLockConfiguration)": "not set",
        "s3:(PutObjectLock|PutReplication)Configuration": "not set",
        "s3:DeleteBucket(Replication|Encryption|Lifecycle|Tagging)": "what is set is changed by Put, never taken away",
        "s3:.*Acl": "the bucket knows no access control lists",
        "s3:DeleteObject": "CloudFormation never empties a bucket",
    },
    "AWS::ApplicationAutoScaling::ScalableTarget": {
        "application-autoscaling:(Put|Delete)ScheduledAction": "no stage scales by the clock",
        "lambda:.*ProvisionedConcurrencyConfig": "endpoints are scaled, not functions",
    },
    "AWS::ApiGatewayV2::Stage": {
        "apigateway:(Tag|Untag)Resource": "no action of API Gateway's: tags are its PUT and DELETE of /tags",
    },
}
"""By type: patterns of actions, and why nobody calls them."""

_STACKS = "the project's stack is made, tagged and looked at as this role"
_CATALOG = "Service Catalog reads the template as this role"
_DELIVERS = "API Gateway delivers access logs with the rights of whoever switches them on"

BESIDE: Mapping[str, Mapping[str, str]] = {
    "LaunchRole": {
        "cloudformation:CreateStack": _STACKS,
        "cloudformation:DeleteStack": _STACKS,
        "cloudformation:DescribeStackEvents": _STACKS,
        "cloudformation:DescribeStacks": _STACKS,
        "cloudformation:GetTemplateSummary": _CATALOG,
        "cloudformation:SetStackPolicy": _STACKS,
        "cloudformation:TagResource": _STACKS,
        "cloudformation:UntagResource": _STACKS,
        "cloudformation:UpdateStack": _STACKS,
        "cloudformation:ValidateTemplate": _CATALOG,
        "lambda:InvokeFunction": "custom resources are asked for as this role",
    },
    "DeployServiceRole": {
        "logs:DeleteLogDelivery": _DELIVERS,
        "logs:GetLogDelivery": _DELIVERS,
        "logs:ListLogDeliveries": _DELIVERS,
        "logs:UpdateLogDelivery": _DELIVERS,
        "sagemaker:DescribeModelPackage": "a model is made of a package with the rights of whoever makes it",
        "sagemaker:UpdateEndpointWeightsAndCapacities": "a variant is registered for scaling by somebody who may scale it",
    },
}
"""By role: what no handler calls, and why the role may do it. Sources: "Set up logging for HTTP APIs", API Gateway developer
guide; "Auto scaling policy overview", Amazon SageMaker developer guide; "Launch constraints", Service Catalog guide.
"""


def not_needed(kind: str, action: str) -> str | None:
    """Why the roles need no such permission for resources of that type; None where they do."""
    patterns = NOT_NEEDED.get(kind, {})
    return next((why for pattern, why in patterns.items() if re.fullmatch(pattern, action)), None)
