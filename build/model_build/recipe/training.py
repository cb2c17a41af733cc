"""How a model is trained: the algorithm, what it is told, and the job that runs it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from model_build.recipe.blazingtext import Hyperparameters
from model_build.recipe.serving import Serving
from model_build.recipe.transformer import FineTuning, Pretrained
from model_common.configuration import Part, matching, problem

InstanceType = Annotated[str, matching(r"ml\.[a-z0-9-]+\.[a-z0-9]+", "an instance type, such as ml.m5.large")]
VolumeGb = Annotated[int, Field(ge=1, le=16384)]
FolderName = Annotated[
    str, matching(r"[a-z][a-z0-9_]*", "the name of a folder in algorithms/, such as tfidf")
]
OptionName = Annotated[
    str, matching(r"[A-Za-z][A-Za-z0-9_]{0,100}", "an option of train.py, without its dashes")
]
OptionValue = (
    bool | int | float | Annotated[str, matching(r"\S.{0,499}|\S?", "up to 500 characters, no space first")]
)

TOLD = ("labels", "multi_label")
"""Options of a training script that the recipe says elsewhere."""


class _Job(Part):
    """The training job, on one instance."""

    instance_type: InstanceType = "ml.c5.xlarge"
    fallback_instance_types: Annotated[tuple[InstanceType, ...], Field(max_length=4)] = ()
    volume_gb: VolumeGb = 30
    max_runtime_seconds: Annotated[int, Field(ge=1, le=28 * 86400)] = 3600

    @model_validator(mode="after")
    def _machines_differ(self) -> Self:
        repeated = [each for each in self.instance_types if self.instance_types.count(each) > 1]
        if repeated:
            raise problem(
                "fallback_instance_types",
                f"{repeated[0]} is listed twice among instance_type and these; name other machines, or leave the key out",
            )
        return self

    @property
    def instance_types(self) -> tuple[str, ...]:
        """The machines in the order in which SageMaker tries them."""
        return (self.instance_type, *self.fallback_instance_types)


class BlazingText(_Job):
    """SageMaker's BlazingText in its supervised mode."""

    algorithm: Literal["blazingtext"] = "blazingtext"
    hyperparameters: Hyperparameters = Hyperparameters()

    @property
    def serving(self) -> Serving:
        """The interface of the model server: BlazingText's own."""
        return Serving()


class Scripted(_Job):
    """A job that runs `algorithms/FOLDER/train.py`; `inference.py` beside it serves what it wrote."""

    @property
    def script_folder(self) -> str:
        """The folder in algorithms/."""
        raise NotImplementedError

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The options of train.py that the recipe states."""
        raise NotImplementedError

    def options(self, labels: tuple[str, ...], multi_label: bool) -> dict[str, str]:
        """The options of train.py in the form of CreateTrainingJob: every value is a string."""
        arguments = {"labels": " ".join(labels), "multi_label": multi_label, **self.arguments}
        return {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in arguments.items()
        }


class Script(Scripted):
    """`algorithms/FOLDER/train.py` in SageMaker's scikit-learn image; `inference.py` beside it serves what it wrote.

    The hyperparameters are the options of train.py. `serving` says how inference.py is asked.
    """

    algorithm: Literal["script"]
    folder: FolderName = Field(
        description="the name of a folder in algorithms/, which holds train.py and inference.py"
    )
    hyperparameters: Mapping[OptionName, OptionValue] = {}
    serving: Serving = Serving()

    @field_validator("hyperparameters")
    @classmethod
    def _are_not_told_already(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in value:
            if name in TOLD or name.lower().startswith("sagemaker_"):
                raise problem(name, "train.py is told that by the pipeline; leave the key out")
        return value

    @property
    def script_folder(self) -> str:
        """The folder that the recipe names."""
        return self.folder

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The recipe's hyperparameters."""
        return self.hyperparameters


class Transformer(Scripted):
    """A pretrained transformer, fine-tuned by `algorithms/transformer` in SageMaker's PyTorch image.

    With `spot` the job runs on capacity that may be taken away; it resumes from its last checkpoint. `max_wait_seconds` is
    what waiting and running may take together.
    """

    algorithm: Literal["transformer"]
    pretrained: Pretrained = Field(description="the model that training begins with")
    hyperparameters: FineTuning = FineTuning()
    spot: bool = False
    max_wait_seconds: Annotated[int, Field(ge=1, le=28 * 86400)] | None = None

    @model_validator(mode="after")
    def _waits_for_spot_alone(self) -> Self:
        if self.max_wait_seconds is not None and not self.spot:
            raise problem("max_wait_seconds", "only spot capacity is waited for; leave the key out")
        if self.max_wait_seconds is not None and self.max_wait_seconds < self.max_runtime_seconds:
            raise problem(
                "max_wait_seconds",
                f"found {self.max_wait_seconds}. Allowed: max_runtime_seconds ({self.max_runtime_seconds}) or more",
            )
        if self.spot and self.fallback_instance_types:
            raise problem("fallback_instance_types", "spot capacity is of one type; leave the key out")
        return self

    @model_validator(mode="after")
    def _machines_are_of_one_kind(self) -> Self:
        if len({has_gpu(each) for each in self.instance_types}) > 1:
            raise problem(
                "fallback_instance_types",
                "machines with and without GPUs run different images; name machines of one kind",
            )
        return self

    @property
    def script_folder(self) -> str:
        """The folder of the algorithm."""
        return "transformer"

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The hyperparameters with their defaults, and the hash of the pretrained model."""
        return {**self.hyperparameters.model_dump(), "pretrained_sha256": self.pretrained.sha256}

    @property
    def serving(self) -> Serving:
        """The formats of BlazingText."""
        return Serving()


def has_gpu(instance_type: str) -> bool:
    """Whether a machine is of an accelerated family that PyTorch's GPU images run on."""
    return re.match(r"ml\.[gp]\d", instance_type) is not None


def algorithm(value: Any) -> Any:
    """The algorithm that a recipe's `training` names: BlazingText unless stated."""
    return (
        value.get("algorithm", "blazingtext")
        if isinstance(value, dict)
        else getattr(value, "algorithm", None)
    )


Training = Annotated[
    Annotated[BlazingText, Tag("blazingtext")]
    | Annotated[Script, Tag("script")]
    | Annotated[Transformer, Tag("transformer")],
    Discriminator(algorithm),
]
