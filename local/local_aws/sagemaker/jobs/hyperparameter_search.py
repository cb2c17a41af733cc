"""The search of a hyperparameter tuning job: which settings are tried next.

Bayesian is Optuna's tree-structured Parzen estimator, Random is Optuna's, too, and Grid takes all combinations in their
order. SageMaker's Bayesian search is another one. Ranges mean the same, settings and their order do not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from local_aws.kernel.wire import ServiceError

if TYPE_CHECKING:
    import optuna

INTEGER, CONTINUOUS, CATEGORICAL = "Integer", "Continuous", "Categorical"
_KINDS = (INTEGER, CONTINUOUS, CATEGORICAL)
_LARGEST_SEARCH = 30
_NOT_EMBEDDED = ("ReverseLogarithmic",)


@dataclass(frozen=True)
class Range:
    """The values of one hyperparameter: numbers from `low` to `high`, or the listed `values`."""

    name: str
    kind: str
    low: float = 0.0
    high: float = 0.0
    logarithmic: bool = False
    values: tuple[str, ...] = ()

    @classmethod
    def parse(cls, kind: str, stated: Mapping[str, Any]) -> Range:
        """A range of the API's ParameterRanges. Raises ServiceError for an empty one."""
        name = stated["Name"]
        if kind == CATEGORICAL:
            if not stated["Values"]:
                raise refused(f"Invalid parameter range for {name}: it has no values.")
            return cls(name, kind, values=tuple(stated["Values"]))
        low, high = (_number(stated[member], kind, name) for member in ("MinValue", "MaxValue"))
        if low >= high:
            raise refused(
                f"Invalid parameter range for {name}: MinValue {stated['MinValue']} must be less than MaxValue "
                f"{stated['MaxValue']}."
            )
        scaling = stated.get("ScalingType", "Auto")
        if scaling in _NOT_EMBEDDED:
            raise refused(
                f"ScalingType {scaling} of {name} is not embedded: use Auto, Linear or Logarithmic."
            )
        if scaling == "Logarithmic" and low <= 0:
            raise refused(
                f"Invalid parameter range for {name}: with Logarithmic scaling MinValue must be more than 0."
            )
        return cls(name, kind, low, high, scaling == "Logarithmic")


@dataclass(frozen=True)
class Plan:
    """A checked HyperParameterTuningJobConfig."""

    strategy: str
    metric: str
    maximize: bool
    ranges: tuple[Range, ...]
    jobs: int
    parallel: int
    seconds: float
    seed: int | None

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Plan:
        """Raises ServiceError as CreateHyperParameterTuningJob, Amazon SageMaker API reference, says."""
        strategy = config["Strategy"]
        if strategy == "Hyperband":
            raise refused("The strategy Hyperband is not embedded: use Bayesian, Random or Grid.")
        if "HyperParameterTuningJobObjective" not in config:
            raise refused("HyperParameterTuningJobObjective is required.")
        stated = config.get("ParameterRanges", {})
        ranges = tuple(
            Range.parse(kind, each) for kind in _KINDS for each in stated.get(f"{kind}ParameterRanges", ())
        )
        _check(strategy, ranges)
        limits, objective = config["ResourceLimits"], config["HyperParameterTuningJobObjective"]
        return cls(
            strategy=strategy,
            metric=objective["MetricName"],
            maximize=objective["Type"] == "Maximize",
            ranges=ranges,
            jobs=_jobs(strategy, ranges, limits),
            parallel=limits["MaxParallelTrainingJobs"],
            seconds=limits.get("MaxRuntimeInSeconds", math.inf),
            seed=config.get("RandomSeed"),
        )


class Search(Protocol):
    """The settings of one tuning job. Not for several threads."""

    def ask(self) -> tuple[int, dict[str, str]]:
        """The next settings, and their number."""

    def tell(self, number: int, value: float | None) -> None:
        """The objective that the settings of that number reached; None if their job failed."""


