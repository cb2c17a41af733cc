"""Steps that something else carries out: a function, or whoever answers a message in a queue."""

import json
import time

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def queue(aws):
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=f"{aws.bucket}-callbacks")["QueueUrl"]

    class Queue:
        def __init__(self):
            self.url = url

        def message(self):
            for _ in range(200):
                found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0).get("Messages")
                if found:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=found[0]["ReceiptHandle"])
                    return json.loads(found[0]["Body"])
                time.sleep(0.05)
            raise AssertionError("no message")

    return Queue()


def lambda_step(function, *outputs, **arguments):
    return {
        "Name": "Call",
        "Type": "Lambda",
        "FunctionArn": function,
        "Arguments": arguments,
        "OutputParameters": [{"OutputName": name, "OutputType": kind} for name, kind in outputs],
    }


def callback(queue, **arguments):
    return {
        "Name": "Ask",
        "Type": "Callback",
        "SqsQueueUrl": queue.url,
        "Arguments": arguments,
        "OutputParameters": [{"OutputName": "minutes", "OutputType": "Float"}],
    }


FAIL = {
    "Name": "Tell",
    "Type": "Fail",
    "Arguments": {
        "ErrorMessage": {
            "Std:Join": {"On": "", "Values": ["got ", {"Get": "Steps.Ask.OutputParameters['minutes']"}]}
        }
    },
}


def test_a_function_gets_the_arguments_and_gives_the_declared_outputs(make_pipeline, make_function):
    source = 'def handler(event, context): return {"statusCode": 200, "body": event["x"] * 2, "more": 1}'
    step = lambda_step(
        make_function(source),
        ("statusCode", "String"),
        ("body", "String"),
        x={"Std:Join": {"On": "/", "Values": ["a", {"Get": "Execution.PipelineName"}]}},
    )
    runs = make_pipeline(step)
    done = runs.run()
    assert done["PipelineExecutionStatus"] == "Succeeded"
    told = runs.steps(done["PipelineExecutionArn"])["Call"]["Metadata"]["Lambda"]
    assert told["Arn"] == step["FunctionArn"]
    assert told["OutputParameters"] == [
        {"Name": "statusCode", "Value": "200"},
        {"Name": "body", "Value": f"a/{runs.name}" * 2},
    ]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('def handler(event, context): raise ValueError("no good")', "no good"),
        ("def handler(event, context): return 1", "must return an object"),
        ("def handler(event, context): return {}", "The output parameter 'n' is missing"),
        ('def handler(event, context): return {"n": "many"}', "must be of type Integer"),
    ],
)
def test_a_function_that_does_not_give_what_was_declared_fails_its_step(
    make_pipeline, make_function, source, said
):
    runs = make_pipeline(lambda_step(make_function(source), ("n", "Integer")))
    done = runs.run()
    assert done["PipelineExecutionStatus"] == "Failed"
    assert said in runs.steps(done["PipelineExecutionArn"])["Call"]["FailureReason"]


def test_a_function_that_does_not_exist_fails_its_step(make_pipeline):
    runs = make_pipeline(lambda_step("arn:aws:lambda:eu-west-1:123456789012:function:absent"))
    done = runs.run()
    assert "Function not found" in runs.steps(done["PipelineExecutionArn"])["Call"]["FailureReason"]


def test_a_callback_waits_for_its_token_and_gives_typed_outputs(aws, make_pipeline, queue):
    runs = make_pipeline(callback(queue, input={"Get": "Execution.PipelineName"}), FAIL)
    arn = runs.start()
    message = queue.message()
    assert message["pipelineExecutionArn"] == arn
    assert (message["arguments"], message["status"]) == ({"input": runs.name}, "Executing")
    waiting = runs.steps(arn)["Ask"]
    assert waiting["StepStatus"] == "Executing"
    assert waiting["Metadata"]["Callback"]["SqsQueueUrl"] == queue.url
    answer = aws.client("sagemaker").send_pipeline_execution_step_success(
        CallbackToken=message["token"], OutputParameters=[{"Name": "minutes", "Value": "1.5"}]
    )
    assert answer["PipelineExecutionArn"] == arn
    runs.wait(arn)
    assert runs.steps(arn)["Tell"]["FailureReason"] == "got 1.5"


def test_a_callback_that_reports_a_failure_fails_the_step_with_its_reason(aws, make_pipeline, queue):
    runs = make_pipeline(callback(queue))
    arn = runs.start()
    sagemaker = aws.client("sagemaker")
    token = queue.message()["token"]
    sagemaker.send_pipeline_execution_step_failure(CallbackToken=token, FailureReason="the lake is dry")
    assert runs.wait(arn)["PipelineExecutionStatus"] == "Failed"
    assert runs.steps(arn)["Ask"]["FailureReason"] == "the lake is dry"
    with pytest.raises(ClientError, match="No step waits for the callback token"):
        sagemaker.send_pipeline_execution_step_success(CallbackToken=token)


def test_stopping_tells_the_queue_and_waits_for_the_answer(aws, make_pipeline, queue):
    runs = make_pipeline(callback(queue))
    arn = runs.start()
    token = queue.message()["token"]
    sagemaker = aws.client("sagemaker")
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="s" * 32)
    stopping = queue.message()
    assert (stopping["token"], stopping["status"]) == (token, "Stopping")
    time.sleep(0.2)
    found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert found["PipelineExecutionStatus"] == "Stopping"
    sagemaker.send_pipeline_execution_step_failure(CallbackToken=token, FailureReason="stopped")
    assert runs.wait(arn)["PipelineExecutionStatus"] == "Stopped"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"FunctionArn": ""}, "must have FunctionArn"),
        ({"OutputParameters": [{"OutputName": "a", "OutputType": "List"}]}, "OutputType"),
        ({"SqsQueueUrl": "x"}, "unknown property 'SqsQueueUrl'"),
    ],
)
def test_a_step_that_could_never_run_is_refused_with_its_definition(make_pipeline, change, said):
    step = lambda_step("arn:aws:lambda:eu-west-1:123456789012:function:f") | change
    with pytest.raises(ClientError, match=said):
        make_pipeline(step)


def test_a_reference_to_an_output_that_is_not_declared_is_refused(make_pipeline, queue):
    step = callback(queue) | {"OutputParameters": []}
    with pytest.raises(ClientError, match="which a Callback step does not have"):
        make_pipeline(step, FAIL)
