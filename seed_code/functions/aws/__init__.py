"""The clients by which a project's Lambda functions call AWS."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config


def aws_client(service: str, read_timeout: float = 10) -> Any:
    """A boto3 client that gives up while the function has time left to say so. `read_timeout` is in seconds."""
    retries: Any = {"mode": "standard", "total_max_attempts": 3}
    name: Any = service
    return boto3.client(name, config=Config(connect_timeout=5, read_timeout=read_timeout, retries=retries))
