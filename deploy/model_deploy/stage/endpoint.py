"""The compute of an endpoint: instances, or memory that SageMaker provides on demand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from model_common.configuration import Part, matching, problem
from model_deploy.stage.alarms import TopicArn

InstanceType = Annotated[str, matching(r"ml\.[a-z0-9-]+\.[a-z0-9]+", "an instance type, such as ml.m5.large")]

# From "Instance store volumes", EC2 user guide: the d of m5d, c6gd and g4dn, and families that always have a local
# disk.
_LOCAL_STORAGE = re.compile(r"ml\.([a-z]+\d\w*d\w*|g5|g6e?|g7e|p[56][\w-]*|trn\w+|dl1)\..+")
_BURSTABLE = re.compile(r"ml\.t\d\w*\..+")
_FIRST_INFERENTIA = re.compile(r"ml\.inf1\..+")


_POOLS = ("fallback_instance_types", "instance_pools")
"""The name in a stage's file, and the API's name."""


@dataclass(frozen=True)
class Instances:
    """A fleet of `count` instances of one type. With scaling, it is the count of a new endpoint."""

    type: str
    count: int

    @property
    def burstable(self) -> bool:
        """Whether the instance type has CPU credits (the t family)."""
        return _BURSTABLE.fullmatch(self.type) is not None

    @property
    def local_storage(self) -> bool:
        """Whether the instances have a local disk. Hardware encrypts it, so SageMaker refuses a KMS key."""
        return _LOCAL_STORAGE.fullmatch(self.type) is not None

    @property
    def guarded(self) -> bool:
        """Whether SageMaker's deployment guardrails work for them ("Exclusions", deployment guardrails)."""
        return _FIRST_INFERENTIA.fullmatch(self.type) is None


@dataclass(frozen=True)
class Serverless:
    """Memory in MB for each of at most `max_concurrency` concurrent requests.

    `provisioned_concurrency` of them stay warm; None if all may be cold.
    """

    memory_mb: int
    max_concurrency: int
    provisioned_concurrency: int | None


class Endpoint(Part):
    """The endpoint's kind and size. `capacity` has the size as Instances or Serverless.

    Source of the limits: CreateEndpointConfig, ProductionVariant and ProductionVariantServerlessConfig.
    """

    kind: Literal["realtime", "serverless", "asynchronous"] = Field(
        description="realtime, serverless or asynchronous"
    )
    instance_type: InstanceType | None = None
    instance_count: Annotated[int, Field(ge=1)] | None = None
    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] | None = None
    max_concurrency: Annotated[int, Field(ge=1, le=200)] | None = None
    provisioned_concurrency: Annotated[int, Field(ge=1, le=200)] | None = None
    notify_success: TopicArn | None = None
    notify_failure: TopicArn | None = None

    @model_validator(mode="before")
    @classmethod
    def _has_one_instance_type(cls, document: Any) -> Any:
        for key in _POOLS:
            if isinstance(document, dict) and key in document:
                raise problem(
                    key,
                    "SageMaker's InstancePools, an ordered list of instance types, are not offered for endpoints: the share of a "
                    "canary, scaling and the change of a type are made for one. Leave the key out, and name another instance_type "
                    "where there is no machine of it",
                )
        return document

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> Self:
        if self.kind != "asynchronous":
            why = "only an asynchronous endpoint notifies topics"
            self.leaves_out(why, "notify_success", "notify_failure")
        if self.kind == "serverless":
            self.leaves_out(
                "a serverless endpoint has no instances, nor GPUs", "instance_type", "instance_count"
            )
            self.states("the memory of a serverless endpoint, 1024 to 6144 in steps of 1024", "memory_mb")
            self.states(
                "the most requests that a serverless endpoint answers at a time, 1 to 200", "max_concurrency"
            )
            if (self.provisioned_concurrency or 0) > (self.max_concurrency or 0):
                words = f"found {self.provisioned_concurrency}. Allowed: at most max_concurrency, {self.max_concurrency}"
                raise problem("provisioned_concurrency", words)
        else:
            why = f"only a serverless endpoint has that, and this one is {self.kind}"
            self.leaves_out(why, "memory_mb", "max_concurrency", "provisioned_concurrency")
            self.states("the type of the endpoint's instances, such as ml.m5.large", "instance_type")
            self.states("the number of the endpoint's instances", "instance_count")
        return self

    @property
    def capacity(self) -> Instances | Serverless:
        """The instances, or the memory of a serverless endpoint."""
        if self.kind == "serverless":
            assert self.memory_mb is not None and self.max_concurrency is not None  # checked above
            return Serverless(self.memory_mb, self.max_concurrency, self.provisioned_concurrency)
        assert self.instance_type is not None and self.instance_count is not None  # checked above
        return Instances(self.instance_type, self.instance_count)
