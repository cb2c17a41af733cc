"""The AWS clients of the commands, and the advice that is added to AWS's error messages."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import boto3

from model_common.aws.clients import Clients

if TYPE_CHECKING:
    from types_boto3_logs.client import CloudWatchLogsClient


class Aws(Clients):
    """The clients of one region."""

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """The client of CloudWatch Logs."""
        return self.session.client("logs")


def connect(region: str) -> Aws:
    """Clients for `region`."""
    return Aws(boto3.Session(region_name=region))
