"""The clients that the commands work with, and the few questions that several of them ask."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from model_common.aws.clients import Clients
from model_common.aws.errors import is_missing
from project_template.errors import UsageError

if TYPE_CHECKING:
    from types_boto3_cloudformation.client import CloudFormationClient
    from types_boto3_iam.client import IAMClient


class Aws(Clients):
    """The clients of one region."""

    @cached_property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov`: the second part of every ARN of this account."""
        return self.sts.get_caller_identity()["Arn"].split(":")[1]

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """The client of CloudFormation."""
        return self.session.client("cloudformation")

    @cached_property
    def iam(self) -> IAMClient:
        """The client of IAM."""
        return self.session.client("iam")

    @cached_property
    def kms(self) -> Any:
        """The client of KMS."""
        return self.session.client("kms")

    @cached_property
    def secrets(self) -> Any:
        """The client of Secrets Manager."""
        return self.session.client("secretsmanager")

    @cached_property
    def scheduler(self) -> Any:
        """The client of EventBridge Scheduler."""
        return self.session.client("scheduler")

    @cached_property
    def catalog(self) -> Any:
        """The client of Service Catalog."""
        return self.session.client("servicecatalog")

    @cached_property
    def quotas(self) -> Any:
        """The client of Service Quotas."""
        return self.session.client("service-quotas")

    @cached_property
    def tagging(self) -> Any:
        """The client of the Resource Groups Tagging API."""
        return self.session.client("resourcegroupstaggingapi")


def connect(region: str | None = None) -> Aws:
    """Clients for `region`, or for the one that botocore's own configuration names.

    Raises UsageError where there is none. Keys, endpoint and retries are botocore's own configuration.
    """
    session = boto3.Session(region_name=region)
    if not session.region_name:
        raise UsageError("There is no region: set AWS_REGION, or give --region.")
    return Aws(session)


def bucket_exists(aws: Aws, bucket: str) -> bool:
    """Whether the bucket exists. Raises ClientError when S3 refuses for another reason than a missing bucket."""
    try:
        aws.s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if not is_missing(error):
            raise
        return False
    return True


def sagemaker_tags(aws: Aws, arn: str) -> dict[str, str]:
    """The tags of a resource of SageMaker's."""
    pages = aws.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
