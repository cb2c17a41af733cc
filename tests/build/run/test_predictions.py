"""What the step cache compares: the arguments that count by the kind of a step, with parameters put in their place."""

import json
from types import SimpleNamespace

import pytest

from model_build.core.execution import Execution, Step
from model_build.run import caching
from model_build.run.caching import Run, reusable

CACHE = {"Enabled": True}


def step(name, kind, arguments, **changes):
    return {"Name": name, "Type": kind, "Arguments": arguments, "CacheConfig": CACHE, **changes}


def predicted(before, after, was=None, now=None):
    """Whether the cache answers for the last of the steps `after`, where `before` ran with the parameters `was`."""
    ran = Run(json.dumps({"Steps": before}), was or {}, {each["Name"]: "e1" for each in before})
    return after[-1]["Name"] in reusable(Run(json.dumps({"Steps": after}), now or {}), [ran])


COUNTS = [
    ("Processing", "AppSpecification", True),
    ("Processing", "Environment", True),
    ("Processing", "ProcessingInputs", True),
    ("Processing", "ProcessingOutputConfig", False),
    ("Processing", "ProcessingResources", False),
    ("Processing", "RoleArn", False),
    ("Processing", "Tags", False),
    ("Training", "AlgorithmSpecification", True),
    ("Training", "CheckpointConfig", True),
    ("Training", "DebugHookConfig", True),
    ("Training", "DebugRuleConfigurations", True),
    ("Training", "Environment", True),
    ("Training", "HyperParameters", True),
    ("Training", "InputDataConfig", True),
    ("Training", "OutputDataConfig", False),
    ("Training", "ResourceConfig", False),
    ("Training", "StoppingCondition", False),
    ("Tuning", "HyperParameterTuningJobConfig", True),
    ("Tuning", "Tags", False),
]
"""Source: "Default cache key attributes by pipeline step type", Amazon SageMaker developer guide."""


@pytest.mark.parametrize(("kind", "argument", "counts"), COUNTS)
def test_an_argument_counts_as_the_service_says(kind, argument, counts):
    before, after = ([step("x", kind, {argument: {"a": value}})] for value in (1, 2))
    assert predicted(before, before)
    assert predicted(before, after) is not counts


@pytest.mark.parametrize(
    ("member", "counts"),
    [
        ("AlgorithmSpecification", True),
        ("HyperParameterRanges", True),
        ("InputDataConfig", True),
        ("StaticHyperParameters", True),
        ("TuningObjective", True),
        ("OutputDataConfig", False),
        ("ResourceConfig", False),
    ],
)
def test_of_a_searchs_training_job_some_members_count(member, counts):
    before, after = ([step("x", "Tuning", {"TrainingJobDefinition": {member: value}})] for value in (1, 2))
    assert predicted(before, after) is not counts


@pytest.mark.parametrize("kind", ["Condition", "Fail", "Model", "RegisterModel"])
def test_steps_without_a_job_are_never_answered(kind):
    same = [step("x", kind, {})]
    assert not predicted(same, same)


@pytest.mark.parametrize("cache", [None, {}, {"Enabled": False}])
def test_a_step_whose_cache_is_off_runs(cache):
    same = [
        (
            step("x", "Training", {}, CacheConfig=cache)
            if cache is not None
            else {"Name": "x", "Type": "Training"}
        )
    ]
    assert not predicted(same, same)


def test_a_step_that_is_new_or_of_another_name_runs():
    assert not predicted([], [step("x", "Training", {})])
    assert not predicted([step("y", "Training", {})], [step("x", "Training", {})])


DATA = {"ProcessingInputs": [{"S3Uri": {"Get": "Parameters.Data"}}, {"nested": [{"Get": "Parameters.Data"}]}]}


@pytest.mark.parametrize(
    ("was", "now", "same"),
    [
        ({"Data": "a"}, {"Data": "a"}, True),
        ({"Data": "a"}, {"Data": "b"}, False),
        ({"Data": "a", "Commit": "1"}, {"Data": "a", "Commit": "2"}, True),
        ({}, {}, True),
        ({}, {"Data": "a"}, False),
    ],
)
def test_parameters_count_where_an_argument_refers_to_them(was, now, same):
    steps = [step("x", "Processing", DATA)]
    assert predicted(steps, steps, was, now) is same


def test_a_parameter_is_the_same_as_its_value_written_out():
    written = [
        step("x", "Processing", json.loads(json.dumps(DATA).replace('{"Get": "Parameters.Data"}', '"a"')))
    ]
    assert predicted([step("x", "Processing", DATA)], written, {"Data": "a"}, {})


def test_a_step_runs_where_any_of_those_runs_whose_results_it_reads_however_deep():
    read = {"Std:Join": {"On": "/", "Values": ["s3://b", {"Get": "Steps.one.Output"}]}}
    two = step("two", "Training", {"InputDataConfig": [{"uri": read}]})

    def one(value):
        return step("one", "Processing", {"Environment": value})

    assert predicted([one(1), two], [one(1), two])
    assert not predicted([one(1), two], [one(2), two])


def test_history_knows_where_a_step_really_ran(monkeypatch):
    arn, earlier = "arn:x/execution/e2", "arn:x/execution/e1"
    steps = (
        Step("Prepare", "Succeeded", cached_from=earlier),
        Step("Train", "Succeeded"),
        Step("Evaluate", "Failed"),
    )
    found = SimpleNamespace(
        recent=lambda sagemaker, pipeline, count: [Execution(arn, "Failed")]
        * (pipeline == "p")
        * (count == 3),
        describe=lambda sagemaker, arn: Execution(arn, "Failed", steps),
        parameters=lambda sagemaker, arn: {"Data": arn},
    )
    monkeypatch.setattr(caching, "executions", found)
    sagemaker = SimpleNamespace(
        describe_pipeline_definition_for_execution=lambda PipelineExecutionArn: {"PipelineDefinition": "{}"}
    )
    assert caching.history(sagemaker, "p") == [Run("{}", {"Data": arn}, {"Prepare": "e1", "Train": "e2"})]
