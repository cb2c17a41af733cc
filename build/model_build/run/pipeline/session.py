"""The SageMaker SDK's session in which steps are defined: it makes no request and reads no configuration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import botocore.loaders
import botocore.session

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
    # Without a configuration: the SDK validates one each time that it reads it, 50 times 0.1 s for one definition.
    return PipelineSession(boto_session=boto_session, default_bucket=bucket)


@contextmanager
def shared_models() -> Iterator[None]:
    """Inside the block every session of boto3 has the same service models, which the process reads once.

    For one definition the SDK makes four sessions, each of which would read them: most of the time that it takes.
    """
    with ExitStack() as stack:
        for module in (botocore.loaders, botocore.session):
            stack.enter_context(patch.object(module, "create_loader", _loader))
        yield


_loader = cache(botocore.loaders.create_loader)


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
