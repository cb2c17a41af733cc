"""A project's storage: the key, the artifact bucket, the model package group. All three outlive the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker

from project_template.stacks.policies import document, objects_below, text

PULL_REQUEST_DAYS = 30
"""The days for which objects of a pull request are kept. Closing it removes them earlier (`model-build clean`)."""

WRITTEN_ONCE = ("code/", "contracts/", "deploy/*/models/", "pr/*/code/", "pr/*/contracts/")
"""The prefixes of objects that are named by their content's hash and run by others: nobody writes over them."""

_UNFINISHED_DAYS = 7

NO_ACCESS_LOG = {
    "AwsSolutions-S1": "Whoever published left the access logs off (--access-log-bucket switches them on): who reads and "
    "writes is for CloudTrail's data events, which an account turns on for all its buckets."
}
"""Why the buckets have no server access log, in the words of their metadata."""


@dataclass(frozen=True)
class Storage:
    """The resources that keep a project's data."""

    key: kms.CfnKey
    bucket: s3.CfnBucket
    group: sagemaker.CfnModelPackageGroup


def add(stack: cdk.Stack, access_log_bucket: str) -> Storage:
    """Add key, bucket, bucket policy and model package group to the project's stack."""
    key = _key(stack)
    bucket = _bucket(stack, key, access_log_bucket)
    bucket_policy(stack, "ArtifactBucketPolicy", bucket, WRITTEN_ONCE)
    group = sagemaker.CfnModelPackageGroup(
        stack,
        "ModelPackageGroup",
        model_package_group_name=text("${SageMakerProjectName}-models"),
        model_package_group_description=text("The models of the project ${SageMakerProjectName}."),
    )
    for kept in (key, bucket, group):
        # Unless the project could not even be created: then nothing is in them, and their names are wanted again.
        kept.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE
        kept.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.RETAIN
    return Storage(key, bucket, group)


def bucket_policy(
    stack: cdk.Stack, name: str, bucket: s3.CfnBucket, written_once: tuple[str, ...]
) -> s3.CfnBucketPolicy:
    """Refuse requests without TLS, and writes over objects below the prefixes of `written_once`. It allows nobody anything.

    Source: "Enforce conditional writes on Amazon S3 buckets", Amazon S3 user guide.
    """
    everyone = {"Effect": "Deny", "Principal": "*"}
    return s3.CfnBucketPolicy(
        stack,
        name,
        bucket=bucket.ref,
        policy_document=document(
            {
                "Sid": "OnlyByTls",
                **everyone,
                "Action": "s3:*",
                "Resource": [bucket.attr_arn, objects_below(bucket.attr_arn, "")],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "WrittenOnce",
                **everyone,
                "Action": "s3:PutObject",
                "Resource": [objects_below(bucket.attr_arn, prefix) for prefix in written_once],
                # The parts of a multipart upload take no precondition; its completion does.
                "Condition": {
                    "Null": {"s3:if-none-match": "true"},
                    "Bool": {"s3:ObjectCreationOperation": "true"},
                },
            },
        ),
    )


def closed() -> s3.CfnBucket.PublicAccessBlockConfigurationProperty:
    """The public access block that closes a bucket to the public."""
    return s3.CfnBucket.PublicAccessBlockConfigurationProperty(
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )


def logged(bucket: str, prefix: str) -> s3.CfnBucket.LoggingConfigurationProperty | None:
    """Server access logs below `prefix` of `bucket`; None where it is "".

    The bucket's own policy has to let logging.s3.amazonaws.com write. Source: "Enabling Amazon S3 server access logging",
    Amazon S3 user guide.
    """
    if not bucket:
        return None
    return s3.CfnBucket.LoggingConfigurationProperty(destination_bucket_name=bucket, log_file_prefix=prefix)


def owned() -> s3.CfnBucket.OwnershipControlsProperty:
    """No access control lists: what anybody writes belongs to the bucket's owner."""
    rule = s3.CfnBucket.OwnershipControlsRuleProperty(object_ownership="BucketOwnerEnforced")
    return s3.CfnBucket.OwnershipControlsProperty(rules=[rule])


def _key(stack: cdk.Stack) -> kms.CfnKey:
    # The account itself, which is KMS's own default: who may use the key is then said by the roles' policies.
    # Without it
    # nobody could change the key any more. Source: "Default key policy", KMS developer guide.
    account: dict[str, Any] = {
        "Sid": "ByPoliciesOfThisAccount",
        "Effect": "Allow",
        "Principal": {"AWS": text("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")},
        "Action": "kms:*",
        "Resource": "*",
    }
    return kms.CfnKey(
        stack,
        "ArtifactKey",
        description=text("Encrypts the artifacts of the project ${SageMakerProjectName}."),
        enable_key_rotation=True,
        pending_window_in_days=30,
        key_policy=document(account),
    )


def _bucket(stack: cdk.Stack, key: kms.CfnKey, access_log_bucket: str) -> s3.CfnBucket:
    encryption = s3.CfnBucket.ServerSideEncryptionRuleProperty(
        server_side_encryption_by_default=s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
            sse_algorithm="aws:kms", kms_master_key_id=key.attr_arn
        ),
        bucket_key_enabled=True,
    )
    bucket = s3.CfnBucket(
        stack,
        "ArtifactBucket",
        bucket_encryption=s3.CfnBucket.BucketEncryptionProperty(
            server_side_encryption_configuration=[encryption]
        ),
        versioning_configuration=s3.CfnBucket.VersioningConfigurationProperty(status="Enabled"),
        public_access_block_configuration=closed(),
        ownership_controls=owned(),
        logging_configuration=logged(access_log_bucket, text("${SageMakerProjectName}/")),
        lifecycle_configuration=s3.CfnBucket.LifecycleConfigurationProperty(
            rules=[
                s3.CfnBucket.RuleProperty(
                    id="pull-requests",
                    status="Enabled",
                    prefix="pr/",
                    expiration_in_days=PULL_REQUEST_DAYS,
                    noncurrent_version_expiration=s3.CfnBucket.NoncurrentVersionExpirationProperty(
                        noncurrent_days=1
                    ),
                ),
                unfinished_uploads(),
            ]
        ),
    )
    if not access_log_bucket:
        bucket.cfn_options.metadata = {"Reasons": NO_ACCESS_LOG}
    return bucket


def unfinished_uploads() -> s3.CfnBucket.RuleProperty:
    """The lifecycle rule that removes unfinished multipart uploads."""
    return s3.CfnBucket.RuleProperty(
        id="unfinished-uploads",
        status="Enabled",
        abort_incomplete_multipart_upload=s3.CfnBucket.AbortIncompleteMultipartUploadProperty(
            days_after_initiation=_UNFINISHED_DAYS
        ),
    )
