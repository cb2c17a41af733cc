"""Selective execution: which steps may be selected, and what they take from the source execution."""

import json

import pytest
from botocore.exceptions import ClientError

SOURCE = """
def handler(event, context):
    return {"sum": event["a"] + event["b"]}
"""


@pytest.fixture
def function(make_function):
    return make_function(SOURCE)


def add(name, function, a, b, **more):
    """A step that adds two numbers; a string names the step whose sum is meant."""

    def value(each):
        return {"Get": f"Steps.{each}.OutputParameters['sum']"} if isinstance(each, str) else each

    return {
        "Name": name,
        "Type": "Lambda",
        "FunctionArn": function,
        "Arguments": {"a": value(a), "b": value(b)},
        "OutputParameters": [{"OutputName": "sum", "OutputType": "Integer"}],
        **more,
    }


@pytest.fixture
def chain(make_pipeline, function):
    """A -> B -> C -> D, and E by itself. Every step adds one to the sum before it."""
    steps = [add("A", function, 1, 1), add("E", function, 5, 5)]
    steps += [add(later, function, before, 1) for before, later in ("AB", "BC", "CD")]
    return make_pipeline(*steps)


def sums(steps):
    return {
        name: step["Metadata"]["Lambda"]["OutputParameters"][0]["Value"]
        for name, step in steps.items()
        if "Metadata" in step
    }


def test_selected_steps_run_with_what_the_source_execution_gave_the_others(chain):
    source = chain.run()["PipelineExecutionArn"]
    again = chain.selected(source, "B", "C")
    described = chain.wait(again)
    assert described["PipelineExecutionStatus"] == "Succeeded"
    assert described["SelectiveExecutionConfig"]["SourcePipelineExecutionArn"] == source
    steps = chain.steps(again)
    assert sums(steps) == {"A": "2", "B": "3", "C": "4"}
    assert steps["A"]["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": source}
    assert "SelectiveExecutionResult" not in steps["B"]


def test_steps_that_need_nothing_of_others_run_without_a_source(chain):
    assert set(chain.steps(chain.wait(chain.selected(None, "A", "B"))["PipelineExecutionArn"])) == {"A", "B"}


def test_a_source_may_be_a_selective_execution_itself(chain):
    first = chain.run()["PipelineExecutionArn"]
    second = chain.wait(chain.selected(first, "B"))["PipelineExecutionArn"]
    third = chain.selected(second, "B", "C")
    chain.wait(third)
    assert sums(chain.steps(third)) == {"A": "2", "B": "3", "C": "4"}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("Z",), "Selected step 'Z' does not exist"),
        (("A", "C"), "Step 'B' lies between the selected steps 'A' and 'C'"),
        (("A", "E"), "must be connected"),
    ],
)
def test_steps_that_cannot_be_selected_together_are_refused(chain, names, said):
    source = chain.run()["PipelineExecutionArn"]
    assert said in chain.refusal(source, *names)


def test_a_missing_source_is_refused_where_one_is_needed(chain):
    assert "SourcePipelineExecutionArn must be given" in chain.refusal(None, "B")
    unknown = f"arn:aws:sagemaker:eu-west-1:123456789012:pipeline/{chain.name}/execution/abcdefghijkl"
    assert "is not an execution of this pipeline" in chain.refusal(unknown, "B")


def test_a_source_without_the_step_that_is_needed_is_refused(chain):
    source = chain.wait(chain.selected(None, "A"))["PipelineExecutionArn"]
    assert "Step 'B', which the selected steps depend on, has not succeeded" in chain.refusal(source, "C")


def test_a_condition_is_selected_with_its_branches(make_pipeline, function):
    gate = {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [
                {
                    "Type": "Equals",
                    "LeftValue": {"Get": "Steps.A.OutputParameters['sum']"},
                    "RightValue": 2,
                }
            ],
            "IfSteps": [add("Then", function, "A", 10)],
            "ElseSteps": [],
        },
    }
    runs = make_pipeline(add("A", function, 1, 1), gate)
    source = runs.run()["PipelineExecutionArn"]
    assert "is in a branch of 'Gate'" in runs.refusal(source, "Then")
    again = runs.selected(source, "Gate")
    runs.wait(again)
    assert sums({"Then": runs.steps(again)["Then"]}) == {"Then": "12"}


def test_an_execution_gets_another_name_and_description(chain):
    arn = chain.run()["PipelineExecutionArn"]
    chain.sagemaker.update_pipeline_execution(
        PipelineExecutionArn=arn,
        PipelineExecutionDisplayName="renamed",
        PipelineExecutionDescription="why",
    )
    found = chain.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert (found["PipelineExecutionDisplayName"], found["PipelineExecutionDescription"]) == (
        "renamed",
        "why",
    )
    [summary] = chain.sagemaker.list_pipeline_executions(PipelineName=chain.name)[
        "PipelineExecutionSummaries"
    ]
    assert summary["PipelineExecutionDisplayName"] == "renamed"


def test_an_earlier_version_of_a_pipeline_is_run_by_its_number_and_by_its_alias(chain, function):
    sagemaker = chain.sagemaker
    steps = [add("A", function, 10, 10)]
    changed = json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": steps})
    second = sagemaker.update_pipeline(PipelineName=chain.name, PipelineDefinition=changed)
    assert second["PipelineVersionId"] == 2
    arn = sagemaker.describe_pipeline(PipelineName=chain.name)["PipelineArn"]
    sagemaker.update_pipeline_version(
        PipelineArn=arn,
        PipelineVersionId=1,
        PipelineVersionDescription="the chain",
        PipelineVersionAliasOperations={"Add": ["stable"]},
    )
    by_number = chain.run(PipelineVersionId=1)
    by_alias = chain.run(PipelineVersionAlias="stable")
    latest = chain.run()
    assert [each["PipelineVersionId"] for each in (by_number, by_alias, latest)] == [1, 1, 2]
    assert sums(chain.steps(latest["PipelineExecutionArn"])) == {"A": "20"}
    listed = sagemaker.list_pipeline_versions(PipelineName=chain.name)["PipelineVersionSummaries"]
    assert [each["PipelineVersionId"] for each in listed] == [2, 1]
    assert listed[1]["PipelineVersionAliases"] == ["stable"]
    described = sagemaker.describe_pipeline(PipelineName=chain.name, PipelineVersionId=1)
    assert described["PipelineVersionDescription"] == "the chain"
    assert len(json.loads(described["PipelineDefinition"])["Steps"]) == 5
    with pytest.raises(ClientError, match="has no version 3"):
        chain.start(PipelineVersionId=3)
