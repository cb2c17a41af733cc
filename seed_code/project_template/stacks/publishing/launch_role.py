"""The role that CloudFormation assumes to create, update and delete projects.

The stock launch roles can make no IAM roles. This one can, below /sagemaker-projects/ and under the boundary, and can
update and delete what it makes. What CloudFormation calls for a type is in the type's own schema (handlers); a test
compares, and lists what is left out and why.

CloudFormation names what the template does not, after the stack: SP-... in the S3 form, SC-... in the Service Catalog
form, in lower case for buckets.
"""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from project_template.stacks.handlers import BOUNDED_ROLES, FUNCTIONS, LOG_GROUPS, ROLES
from project_template.stacks.policies import (
    NAME_TAG,
    Statement,
    allow,
    arn,
    document,
    objects_below,
    passes,
    reasons,
)
from project_template.stacks.publication_values import STACK_ACTIONS, PublicationSettings

_STACKS = ("SP-*", "SC-*")
_ROLES = "role/sagemaker-projects/*"
_ALL_PROJECTS = (
    "One launch role makes all projects: it reaches what is named as they name things, and nothing else."
)
_NEW_KEYS = "A new key's tags cannot be a condition yet. What is allowed reads a key, or switches its rotation on, and uses none."
_KEYS = "A key has no name. Keys are made with a project's tag, and only such keys are changed."


def add(
    stack: cdk.Stack, settings: PublicationSettings, boundary: iam.CfnManagedPolicy, bucket: s3.CfnBucket
) -> iam.CfnRole:
    """Add the launch role to the publication's stack."""
    policies = {
        "Roles": [*_roles(boundary), *_provider(settings)],
        "Storage": [*_bucket(), *_key(), *_group(), *_published(bucket)],
        "Stacks": [_stacks()],
        "Approvals": [*_functions(), *_logs(), *_rule(), *_queue()],
    }
    if settings.catalog is not None:
        policies["Catalog"] = _catalog()
    role = iam.CfnRole(
        stack,
        "LaunchRole",
        role_name=settings.launch_role_name,
        description="What CloudFormation makes, updates and deletes SageMaker projects as.",
        assume_role_policy_document=_trust(settings),
        policies=[
            iam.CfnRole.PolicyProperty(policy_name=name, policy_document=document(*statements))
            for name, statements in policies.items()
        ],
    )
    role.cfn_options.metadata = reasons(*(each for statements in policies.values() for each in statements))
    return role


def _trust(settings: PublicationSettings) -> dict[str, Any]:
    """CloudFormation, to which the role is passed; Service Catalog, which takes it on by a launch constraint; and in the S3
    form Studio's execution roles. Source: "Create a project from an S3 template", "Launch constraints".
    """
    services = ["cloudformation.amazonaws.com"]
    if settings.catalog is not None:
        services.append("servicecatalog.amazonaws.com")
    trusted: list[Statement] = [
        {
            "Sid": "Services",
            "Effect": "Allow",
            "Principal": {"Service": services if len(services) > 1 else services[0]},
            "Action": "sts:AssumeRole",
        }
    ]
    # A group is no principal of a trust policy.
    if users := sorted(each for each in settings.user_arns if ":group/" not in each):
        trusted.append(
            {
                "Sid": "StudioUsers",
                "Effect": "Allow",
                "Principal": {"AWS": users if len(users) > 1 else users[0]},
                "Action": "sts:AssumeRole",
            }
        )
    return document(*trusted)


def _named(service: str, prefix: str = "", names: tuple[str, ...] = _STACKS, **place: str) -> list[str]:
    return [arn(service, f"{prefix}{name}", **place) for name in names]


def _tagged(key: str = "ResourceTag") -> dict[str, str]:
    """Has, or gets, the tag of a project. Of which one is not known before the project is."""
    return {f"aws:{key}/{NAME_TAG}": "false"}


