"""Predicts which steps the pipeline's cache will answer.

SageMaker reuses an earlier successful run of a step in the same pipeline if certain resolved arguments are equal:
https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-default-keys.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from model_build.aws import executions
from model_build.core import diff

if TYPE_CHECKING:
    from types_boto3_sagemaker.client import SageMakerClient

# The embedded AWS has the same list. Neither package may import the other, so each copy is taken from AWS's page.
# jscpd:ignore-start
_ATTRIBUTES = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
    "Tuning": ("HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"),
}
_OF_MEMBERS = {
    "TrainingJobDefinition": (
        "AlgorithmSpecification",
        "HyperParameterRanges",
        "InputDataConfig",
        "StaticHyperParameters",
        "TuningObjective",
    )
}
# jscpd:ignore-end


@dataclass(frozen=True)
class Run:
    """A run of the pipeline: its definition and parameters.

    `succeeded` maps each successful step to the execution in which it really ran, whose age counts.
    """

    definition: str
    parameters: Mapping[str, str]
    succeeded: Mapping[str, str] = field(default_factory=dict)


def reusable(planned: Run, earlier: Iterable[Run]) -> dict[str, str]:
    """The steps of `planned` that ran before with equal arguments, each with the execution in which it ran.

    `earlier` is ordered newest first. A step is included only if the steps whose results it reads are.
    """
    hits: dict[str, str] = {}
    for run in earlier:
        for name in _same(planned, run):
            hits.setdefault(name, run.succeeded[name])
    return hits


def history(sagemaker: SageMakerClient, pipeline: str, count: int = 3) -> list[Run]:
    """The latest executions of the pipeline as runs, newest first."""
    return [_run(sagemaker, execution.arn) for execution in executions.recent(sagemaker, pipeline, count)]


def _run(sagemaker: SageMakerClient, arn: str) -> Run:
    execution = executions.describe(sagemaker, arn)
    answer = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
    return Run(
        definition=answer["PipelineDefinition"],
        parameters=executions.parameters(sagemaker, arn),
        succeeded={
            step.name: (step.cached_from or arn).rpartition("/")[2]
            for step in execution.steps
            if step.status == "Succeeded"
        },
    )


def _same(planned: Run, run: Run) -> list[str]:
    new, old = diff.steps(planned.definition), diff.steps(run.definition)
    same: list[str] = []
    # A step follows those whose results it reads.
    for name, step in new.items():
        attributes = _ATTRIBUTES.get(step["Type"])
        if attributes is None or name not in run.succeeded or not step.get("CacheConfig", {}).get("Enabled"):
            continue
        mine = _resolved(step, attributes, planned.parameters)
        theirs = _resolved(old.get(name, {}), attributes, run.parameters)
        if mine == theirs and all(read in same for read in _read(mine)):
            same.append(name)
    return same


def _resolved(step: Mapping[str, Any], attributes: tuple[str, ...], parameters: Mapping[str, str]) -> Any:
    arguments = step.get("Arguments", {})
    return {name: _substituted(_cache_key_part(name, arguments.get(name)), parameters) for name in attributes}


def _cache_key_part(name: str, value: Any) -> Any:
    if name not in _OF_MEMBERS or not isinstance(value, dict):
        return value
    return {member: value.get(member) for member in _OF_MEMBERS[name]}


def _substituted(value: Any, parameters: Mapping[str, str]) -> Any:
    match value:
        case {"Get": str(path)} if path.startswith("Parameters."):
            return parameters.get(path.removeprefix("Parameters."), value)
        case dict():
            return {key: _substituted(item, parameters) for key, item in value.items()}
        case list():
            return [_substituted(item, parameters) for item in value]
    return value


def _read(value: Any) -> set[str]:
    """The steps whose results `value` refers to."""
    match value:
        case {"Get": str(path)} if path.startswith("Steps."):
            return {path.split(".")[1]}
        case dict():
            return set().union(*map(_read, value.values()))
        case list():
            return set().union(*map(_read, value))
    return set()
