"""Pipeline executions by their API, on pipelines that need no job."""

import json
import time

import pytest
from botocore.exceptions import ClientError

DEFINITION = {
    "Version": "2020-12-01",
    "Parameters": [
        {"Name": "Score", "Type": "Float"},
        {"Name": "Minimum", "Type": "Float", "DefaultValue": 0.5},
        {"Name": "Stage", "Type": "String", "DefaultValue": "test", "EnumValues": ["test", "live"]},
    ],
    "PipelineExperimentConfig": {
        "ExperimentName": {"Get": "Execution.PipelineName"},
        "TrialName": {"Get": "Execution.PipelineExecutionId"},
    },
    "Steps": [
        {
            "Name": "Gate",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [
                    {
                        "Type": "GreaterThanOrEqualTo",
                        "LeftValue": {"Get": "Parameters.Score"},
                        "RightValue": {"Get": "Parameters.Minimum"},
                    }
                ],
                "IfSteps": [],
                "ElseSteps": [
                    {
                        "Name": "Refused",
                        "Type": "Fail",
                        "Arguments": {
                            "ErrorMessage": {
                                "Std:Join": {
                                    "On": " ",
                                    "Values": [
                                        {"Get": "Parameters.Score"},
                                        "is below",
                                        {"Get": "Parameters.Minimum"},
                                        "in",
                                        {"Get": "Execution.PipelineExecutionArn"},
                                    ],
                                }
                            }
                        },
                    }
                ],
            },
        }
    ],
}
TOKEN = "t" * 32
GOOD, BAD = [{"Name": "Score", "Value": "0.9"}], [{"Name": "Score", "Value": "0.1"}]


@pytest.fixture
def sagemaker(aws):
    return aws.client("sagemaker")


@pytest.fixture
def pipeline(aws, sagemaker):
    name = f"{aws.name}-gate"
    sagemaker.create_pipeline(
        PipelineName=name, RoleArn=aws.role_arn, PipelineDefinition=json.dumps(DEFINITION)
    )
    return name


@pytest.fixture
def start(sagemaker, pipeline):
    """Starts an execution and waits for its end; answers its ARN."""

    def run(parameters=GOOD, **request):
        arn = sagemaker.start_pipeline_execution(
            PipelineName=pipeline, PipelineParameters=parameters, **request
        )["PipelineExecutionArn"]
        while (
            sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
            == "Executing"
        ):
            time.sleep(0.01)
        return arn

    return run


def refusal(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response["Error"]
    return answer["Code"], answer["Message"]


def test_an_execution_is_described(aws, sagemaker, pipeline, start):
    arn = start(PipelineExecutionDisplayName="mine", PipelineExecutionDescription="about")
    described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert arn.startswith(f"arn:aws:sagemaker:{aws.region}:123456789012:pipeline/{pipeline}/execution/")
    assert described["PipelineExecutionStatus"] == "Succeeded"
    assert "FailureReason" not in described
    assert (described["PipelineExecutionDisplayName"], described["PipelineExecutionDescription"]) == (
        "mine",
        "about",
    )
    assert described["PipelineExperimentConfig"] == {
        "ExperimentName": pipeline,
        "TrialName": arn.rpartition("/")[2],
    }
    assert described["CreationTime"] <= described["LastModifiedTime"]
    assert (described["PipelineVersionId"], described["RoleArn"]) == (1, aws.role_arn)
    assert sagemaker.describe_pipeline(PipelineName=pipeline)["LastRunTime"] == described["CreationTime"]


def test_steps_are_listed_last_started_first_unless_asked_otherwise(sagemaker, start):
    arn = start(BAD)
    listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert [step["StepName"] for step in listed] == ["Refused", "Gate"]
    assert listed[0]["FailureReason"] == f"0.1 is below 0.5 in {arn}"
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=arn, SortOrder="Ascending", PaginationConfig={"PageSize": 1}
    )
    assert [[step["StepName"] for step in page["PipelineExecutionSteps"]] for page in pages] == [
        ["Gate"],
        ["Refused"],
    ]


def test_executions_are_listed_last_started_first(sagemaker, pipeline, start):
    arns = [start(BAD), start(), start()]
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(
        PipelineName=pipeline, PaginationConfig={"PageSize": 2}
    )
    listed = [summary for page in pages for summary in page["PipelineExecutionSummaries"]]
    assert [summary["PipelineExecutionArn"] for summary in listed] == arns[::-1]
    assert listed[2]["PipelineExecutionStatus"] == "Failed"
    assert listed[2]["PipelineExecutionFailureReason"] == "Step failure: One or multiple steps failed."
    by_arn = sagemaker.list_pipeline_executions(
        PipelineName=pipeline, SortBy="PipelineExecutionArn", SortOrder="Ascending"
    )
    assert [summary["PipelineExecutionArn"] for summary in by_arn["PipelineExecutionSummaries"]] == sorted(
        arns
    )