def _roles(boundary: iam.CfnManagedPolicy) -> list[Statement]:
    roles = arn("iam", _ROLES, region="")
    return [
        allow(
            "BoundedRoles",
            BOUNDED_ROLES,
            roles,
            because=_ALL_PROJECTS,
            ArnEquals={"iam:PermissionsBoundary": boundary.ref},
        ),
        allow(
            "Roles",
            ROLES,
            roles,
            because=_ALL_PROJECTS,
        ),
        passes("PassesFunctionRoles", roles, "lambda", because=_ALL_PROJECTS),
    ]


def _provider(settings: PublicationSettings) -> list[Statement]:
    # One of the account's, for GitHub alone. Its deletion is not among these: it is retained, since others use it.
    return [
        allow(
            "OidcProvider",
            [
                "iam:AddClientIDToOpenIDConnectProvider",
                "iam:CreateOpenIDConnectProvider",
                "iam:GetOpenIDConnectProvider",
                "iam:ListOpenIDConnectProviderTags",
                "iam:RemoveClientIDFromOpenIDConnectProvider",
                "iam:TagOpenIDConnectProvider",
                "iam:UntagOpenIDConnectProvider",
                "iam:UpdateOpenIDConnectProviderThumbprint",
            ],
            arn("iam", f"oidc-provider/{settings.issuer_host}", region=""),
        )
    ]


def _bucket() -> list[Statement]:
    buckets = _named("s3", names=("sp-*", "sc-*"), region="", account="")
    settings = (
        "BucketOwnershipControls",
        "BucketPolicy",
        "BucketPublicAccessBlock",
        "BucketLogging",
        "BucketTagging",
        "BucketVersioning",
        "EncryptionConfiguration",
        "LifecycleConfiguration",
    )
    read = (
        "AccelerateConfiguration",
        "AnalyticsConfiguration",
        "BucketAbac",
        "BucketCORS",
        "BucketMetadataTableConfiguration",
        "BucketNotification",
        "BucketObjectLockConfiguration",
        "BucketWebsite",
        "IntelligentTieringConfiguration",
        "InventoryConfiguration",
        "MetricsConfiguration",
        "ReplicationConfiguration",
    )
    return [
        allow(
            "Buckets",
            [
                "s3:CreateBucket",
                "s3:DeleteBucket",
                "s3:DeleteBucketPolicy",
                "s3:ListBucket",
                "s3:ListTagsForResource",
                "s3:TagResource",
                "s3:UntagResource",
                *(f"s3:Put{setting}" for setting in settings),
                *(f"s3:Get{setting}" for setting in (*settings, *read)),
            ],
            buckets,
            because=_ALL_PROJECTS,
        )
    ]


def _key() -> list[Statement]:
    keys = arn("kms", "key/*")
    return [
        allow(
            "CreatesKeys",
            "kms:CreateKey",
            "*",
            because="The action knows no resource, but the tags that the key gets.",
            Null=_tagged("RequestTag"),
        ),
        allow(
            "TagsKeys",
            "kms:TagResource",
            "*",
            because="A new key is tagged before it has a name that could be stated. It gets the project's tags.",
            Null=_tagged("RequestTag"),
        ),
        # A condition on a key's tags may take five minutes to hold: CloudFormation goes on with a new key at once.
        # Source: "ABAC for AWS KMS", KMS developer guide.
        allow(
            "NewKeys",
            [
                "kms:DescribeKey",
                "kms:EnableKeyRotation",
                "kms:GetKeyPolicy",
                "kms:GetKeyRotationStatus",
                "kms:ListResourceTags",
            ],
            keys,
            because=_NEW_KEYS,
        ),
        allow(
            "Keys",
            [
                "kms:DisableKey",
                "kms:DisableKeyRotation",
                "kms:EnableKey",
                "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion",
                "kms:UntagResource",
                "kms:UpdateKeyDescription",
            ],
            keys,
            because=_KEYS,
            Null=_tagged(),
        ),
    ]


