"""The clients that every command works with. A package adds its own in a subclass."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

import boto3

from model_common.settings import check_endpoints

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_sagemaker.client import SageMakerClient
    from types_boto3_sts.client import STSClient


class Clients:
    """The clients of one region, each made when it is first used: a command pays only for those that it needs.

    Keys, endpoint and retries are botocore's own configuration. Raises SettingsError for an endpoint that is no address.
    """

    def __init__(self, session: boto3.Session) -> None:
        check_endpoints(os.environ)
        self.session = session

    @property
    def region(self) -> str:
        """The region of the session, "" if none is configured."""
        return self.session.region_name or ""

    @cached_property
    def account(self) -> str:
        """The number of the account that the credentials belong to."""
        return self.sts.get_caller_identity()["Account"]

    @cached_property
    def s3(self) -> S3Client:
        """The client of S3."""
        return self.session.client("s3")

    @cached_property
    def sagemaker(self) -> SageMakerClient:
        """The client of SageMaker."""
        return self.session.client("sagemaker")

    @cached_property
    def sts(self) -> STSClient:
        """The client of STS."""
        return self.session.client("sts")
