"""The trial of a candidate: what `trial` of a recipe says of the temporary endpoint that serves it before the gate."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from model_build.recipe.training import InstanceType, Training, Transformer, has_gpu
from model_common.configuration import Part, problem

_MEMORY = Literal[1024, 2048, 3072, 4096, 5120, 6144]


class Trial(Part):
    """A temporary endpoint of the candidate. It has to answer texts of the holdout as Evaluate did, fast enough.

    Source of the limits: CreateEndpointConfig, ProductionVariant and ProductionVariantServerlessConfig.
    """

    kind: Literal["realtime", "serverless"] = Field(description="realtime or serverless")
    instance_type: InstanceType | None = None
    memory_mb: _MEMORY | None = None
    texts: Annotated[int, Field(ge=10, le=1000)] = 100
    tolerance: Annotated[float, Field(ge=0, le=0.5)] = 0.01
    max_p99_milliseconds: Annotated[float, Field(gt=0, le=60_000)] | None = None
    max_wait_seconds: Annotated[int, Field(ge=60, le=3600)] = 900

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> Self:
        if self.kind == "serverless":
            self.leaves_out("a serverless endpoint has no instances, nor GPUs", "instance_type")
            self.states("the memory of a serverless endpoint, 1024 to 6144 in steps of 1024", "memory_mb")
        else:
            self.leaves_out("only a serverless endpoint has that, and this one is realtime", "memory_mb")
            self.states("the type of the endpoint's instance, such as ml.m5.large", "instance_type")
        return self

    def check(self, training: Training, inference_instances: tuple[str, ...]) -> None:
        """Raises a problem for a machine that the image of the model does not run on."""
        if not isinstance(training, Transformer):
            return
        image_has_gpu = has_gpu(inference_instances[0])
        if self.kind == "serverless" and image_has_gpu:
            raise problem(
                "trial.kind",
                f"found serverless. The model's image is for GPUs, as registration.inference_instances begins with "
                f"{inference_instances[0]}: Allowed: realtime",
            )
        if self.instance_type is not None and has_gpu(self.instance_type) != image_has_gpu:
            raise problem(
                "trial.instance_type",
                f"found {self.instance_type}. The model's image is for {inference_instances[0]}, the first of "
                "registration.inference_instances: name a machine of its kind, with GPUs or without",
            )
