"""The search for hyperparameters: what `tune` of a recipe says, as SageMaker's automatic model tuning takes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from model_build.recipe.training import OptionName, OptionValue, Training, Transformer
from model_common.configuration import Part, matching, problem

Number = int | float

INTEGER, CONTINUOUS, CATEGORICAL = "integer", "continuous", "categorical"

MEASURED = {"blazingtext": ("accuracy",), "transformer": ("macro_f1",)}
"""The figures on the validation split that an algorithm logs, by its name; those of scripts are their own matter."""

_DEFAULT_OBJECTIVE = "macro_f1"


class Range(Part):
    """The values that are tried for one hyperparameter: numbers from `min` to `max`, or listed `values`.

    With `scale: log` small numbers are tried as often as large ones.
    """

    min: Number | None = None
    max: Number | None = None
    scale: Literal["linear", "log"] = "linear"
    values: Annotated[tuple[OptionValue, ...], Field(max_length=30)] | None = None

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        ends = (self.min, self.max)
        if (self.values is None) == (ends == (None, None)):
            raise problem("", "a range has either min and max, or values")
        if self.values is not None:
            if not self.values:
                raise problem("values", "the list is empty, so there is nothing to try")
            if len(set(map(str, self.values))) < len(self.values):
                raise problem("values", "a value is listed twice")
            if self.scale == "log":
                raise problem("scale", "only numbers from min to max have one; leave the key out")
            return self
        if self.min is None or self.max is None:
            raise problem("", "a range of numbers has min and max")
        if self.min >= self.max:
            raise problem(
                "min", f"{self.min:g} is not below max, {self.max:g}, so there is nothing to try between them"
            )
        if self.scale == "log" and self.min <= 0:
            raise problem("min", f"found {self.min:g}. Allowed with scale: log: more than 0")
        return self


class Tune(Part):
    """A search for better hyperparameters than the recipe's. Each job trains once; the best one's model goes on.

    `objective` is a figure on the validation split that training logs. `parallel` jobs run at once. `grid` tries every
    combination of `values`; `bayesian` and `random` try `jobs` settings.
    """

    strategy: Literal["bayesian", "random", "grid"] = "bayesian"
    objective: Annotated[str, matching(r"[a-z][a-z0-9_]{0,99}", "a figure such as macro_f1")] | None = None
    jobs: Annotated[int, Field(ge=1, le=500)] | None = None
    parallel: Annotated[int, Field(ge=1, le=10)] = 2
    seed: Annotated[int, Field(ge=1, le=999_999_999)] = 1
    ranges: Annotated[Mapping[OptionName, Range], Field(min_length=1, max_length=30)] = Field(
        description="the values to try, by the name of a hyperparameter"
    )

    @model_validator(mode="after")
    def _jobs_fit_the_strategy(self) -> Self:
        numbers = [name for name, each in self.ranges.items() if each.values is None]
        if self.strategy == "grid":
            if numbers:
                raise problem(
                    f"ranges.{numbers[0]}", "a grid takes values alone: list them, or use another strategy"
                )
            if self.jobs is not None:
                raise problem("jobs", "a grid tries every combination; leave the key out")
            if self.count > 500:
                raise problem("ranges", f"a grid of {self.count} combinations. Allowed: 500 at most")
        elif self.jobs is None:
            raise problem("jobs", f"missing. It is the number of settings that {self.strategy} tries")
        return self

    @property
    def count(self) -> int:
        """The number of training jobs."""
        return self.jobs or math.prod(len(each.values or ()) for each in self.ranges.values())

    def metric(self, training: Training) -> str:
        """The name of the objective in SageMaker: `validation:accuracy`."""
        return f"validation:{self.objective or self._default(training)}"

    def kind(self, name: str, training: Training) -> str:
        """Whether the values of a range are whole numbers, numbers, or words."""
        found = self.ranges[name]
        if found.min is None or found.max is None:
            return CATEGORICAL
        model = _checked_by(training)
        if model is None:
            return INTEGER if isinstance(found.min, int) and isinstance(found.max, int) else CONTINUOUS
        # A number that is not whole, whatever the ends.
        between = found.min + (found.max - found.min) / math.pi
        return INTEGER if _refusal(model, {name: between}) else CONTINUOUS

    def check(self, training: Training) -> None:
        """Raises a problem for what the algorithm does not take, or does not log."""
        if training.fallback_instance_types:
            raise problem(
                "training.fallback_instance_types", "a search runs on one instance type; leave the key out"
            )
        if isinstance(training, Transformer) and training.spot:
            raise problem(
                "training.spot", "the jobs of a search would share their checkpoints; leave the key out"
            )
        metrics = MEASURED.get(training.algorithm)
        if metrics and self.objective not in (None, *metrics):
            raise problem(
                "tune.objective",
                f"found {self.objective}. Allowed with {training.algorithm}: {', '.join(metrics)}",
            )
        model = _checked_by(training)
        for name, each in self.ranges.items():
            if model is not None and name not in model.model_fields:
                raise problem(f"tune.ranges.{name}", f"is unknown. Allowed: {', '.join(model.model_fields)}")
            for value in each.values if each.values is not None else (each.min, each.max):
                why = _refusal(model, {name: value}) if model is not None else None
                if why:
                    raise problem(f"tune.ranges.{name}", f"found {value!r}. {why}")

    def _default(self, training: Training) -> str:
        return MEASURED.get(training.algorithm, (_DEFAULT_OBJECTIVE,))[0]


def _checked_by(training: Training) -> type[BaseModel] | None:
    """The model that checks the hyperparameters of an algorithm; None for a script, which checks its own."""
    hyperparameters = training.hyperparameters
    return type(hyperparameters) if isinstance(hyperparameters, BaseModel) else None


def _refusal(model: type[BaseModel], values: dict[str, Any]) -> str | None:
    try:
        model.model_validate(values)
    except ValidationError as error:
        return error.errors()[0]["msg"]
    return None
