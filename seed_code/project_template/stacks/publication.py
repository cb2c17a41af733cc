"""The publication's own stack: what has to be in an account so that Studio can make projects in it."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from project_template.stacks.publication_values import PublicationSettings
from project_template.stacks.publishing import boundary, catalog, launch_role, users
from project_template.stacks.roles.identity import AUDIENCE
from project_template.stacks.storage import (
    NO_ACCESS_LOG,
    bucket_policy,
    closed,
    logged,
    owned,
    unfinished_uploads,
)

_STUDIO = "https://*.sagemaker.aws"
_EXPOSED = (
    "ETag",
    "x-amz-delete-marker",
    "x-amz-id-2",
    "x-amz-request-id",
    "x-amz-server-side-encryption",
    "x-amz-version-id",
)
WRITTEN_ONCE = ("functions/", "seeds/", "versions/")
"""The prefixes of objects that are named by their content's hash, which every project runs: nobody writes over them."""

_OLD_VERSIONS_DAYS = 365


class PublicationStack(cdk.Stack):
    """Template bucket, boundary, launch role; and where asked for, the users' policy of the S3 form, the Service Catalog form
    and GitHub's OIDC provider."""

    def __init__(self, scope: Construct, id: str, settings: PublicationSettings) -> None:
        super().__init__(
            scope,
            id,
            description=f"Publishes the SageMaker project template {settings.name}",
            synthesizer=cdk.LegacyStackSynthesizer(),
        )
        bucket = _bucket(self, settings)
        bucket_policy(self, "TemplateBucketPolicy", bucket, WRITTEN_ONCE)
        bounds = boundary.add(self, settings)
        launch = launch_role.add(self, settings, bounds, bucket)
        outputs = {
            "TemplateBucketName": bucket.ref,
            "PermissionsBoundaryArn": bounds.ref,
            "LaunchRoleArn": launch.attr_arn,
        }
        if settings.in_s3:
            outputs["UserPolicyArn"] = users.add(self, settings, launch, bucket).ref
        if settings.creates_oidc_provider:
            outputs["OidcProviderArn"] = _provider(self, settings).ref
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)
        if settings.catalog is not None:
            catalog.add(self, settings.catalog, launch)
        for key, tag in settings.tags:
            cdk.Tags.of(self).add(key, tag)


def _retained(resource: cdk.CfnResource) -> None:
    resource.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.RETAIN
    resource.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.RETAIN


def _provider(stack: cdk.Stack, settings: PublicationSettings) -> iam.CfnOIDCProvider:
    provider = iam.CfnOIDCProvider(stack, "OidcProvider", url=settings.issuer, client_id_list=[AUDIENCE])
    _retained(provider)  # projects, and whoever else signs in from GitHub, go on
    return provider


def _bucket(stack: cdk.Stack, settings: PublicationSettings) -> s3.CfnBucket:
    bucket = s3.CfnBucket(
        stack,
        "TemplateBucket",
        bucket_name=settings.bucket,
        versioning_configuration=s3.CfnBucket.VersioningConfigurationProperty(status="Enabled"),
        public_access_block_configuration=closed(),
        ownership_controls=owned(),
        logging_configuration=logged(settings.access_log_bucket, f"{settings.name}/"),
        # S3's own keys: Studio's users, Service Catalog and Lambda read from here, and nothing in it is secret.
        bucket_encryption=s3.CfnBucket.BucketEncryptionProperty(
            server_side_encryption_configuration=[
                s3.CfnBucket.ServerSideEncryptionRuleProperty(
                    server_side_encryption_by_default=s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
                        sse_algorithm="AES256"
                    )
                )
            ]
        ),
        cors_configuration=s3.CfnBucket.CorsConfigurationProperty(
            cors_rules=[
                s3.CfnBucket.CorsRuleProperty(
                    id="studio",
                    allowed_origins=[_STUDIO],
                    allowed_methods=["POST", "PUT", "GET", "HEAD", "DELETE"],
                    allowed_headers=["*"],
                    exposed_headers=list(_EXPOSED),
                )
            ]
        ),
        lifecycle_configuration=s3.CfnBucket.LifecycleConfigurationProperty(
            rules=[
                # What a template was before it was published again; archives are never written twice.
                s3.CfnBucket.RuleProperty(
                    id="old-versions",
                    status="Enabled",
                    noncurrent_version_expiration=s3.CfnBucket.NoncurrentVersionExpirationProperty(
                        noncurrent_days=_OLD_VERSIONS_DAYS
                    ),
                ),
                unfinished_uploads(),
            ]
        ),
    )
    # Projects that were made from it are updated and deleted with the functions and seeds that are in it.
    _retained(bucket)
    if not settings.access_log_bucket:
        bucket.cfn_options.metadata = {"Reasons": NO_ACCESS_LOG}
    return bucket
