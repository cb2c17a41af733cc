"""The clients that the commands work with."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from model_common.aws.clients import Clients

if TYPE_CHECKING:
    from types_boto3_cloudformation.client import CloudFormationClient
    from types_boto3_cloudwatch.client import CloudWatchClient
    from types_boto3_sagemaker_runtime.client import SageMakerRuntimeClient


class Aws(Clients):
    """The clients of one region."""

    @cached_property
    def runtime(self) -> SageMakerRuntimeClient:
        """The client of SageMaker's runtime."""
        return self.session.client("sagemaker-runtime")

    def probe_runtime(self, seconds: float) -> SageMakerRuntimeClient:
        """A client of the runtime that waits at most `seconds` for an answer and does not retry."""
        config = Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1})
        return self.session.client("sagemaker-runtime", config=config)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """The client of CloudFormation."""
        return self.session.client("cloudformation")

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """The client of CloudWatch."""
        return self.session.client("cloudwatch")


def connect(region: str) -> Aws:
    """Clients for `region`."""
    return Aws(boto3.Session(region_name=region))
