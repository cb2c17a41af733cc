"""The permissions that a Studio user needs to create projects of an S3 template, beside AmazonSageMakerFullAccess.

That policy passes no launch role, reads other buckets and reaches no stacks. SageMaker makes a project's stack with the
rights of whoever asks for the project, and passes the launch role on to CloudFormation.

Source: "Create custom project templates" and the sample templates of SageMaker Projects, Amazon SageMaker AI developer guide.
"""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from project_template.stacks.policies import allow, arn, document, objects_below, passes, reasons
from project_template.stacks.publication_values import STACK_ACTIONS, TEMPLATE_ACTIONS, PublicationSettings


def add(
    stack: cdk.Stack, settings: PublicationSettings, launch: iam.CfnRole, bucket: s3.CfnBucket
) -> iam.CfnManagedPolicy:
    """Add the policy, attached to the principals of the publication."""
    statements = [
        passes("PassesLaunchRole", launch.attr_arn, "cloudformation", "sagemaker"),
        allow(
            "ReadsTemplates",
            TEMPLATE_ACTIONS,
            objects_below(bucket.attr_arn, "templates/"),
            because="Every template of the publication, in its own bucket.",
        ),
        allow("MakesProjectStacks", STACK_ACTIONS, arn("cloudformation", "stack/SP-*"), because=_STACKS),
    ]
    policy = iam.CfnManagedPolicy(
        stack,
        "UserPolicy",
        managed_policy_name=settings.user_policy_name,
        description="What users of SageMaker Studio need to make projects of the template.",
        policy_document=document(*statements),
        roles=_names(settings.user_arns, "role"),
        users=_names(settings.user_arns, "user"),
        groups=_names(settings.user_arns, "group"),
    )
    policy.cfn_options.metadata = reasons(*statements)
    return policy


_STACKS = "SageMaker names the stacks of projects SP-ID, whoever makes them."


def _names(arns: Sequence[str], kind: str) -> list[str] | None:
    """The names of the principals of that kind, without their paths; None where there are none."""
    named = [each.rpartition("/")[2] for each in arns if each.split(":", 5)[5].startswith(f"{kind}/")]
    return sorted(named) or None
