"""The step that searches for hyperparameters. It exists where the recipe has `tune`."""

from __future__ import annotations

from typing import Any

from model_build.recipe.tuning import CATEGORICAL, INTEGER, Tune
from model_build.run.pipeline import jobs, retries, session
from model_build.run.pipeline.context import Context

NAME = "Tune"

_STRATEGIES = {"bayesian": "Bayesian", "random": "Random", "grid": "Grid"}
_SCALES = {"linear": "Linear", "log": "Logarithmic"}


def models(context: Context, prepare: Any, train: Any) -> tuple[list[Any], jobs.Models]:
    """The steps that train, and the models that they give: with a search the candidate is its best job's model."""
    trained = train.properties.ModelArtifacts.S3ModelArtifacts
    wanted = context.recipe.tune
    if wanted is None:
        return [train], jobs.Models(trained)
    step = _step(context, prepare, wanted)
    best = step.get_top_model_s3_uri(
        top_k=0, s3_bucket=context.settings.bucket, prefix=f"{context.settings.home}models"
    )
    return [train, step], jobs.Models(best, defaults=trained)


def _step(context: Context, prepare: Any, wanted: Tune) -> Any:
    from sagemaker.mlops.workflow.steps import TuningStep
    from sagemaker.train.tuner import HyperparameterTuner

    metric = wanted.metric(context.recipe.training)
    tuner = HyperparameterTuner(
        model_trainer=jobs.trainer(context),
        objective_metric_name=metric,
        metric_definitions=_definitions(context, metric),
        hyperparameter_ranges={name: _range(context, wanted, name) for name in wanted.ranges},
        strategy=_STRATEGIES[wanted.strategy],
        max_jobs=wanted.count,
        max_parallel_jobs=wanted.parallel,
        random_seed=wanted.seed,
    )
    with session.without_telemetry(context.session):
        step_args = tuner.tune(inputs=jobs.channels(context, prepare), wait=False)
    return TuningStep(
        name=NAME, step_args=step_args, cache_config=jobs.caching(context), retry_policies=retries.job()
    )


def _range(context: Context, wanted: Tune, name: str) -> Any:
    from sagemaker.core.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter

    range_, kind = wanted.ranges[name], wanted.kind(name, context.recipe.training)
    if kind == CATEGORICAL:
        words = [str(each).lower() if isinstance(each, bool) else str(each) for each in range_.values or ()]
        return CategoricalParameter(words)
    parameter = IntegerParameter if kind == INTEGER else ContinuousParameter
    return parameter(range_.min, range_.max, scaling_type=_SCALES[range_.scale])


def _definitions(context: Context, metric: str) -> list[dict[str, str]] | None:
    """Where the objective stands in the log of a script; BlazingText's metrics are built in."""
    if context.recipe.training.algorithm == "blazingtext":
        return None
    figure = metric.partition(":")[2]
    return [{"Name": metric, "Regex": rf"#validation_{figure}: ([0-9.eE+-]+)"}]