def search(plan: Plan) -> Search:
    """The search that a tuning job asks for."""
    return Grid(plan) if plan.strategy == "Grid" else Sampled(plan)


class Grid:
    """All combinations of values, in their order."""

    def __init__(self, plan: Plan) -> None:
        names = [each.name for each in plan.ranges]
        combinations = itertools.product(*(each.values for each in plan.ranges))
        self._settings = enumerate(dict(zip(names, values, strict=True)) for values in combinations)

    def ask(self) -> tuple[int, dict[str, str]]:
        """The next combination, and its number."""
        return next(self._settings)

    def tell(self, number: int, value: float | None) -> None:
        """Does nothing: a grid search does not use objectives."""


class Sampled:
    """Settings that Optuna samples."""

    def __init__(self, plan: Plan) -> None:
        # Loading it takes half a second, which only a search needs.
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._plan = plan
        directions = optuna.study.StudyDirection
        direction = directions.MAXIMIZE if plan.maximize else directions.MINIMIZE
        self._study = optuna.create_study(direction=direction, sampler=_sampler(plan))
        self._trials: dict[int, optuna.Trial] = {}

    def ask(self) -> tuple[int, dict[str, str]]:
        """The next settings, and their number."""
        trial = self._study.ask()
        self._trials[trial.number] = trial
        return trial.number, {each.name: _suggest(trial, each) for each in self._plan.ranges}

    def tell(self, number: int, value: float | None) -> None:
        """The objective that the settings of that number reached; None if their job failed."""
        import optuna

        trial = self._trials.pop(number)
        if value is None:
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial, value)


def refused(message: str) -> ServiceError:
    """The API's error for a request that it refuses."""
    return ServiceError("ValidationException", message)


def _check(strategy: str, ranges: tuple[Range, ...]) -> None:
    names = [each.name for each in ranges]
    if not names:
        raise refused("ParameterRanges must have at least one range.")
    if len(names) > _LARGEST_SEARCH:
        raise refused(f"ParameterRanges has {len(names)} ranges, and {_LARGEST_SEARCH} is the maximum.")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise refused(f"ParameterRanges has {twice[0]} twice.")
    numbers = [each.name for each in ranges if each.kind != CATEGORICAL]
    if strategy == "Grid" and numbers:
        raise refused(
            f"The Grid strategy supports CategoricalParameterRanges only; {numbers[0]} is another one."
        )


def _jobs(strategy: str, ranges: tuple[Range, ...], limits: Mapping[str, Any]) -> int:
    stated: int | None = limits.get("MaxNumberOfTrainingJobs")
    if strategy != "Grid":
        if stated is None:
            raise refused(f"MaxNumberOfTrainingJobs is required with the strategy {strategy}.")
        return stated
    grid = math.prod(len(each.values) for each in ranges)
    if stated not in (None, grid):
        raise refused(
            f"MaxNumberOfTrainingJobs is {stated}; the Grid strategy tries all {grid} combinations."
        )
    return grid


def _sampler(plan: Plan) -> Any:
    import optuna

    if plan.strategy == "Random":
        return optuna.samplers.RandomSampler(seed=plan.seed)
    startup = max(2, plan.jobs // 4)
    return optuna.samplers.TPESampler(seed=plan.seed, n_startup_trials=startup, constant_liar=True)


def _suggest(trial: optuna.Trial, wanted: Range) -> str:
    match wanted.kind:
        case "Categorical":
            return str(trial.suggest_categorical(wanted.name, wanted.values))
        case "Integer":
            return str(
                trial.suggest_int(wanted.name, int(wanted.low), int(wanted.high), log=wanted.logarithmic)
            )
        case _:
            return repr(trial.suggest_float(wanted.name, wanted.low, wanted.high, log=wanted.logarithmic))


def _number(text: str, kind: str, name: str) -> float:
    try:
        value = float(int(text)) if kind == INTEGER else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise refused(f"Invalid parameter range for {name}: {text!r} is no {kind.lower()} number.")
    return value
