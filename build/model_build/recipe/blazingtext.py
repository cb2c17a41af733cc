"""The hyperparameters of BlazingText's supervised mode: names, types and ranges, as the container checks them.

Source: "BlazingText Hyperparameters", Amazon SageMaker developer guide, table "Text Classification". The mode has no
`min_char`, `max_char`, `subwords` or `sampling_threshold`: those belong to the word-vector modes.
"""

from __future__ import annotations

from collections.abc import ItemsView
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from model_common.configuration import Part, problem


class Hyperparameters(Part):
    """What a recipe may say; whatever it leaves out takes BlazingText's own default."""

    mode: Literal["supervised"] = "supervised"
    buckets: PositiveInt | None = None
    early_stopping: bool | None = None
    epochs: PositiveInt | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    min_count: Annotated[int, Field(ge=0)] | None = None
    min_epochs: PositiveInt | None = None
    patience: PositiveInt | None = None
    vector_dim: PositiveInt | None = None
    word_ngrams: PositiveInt | None = None

    @model_validator(mode="after")
    def _stopping_has_effect(self) -> Self:
        for name in ("min_epochs", "patience"):
            if getattr(self, name) is not None and not self.early_stopping:
                raise problem(name, "BlazingText ignores it without early_stopping: true")
        return self

    def items(self) -> ItemsView[str, str]:
        """The hyperparameters for CreateTrainingJob: strings, only those that the recipe states, and always the mode."""
        return {name: str(value) for name, value in self.model_dump(exclude_none=True).items()}.items()