def _group() -> list[Statement]:
    return [
        allow(
            "ModelPackageGroups",
            [
                "sagemaker:AddTags",
                "sagemaker:CreateModelPackageGroup",
                "sagemaker:DeleteModelPackageGroup",
                "sagemaker:DeleteModelPackageGroupPolicy",
                "sagemaker:DeleteTags",
                "sagemaker:DescribeModelPackageGroup",
                "sagemaker:GetModelPackageGroupPolicy",
                "sagemaker:ListTags",
                "sagemaker:PutModelPackageGroupPolicy",
            ],
            arn("sagemaker", "model-package-group/*-models"),
            because=_ALL_PROJECTS,
        )
    ]


def _published(bucket: s3.CfnBucket) -> list[Statement]:
    objects = [
        objects_below(bucket.attr_arn, f"{prefix}/") for prefix in ("functions", "templates", "versions")
    ]
    return [
        allow(
            "ReadsTemplatesAndFunctions",
            ["s3:GetObject", "s3:GetObjectVersion"],
            objects,
            because="Every version's, in the publication's own bucket.",
        )
    ]


def _functions() -> list[Statement]:
    return [
        allow(
            "Functions",
            [
                *FUNCTIONS,
                "lambda:AddPermission",
                "lambda:DeleteFunction",
                "lambda:DeleteFunctionConcurrency",
                # Custom resources are asked for as this role.
                "lambda:InvokeFunction",
            ],
            _named("lambda", "function:"),
            because=_ALL_PROJECTS,
        )
    ]


def _logs() -> list[Statement]:
    return [
        allow(
            "LogGroups",
            LOG_GROUPS,
            arn("logs", "log-group:/sagemaker-projects/*"),
            because=_ALL_PROJECTS,
        ),
        allow(
            "LooksForLogGroups",
            ["logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies"],
            "*",
            because="The actions know no resource.",
        ),
    ]


def _rule() -> list[Statement]:
    return [
        allow(
            "Rules",
            [
                "events:DeleteRule",
                "events:DescribeRule",
                "events:ListTagsForResource",
                "events:ListTargetsByRule",
                "events:PutRule",
                "events:PutTargets",
                "events:RemoveTargets",
                "events:TagResource",
                "events:UntagResource",
            ],
            [arn("events", f"rule/*-{kind}") for kind in ("model-approval", "new-data")],
            because=_ALL_PROJECTS,
        )
    ]


def _queue() -> list[Statement]:
    return [
        allow(
            "Queues",
            [
                "sqs:CreateQueue",
                "sqs:DeleteQueue",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:ListQueueTags",
                "sqs:SetQueueAttributes",
                "sqs:TagQueue",
                "sqs:UntagQueue",
            ],
            _named("sqs"),
            because=_ALL_PROJECTS,
        ),
        allow(
            "Alarms",
            [
                "cloudwatch:DeleteAlarms",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:ListTagsForResource",
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
            ],
            _named("cloudwatch", "alarm:"),
            because=_ALL_PROJECTS,
        ),
    ]


def _stacks() -> Statement:
    """The permissions for the project's stack itself. Source: "Launch constraints", Service Catalog administrator guide;
    the launch role of AWS's sample templates for the S3 form.
    """
    return allow(
        "Stacks",
        [*STACK_ACTIONS, "cloudformation:DescribeStackEvents", "cloudformation:SetStackPolicy"],
        _named("cloudformation", "stack/", ("SP-*", "SC-*")),
        because=_ALL_PROJECTS,
    )


def _catalog() -> list[Statement]:
    """The permissions that Service Catalog needs in the launch role.

    Source: "AWS Service Catalog launch constraints", administrator guide.
    """
    return [
        allow(
            "Templates",
            ["cloudformation:GetTemplateSummary", "cloudformation:ValidateTemplate"],
            "*",
            because="They take a template, and know no resource.",
        ),
        allow(
            "CopiesOfTemplates",
            "s3:GetObject",
            arn("s3", "*/*", region="", account=""),
            because="Service Catalog keeps its own copies of templates, in buckets of its own, and marks them.",
            StringEquals={"s3:ExistingObjectTag/servicecatalog:provisioning": "true"},
        ),
    ]
