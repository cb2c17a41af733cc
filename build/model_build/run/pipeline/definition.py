"""The graph of the pipeline: its steps, their order, and the condition of the gate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from model_build.core.isolation import isolated
from model_build.run.pipeline import jobs, registration, search, session
from model_build.run.pipeline.context import Context, evaluated
from model_build.run.pipeline.inputs import Inputs

if TYPE_CHECKING:
    from model_build.core.settings import Settings
    from model_build.recipe import Recipe

_TRAIN, _EVALUATE = "Train", "Evaluate"
STEPS = ("Prepare", _TRAIN, _EVALUATE, "Gate", "CreateModel", "Register", "Fail")


def names(recipe: Recipe) -> tuple[str, ...]:
    """The steps of a recipe's pipeline, in order."""
    after = {
        _TRAIN: [search.NAME] if recipe.tune else [],
        _EVALUATE: [jobs.TRIAL] if recipe.trial else [],
    }
    return tuple(name for step in STEPS for name in (step, *after.get(step, ())))


def definition(recipe: Recipe, settings: Settings, inputs: Inputs) -> str:
    """The definition of the recipe's pipeline as canonical JSON, in the form that CreatePipeline takes."""
    with isolated(settings.region), session.shared_models():
        text = _pipeline(Context.of(recipe, settings, inputs)).definition()
    return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


def _pipeline(context: Context) -> Any:
    from sagemaker.core.workflow.conditions import ConditionEquals
    from sagemaker.core.workflow.properties import PropertyFile
    from sagemaker.mlops.workflow.condition_step import ConditionStep
    from sagemaker.mlops.workflow.pipeline import Pipeline

    def document(name: str) -> Any:
        return PropertyFile(name=name, output_name="evaluation", path="evaluation.json")

    report = document("EvaluationReport")
    prepare = jobs.prepare(context)
    trained, models = _models(context, prepare)
    evaluate = jobs.evaluate(context, prepare, models, report)
    tried, decides, decision = [], evaluate, report
    if context.recipe.trial is not None:
        decision = document("TrialReport")
        decides = jobs.trial(context, evaluate, models.candidate, decision)
        tried = [decides]
    gate = ConditionStep(
        name="Gate",
        conditions=[ConditionEquals(left=evaluated(decides, decision, "gate.passed"), right=True)],
        if_steps=(
            [] if context.pull_request else registration.steps(context, models.candidate, evaluate, report)
        ),
        else_steps=[registration.fail(decides)],
    )
    return Pipeline(
        name=context.settings.pipeline_name(context.recipe.name),
        parameters=_parameters(context),
        steps=[prepare, *trained, evaluate, *tried, gate],
        sagemaker_session=context.session,
        pipeline_experiment_config=None,
    )


def _models(context: Context, prepare: Any) -> tuple[list[Any], jobs.Models]:
    """The steps that train, and their models: none where the run is given what a merged pull request trained."""
    if context.settings.reuses_training:
        return [], jobs.Models(context.parameters.candidate_model)
    return search.models(context, prepare, jobs.train(context, prepare))


def _parameters(context: Context) -> list[Any]:
    every = context.parameters
    parameters = [
        every.data,
        every.data_sha256,
        every.commit,
        every.champion_arn,
        every.champion_model,
        every.champion_sha256,
        every.champion_contract,
        every.champion_contract_sha256,
        every.force_reason,
        every.minimum,
        every.max_regression,
    ]
    if context.pull_request:
        return parameters
    parameters += [every.approval, every.pull_request, every.author]
    if context.settings.reuses_training:
        parameters += [every.candidate_model, every.candidate_sha256]
    return parameters