def test_a_start_with_the_same_token_starts_nothing_new(sagemaker, pipeline, start):
    assert start(ClientRequestToken=TOKEN) == start(ClientRequestToken=TOKEN)
    assert len(sagemaker.list_pipeline_executions(PipelineName=pipeline)["PipelineExecutionSummaries"]) == 1
    code, message = refusal(start, parameters=BAD, ClientRequestToken=TOKEN)
    assert (code, f"{TOKEN} was used before" in message) == ("ConflictException", True)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ([], "Parameter 'Score' is undefined"),
        (
            [{"Name": "Score", "Value": "high"}],
            "Unexpected type for parameter 'Score'. Expected Float but found 'high'",
        ),
        (
            [*GOOD, {"Name": "Min", "Value": "1"}],
            "Unknown parameter 'Min'; the pipeline has Score, Minimum, Stage",
        ),
        ([*GOOD, {"Name": "Stage", "Value": "dev"}], "'Stage' must be one of test, live; found 'dev'"),
    ],
)
def test_parameters_that_do_not_fit_start_nothing(sagemaker, pipeline, start, parameters, said):
    code, message = refusal(start, parameters=parameters)
    assert code == "ValidationException"
    assert said in message
    assert sagemaker.list_pipeline_executions(PipelineName=pipeline)["PipelineExecutionSummaries"] == []


def test_an_execution_keeps_its_parameters_and_its_definition(sagemaker, pipeline, start):
    arn = start([*GOOD, {"Name": "Stage", "Value": "live"}])
    changed = json.dumps({**DEFINITION, "Metadata": {"changed": True}})
    sagemaker.update_pipeline(PipelineName=pipeline, PipelineDefinition=changed)
    listed = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert listed == [*GOOD, {"Name": "Stage", "Value": "live"}]
    definition = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)[
        "PipelineDefinition"
    ]
    assert json.loads(definition) == DEFINITION


def test_a_retry_runs_what_failed_again_in_the_same_execution(sagemaker, start):
    arn = start(BAD)
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=TOKEN)
    while (
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
        == "Executing"
    ):
        time.sleep(0.01)
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=TOKEN)
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert {step["StepName"]: step["AttemptCount"] for step in steps} == {"Gate": 1, "Refused": 2}


def test_what_has_ended_cannot_be_stopped_nor_what_succeeded_retried(sagemaker, start):
    arn = start()
    for call, verb in (
        (sagemaker.stop_pipeline_execution, "stopped"),
        (sagemaker.retry_pipeline_execution, "retried"),
    ):
        code, message = refusal(call, PipelineExecutionArn=arn)
        assert code == "ValidationException"
        assert "has status 'Succeeded'. Only pipelines with" in message
        assert f"status can be {verb}" in message


def test_an_unknown_execution_is_not_found_naming_it(sagemaker, pipeline, start):
    arn = start()[:-12] + "aaaaaaaaaaaa"
    for operation in (
        "describe_pipeline_execution",
        "stop_pipeline_execution",
        "list_pipeline_execution_steps",
    ):
        code, message = refusal(getattr(sagemaker, operation), PipelineExecutionArn=arn)
        assert (code, arn in message) == ("ResourceNotFound", True)


def test_what_is_not_embedded_is_refused_rather_than_ignored(start):
    code, message = refusal(start, MlflowExperimentName="experiment")
    assert (code, "does not have MlflowExperimentName" in message) == ("ValidationException", True)


def test_an_experiment_name_that_the_api_does_not_allow_is_refused(aws, sagemaker):
    definition = {**DEFINITION, "PipelineExperimentConfig": {"ExperimentName": "no space"}}
    name = f"{aws.name}-odd"
    sagemaker.create_pipeline(
        PipelineName=name, RoleArn=aws.role_arn, PipelineDefinition=json.dumps(definition)
    )
    code, message = refusal(sagemaker.start_pipeline_execution, PipelineName=name, PipelineParameters=GOOD)
    assert (code, "'pipelineExperimentConfig.experimentName' failed to satisfy" in message) == (
        "ValidationException",
        True,
    )
