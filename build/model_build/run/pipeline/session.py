"""The SageMaker SDK's session in which steps are defined: it makes no request and reads no configuration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

_OPT_OUT = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}


def create(region: str, bucket: str) -> Any:
    """A PipelineSession of a region, with the artifact bucket as its default bucket."""
    import boto3
    from sagemaker.core.workflow.pipeline_context import PipelineSession

    # No request is signed with these keys. Without keys botocore would search the machine for real ones.
    boto_session = boto3.Session("building", "building", region_name=region)
    session = PipelineSession(boto_session=boto_session, default_bucket=bucket, sagemaker_config=_OPT_OUT)
    # The SDK validates a configuration each time that it reads it: 50 times 0.1 s for one definition.
    session.sagemaker_config = {}
    return session


@contextmanager
def without_telemetry(session: Any) -> Iterator[None]:
    """The session has opted out of the SDK's telemetry inside the block."""
    session.sagemaker_config = _OPT_OUT
    try:
        yield
    finally:
        session.sagemaker_config = {}


@contextmanager
def model_arguments(session: Any) -> Iterator[Any]:
    """Yields the request that the SDK makes inside the block, in the form that ModelStep takes.

    ModelBuilder does the same, but also uploads an archive of code, which BlazingText does not have.
    """
    session.init_model_step_arguments(SimpleNamespace(sagemaker_session=session))
    try:
        yield session.context
    finally:
        session.context = None
