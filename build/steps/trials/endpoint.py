"""A trial endpoint: a model, a configuration and an endpoint of one name, made, waited for, and deleted.

The name holds the id of the pipeline's execution. All three carry the tag DEADLINE: what is there after that time was left
by a job that was killed. The next trial of the project deletes it, and so does `model-build clean`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from failure import StepError

DEADLINE, EXECUTION = "model-build:trial-deadline", "model-build:trial-execution"
_PROJECT = "sagemaker:project-name"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_VARIANT = "AllTraffic"
_PAUSE = 2.0  # seconds
_STARTUP_SECONDS = (60, 3600)
"""The least and the most that ContainerStartupHealthCheckTimeoutInSeconds may be."""


@dataclass(frozen=True)
class Request:
    """What is to be tried, and on what: instances of a type, or memory of a serverless endpoint.

    `prefix` is what the names of the project's trials begin with, `execution` the id of the pipeline's execution.
    """

    prefix: str
    execution: str
    role: str
    image: str
    model: str
    environment: Mapping[str, str]
    tags: Mapping[str, str]
    kind: str
    instance_type: str | None
    memory_mb: int | None
    max_wait_seconds: int

    @property
    def name(self) -> str:
        """The name of model, configuration and endpoint."""
        return f"{self.prefix}-{self.execution}"

    @property
    def is_serverless(self) -> bool:
        """Whether the endpoint has no instances."""
        return self.kind == "serverless"

    @property
    def log_group(self) -> str:
        """Where the model's container logs."""
        return f"/aws/sagemaker/Endpoints/{self.name}"


def create(sagemaker: Any, request: Request, lifetime: float) -> None:
    """Begin to create the endpoint, after what an earlier attempt of the same execution left. `lifetime` is in seconds."""
    tags = {**request.tags, EXECUTION: request.execution, DEADLINE: _at(time.time() + lifetime)}
    stated = [{"Key": key, "Value": value} for key, value in tags.items()]
    sagemaker.create_model(
        ModelName=request.name,
        ExecutionRoleArn=request.role,
        PrimaryContainer={
            "Image": request.image,
            "ModelDataUrl": request.model,
            "Environment": dict(request.environment),
        },
        # As a stage's model runs. A serverless endpoint cannot be isolated.
        EnableNetworkIsolation=not request.is_serverless,
        Tags=stated,
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=request.name, ProductionVariants=[_variant(request)], Tags=stated
    )
    sagemaker.create_endpoint(EndpointName=request.name, EndpointConfigName=request.name, Tags=stated)


def wait_until_in_service(sagemaker: Any, request: Request) -> float:
    """Wait for the endpoint; returns how long it took, in seconds. Raises StepError if it fails or takes too long."""
    began = time.monotonic()
    while True:
        found = sagemaker.describe_endpoint(EndpointName=request.name)
        status, waited = found["EndpointStatus"], time.monotonic() - began
        if status == "InService":
            return waited
        if status == "Failed":
            raise StepError(
                f"The trial endpoint {request.name} failed: {found.get('FailureReason', 'SageMaker gives no reason')} "
                f"The log group {request.log_group} has what its container said."
            )
        if waited > request.max_wait_seconds:
            raise StepError(
                f"The trial endpoint {request.name} was still {status} after {request.max_wait_seconds} s, the recipe's "
                f"trial.max_wait_seconds. The log group {request.log_group} has what its container said; raise the limit if the "
                "model only needs longer."
            )
        time.sleep(_PAUSE)


def delete(sagemaker: Any, name: str, patience: float) -> bool:
    """Delete endpoint, configuration and model, as far as they exist; whether they are deleted.

    SageMaker refuses to delete an endpoint while it is created. That is waited for, `patience` seconds at most.
    """
    until = time.monotonic() + patience
    while _is_busy(lambda: sagemaker.delete_endpoint(EndpointName=name)):
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE)
    _is_busy(lambda: sagemaker.delete_endpoint_config(EndpointConfigName=name))
    _is_busy(lambda: sagemaker.delete_model(ModelName=name))
    return True


