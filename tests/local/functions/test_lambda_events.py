"""Asynchronous invocations: taken at once, tried three times, and then put into the dead-letter queue."""

import json
import time

import pytest

FAILING = """
def handler(event, context):
    print("tried", event)
    raise ValueError("never " + event["what"])
"""


@pytest.fixture
def queue(aws):
    """A queue for dead letters: its ARN, and a function that waits for a message in it."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=f"{aws.name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def message():
        for _ in range(300):
            found = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")
            if found:
                return found[0]
            time.sleep(0.02)
        raise AssertionError("no dead letter comes")

    return arn, message


def send(functions, name, event):
    """The status that an asynchronous invocation is answered with."""
    answer = functions.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
    return answer["StatusCode"]


def test_an_event_is_taken_at_once_and_delivered(functions):
    name = functions.create("def handler(event, context): print('got', event['what'])")
    assert send(functions, name, {"what": "approved"}) == 202
    assert "got approved" in functions.logged(f"/aws/lambda/{name}", "REPORT")


def test_an_event_that_fails_is_tried_three_times_under_one_id(quick):
    name = quick.functions.create(FAILING)
    send(quick.functions, name, {"what": "works"})
    group = f"/aws/lambda/{name}"
    for _ in range(300):
        starts = [each for each in quick.functions.logged(group, "tried") if each.startswith("START")]
        if len(starts) == 3:
            break
        time.sleep(0.02)
    assert len(starts) == 3
    assert len(set(starts)) == 1


def test_an_event_that_always_fails_goes_to_the_dead_letter_queue_with_its_error(quick, queue):
    arn, message = queue
    name = quick.functions.create(FAILING, DeadLetterConfig={"TargetArn": arn})
    send(quick.functions, name, {"what": "works"})
    dead = message()
    attributes = {key: value["StringValue"] for key, value in dead["MessageAttributes"].items()}
    assert json.loads(dead["Body"]) == {"what": "works"}
    assert attributes["ErrorMessage"] == "never works"
    assert attributes["ErrorCode"] == "200"
    assert len(attributes["RequestID"]) == 36


def test_dead_letters_go_to_a_topic_too(aws, quick, queue):
    arn, message = queue
    sns = aws.client("sns")
    topic = sns.create_topic(Name=f"{aws.name}-dead")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Resource": arn}]})
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    name = quick.functions.create(FAILING, DeadLetterConfig={"TargetArn": topic})
    send(quick.functions, name, {"what": "works"})
    assert json.loads(message()["Body"]) == {"what": "works"}


def test_a_throttled_event_waits_until_there_is_room(quick):
    name = quick.functions.create("def handler(event, context): print('got', event['what'])")
    reserve = quick.functions.lambda_.put_function_concurrency
    reserve(FunctionName=name, ReservedConcurrentExecutions=0)
    send(quick.functions, name, {"what": "late"})
    reserve(FunctionName=name, ReservedConcurrentExecutions=1)
    assert "got late" in quick.functions.logged(f"/aws/lambda/{name}", "REPORT")


def configure(quick, name, **config):
    return quick.functions.lambda_.put_function_event_invoke_config(FunctionName=name, **config)


def test_a_failure_without_retries_is_told_to_the_destination_with_the_whole_invocation(quick, queue):
    arn, message = queue
    name = quick.functions.create(FAILING)
    configure(quick, name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}})
    send(quick.functions, name, {"what": "works"})
    record = json.loads(message()["Body"])
    assert record["requestPayload"] == {"what": "works"}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["requestContext"]["functionArn"].endswith(f":function:{name}:$LATEST")
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert record["responsePayload"]["errorMessage"] == "never works"


def test_an_event_that_waits_too_long_is_given_up_before_its_retries_are(quick, queue):
    arn, message = queue
    name = quick.functions.create(FAILING, DeadLetterConfig={"TargetArn": arn})
    configure(quick, name, MaximumEventAgeInSeconds=60, DestinationConfig={"OnFailure": {"Destination": arn}})
    quick.functions.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    send(quick.functions, name, {"what": "late"})
    letter = message()
    assert json.loads(letter["Body"]) == {"what": "late"}
    assert letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "429"
    record = json.loads(message()["Body"])
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert "responsePayload" not in record


def test_what_was_stated_about_events_is_described_until_it_is_deleted(functions, refusal):
    name = functions.create(FAILING)
    client, asked = functions.lambda_, {"FunctionName": name, "Qualifier": "$LATEST"}
    assert refusal(client.get_function_event_invoke_config, **asked)[0] == "ResourceNotFoundException"
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    found = client.get_function_event_invoke_config(**asked)
    assert found["MaximumRetryAttempts"] == 1
    assert "MaximumEventAgeInSeconds" not in found
    client.delete_function_event_invoke_config(**asked)
    assert refusal(client.get_function_event_invoke_config, **asked)[0] == "ResourceNotFoundException"


def test_destinations_that_are_not_embedded_are_refused_by_name(functions, refusal):
    name = functions.create(FAILING)
    put = functions.lambda_.put_function_event_invoke_config
    bus = "arn:aws:events:eu-west-1:123456789012:event-bus/default"
    for destinations, word in (
        ({"OnSuccess": {"Destination": bus}}, "OnSuccess"),
        ({"OnFailure": {"Destination": bus}}, bus),
    ):
        code, message = refusal(put, FunctionName=name, DestinationConfig=destinations)
        assert code == "InvalidParameterValueException"
        assert word in message
