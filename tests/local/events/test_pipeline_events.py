"""What pipelines and endpoints tell EventBridge."""

import json
import time

import pytest

EXECUTION = "SageMaker Model Building Pipeline Execution Status Change"
STEP = "SageMaker Model Building Pipeline Execution Step Status Change"
FAILING = {
    "Version": "2020-12-01",
    "Steps": [{"Name": "Refused", "Type": "Fail", "Arguments": {"ErrorMessage": "no good"}}],
}


@pytest.fixture
def execution(aws, events):
    """The ARN of an execution that has failed, of a pipeline that a rule listens to, and the rule's queue."""
    sagemaker, queue = aws.client("sagemaker"), events.queue()
    arn = sagemaker.create_pipeline(
        PipelineName=aws.name,
        PipelineDefinition=json.dumps(FAILING),
        RoleArn=aws.role_arn,
        ClientRequestToken="t" * 32,
    )["PipelineArn"]
    events.rule({"source": ["aws.sagemaker"], "detail": {"pipelineArn": [arn]}}, queue.arn)
    started = sagemaker.start_pipeline_execution(PipelineName=aws.name, ClientRequestToken="t" * 32)
    return started["PipelineExecutionArn"], queue


def test_an_execution_and_its_steps_tell_of_each_status(execution):
    arn, queue = execution
    # Events are delivered side by side: their order is nobody's promise.
    told = {}
    for _ in range(4):
        event = queue.body()
        assert event["resources"] == [arn.partition("/execution/")[0], arn]
        assert event["detail"]["pipelineExecutionArn"] == arn
        detail = event["detail"]
        status = detail.get("currentPipelineExecutionStatus") or detail["currentStepStatus"]
        told[event["detail-type"], status] = detail
    assert set(told) == {
        (EXECUTION, "Executing"),
        (EXECUTION, "Failed"),
        (STEP, "Starting"),
        (STEP, "Failed"),
    }
    ended, step = told[EXECUTION, "Failed"], told[STEP, "Failed"]
    assert ended["previousPipelineExecutionStatus"] == "Executing"
    assert ended["executionStartTime"] <= ended["executionEndTime"]
    assert "executionEndTime" not in told[EXECUTION, "Executing"]
    assert (step["stepName"], step["stepType"], step["failureReason"]) == ("Refused", "Fail", "no good")
    assert step["previousStepStatus"] == "Starting"
    assert step["metadata"] == {"fail": {"errorMessage": "no good"}}


def test_an_endpoint_tells_of_each_status(aws, events):
    sagemaker, queue, name = aws.client("sagemaker"), events.queue(), aws.name
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"
    aws.client("s3").put_object(Bucket=aws.bucket, Key="model.tar.gz", Body=b"no archive")
    container = {"Image": image, "ModelDataUrl": f"s3://{aws.bucket}/model.tar.gz"}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=aws.role_arn, PrimaryContainer=container)
    variant = {
        "VariantName": "all",
        "ModelName": name,
        "InstanceType": "ml.t2.medium",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    events.rule({"source": ["aws.sagemaker"], "detail": {"EndpointName": [name]}}, queue.arn)
    tags = [{"Key": "stage", "Value": "test"}]
    arn = sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)["EndpointArn"]
    told = {}
    for status in ("CREATING", "FAILED", "DELETING"):
        if status == "DELETING":
            sagemaker.delete_endpoint(EndpointName=name)
        while status not in told:
            event = queue.body()
            told[event["detail"]["EndpointStatus"]] = event
    event = told["FAILED"]
    assert (event["detail-type"], event["resources"]) == ("SageMaker Endpoint State Change", [arn])
    detail = event["detail"]
    assert detail["Tags"] == {"stage": "test"}
    assert detail["EndpointConfigName"] == name
    assert [each["VariantName"] for each in detail["ProductionVariants"]] == ["all"]
    assert abs(detail["LastModifiedTime"] / 1000 - time.time()) < 60
    assert detail["FailureReason"]