def clear(sagemaker: Any, name: str, patience: float) -> None:
    """Delete what an earlier attempt of the same execution left, and wait until it is gone.

    Raises StepError if it is still there after `patience` seconds.
    """
    until = time.monotonic() + patience
    deleted = delete(sagemaker, name, patience)
    while not (deleted and _is_gone(sagemaker, name)):
        if time.monotonic() > until:
            raise StepError(
                f"The trial endpoint {name} of an earlier attempt is still there after {patience:g} s. Run again."
            )
        time.sleep(_PAUSE)


def sweep(sagemaker: Any, prefix: str, project: str) -> list[str]:
    """Delete the project's trials below `prefix` whose time is over; returns their names."""
    now, left = _at(time.time()), []
    for name, arn in _listed(sagemaker, prefix):
        if name in left:
            continue
        tags = {each["Key"]: each["Value"] for each in _tags(sagemaker, arn)}
        if tags.get(_PROJECT) == project and tags.get(DEADLINE, now) < now and delete(sagemaker, name, 0):
            left.append(name)
    return left


def _variant(request: Request) -> dict[str, Any]:
    variant: dict[str, Any] = {
        "VariantName": _VARIANT,
        "ModelName": request.name,
        "InitialVariantWeight": 1.0,
    }
    if request.is_serverless:
        return {
            **variant,
            "ServerlessConfig": {"MemorySizeInMB": request.memory_mb, "MaxConcurrency": 1},
        }
    least, most = _STARTUP_SECONDS
    return {
        **variant,
        "InstanceType": request.instance_type,
        "InitialInstanceCount": 1,
        # SageMaker then gives up about when this job does, and the endpoint can be deleted.
        "ContainerStartupHealthCheckTimeoutInSeconds": min(max(request.max_wait_seconds, least), most),
    }


def _listed(sagemaker: Any, prefix: str) -> Iterator[tuple[str, str]]:
    """Names and ARNs of endpoints, configurations and models that are named like trials below `prefix`."""
    named = re.compile(rf"{re.escape(prefix)}-[a-z0-9]+")
    for operation, key, kind in (
        ("list_endpoints", "Endpoints", "Endpoint"),
        ("list_endpoint_configs", "EndpointConfigs", "EndpointConfig"),
        ("list_models", "Models", "Model"),
    ):
        for page in sagemaker.get_paginator(operation).paginate(NameContains=f"{prefix}-"):
            for each in page[key]:
                if named.fullmatch(each[f"{kind}Name"]):
                    yield each[f"{kind}Name"], each[f"{kind}Arn"]


def _tags(sagemaker: Any, arn: str) -> list[dict[str, str]]:
    try:
        found: list[dict[str, str]] = sagemaker.list_tags(ResourceArn=arn)["Tags"]
    except ClientError as error:
        if not _is_missing(error):
            raise
        return []
    return found


def _is_gone(sagemaker: Any, name: str) -> bool:
    try:
        sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if not _is_missing(error):
            raise
        return True
    return False


def _is_busy(delete_one: Callable[[], Any]) -> bool:
    """Call it; whether SageMaker refuses because the resource is changing. What does not exist is deleted."""
    try:
        delete_one()
    except ClientError as error:
        if _is_missing(error):
            return False
        if "in-progress" in _message(error):
            return True
        raise
    return False


def _is_missing(error: ClientError) -> bool:
    # SageMaker has no code of its own for it.
    code = error.response["Error"]["Code"]
    return code == "ResourceNotFound" or (
        code == "ValidationException" and "ould not find" in _message(error)
    )


def _message(error: ClientError) -> str:
    return str(error.response["Error"].get("Message", ""))


def _at(seconds: float) -> str:
    """A time as a tag can hold it; later ones are greater, letter by letter."""
    return time.strftime(_TIME, time.gmtime(seconds))
