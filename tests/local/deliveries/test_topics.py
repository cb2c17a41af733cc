"""What is published to a topic reaches functions and queues that let SNS send to them."""

import json

import pytest
from botocore.exceptions import ClientError


def test_a_function_gets_what_is_published(aws, function, topic):
    sns = aws.client("sns")
    function.allow("sns", SourceArn=topic)
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function.arn)
    attributes = {"kind": {"DataType": "String", "StringValue": "greeting"}}
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="s", MessageAttributes=attributes)
    [event] = function.events()
    [record] = event["Records"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == subscription["SubscriptionArn"]
    told = record["Sns"]
    assert (told["MessageId"], told["TopicArn"]) == (sent["MessageId"], topic)
    assert (told["Message"], told["Subject"], told["Type"]) == ("hello", "s", "Notification")
    assert told["MessageAttributes"] == {"kind": {"Type": "String", "Value": "greeting"}}


def test_a_message_that_the_filter_policy_refuses_does_not_arrive(aws, function, topic):
    sns = aws.client("sns")
    function.allow("sns")
    sns.subscribe(
        TopicArn=topic,
        Protocol="lambda",
        Endpoint=function.arn,
        Attributes={"FilterPolicy": json.dumps({"kind": ["wanted"]})},
    )
    for kind in ("other", "wanted"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        sns.publish(TopicArn=topic, Message=kind, MessageAttributes=attributes)
    [event] = function.events()
    assert event["Records"][0]["Sns"]["Message"] == "wanted"


def test_a_message_for_a_function_that_does_not_allow_it_goes_to_the_dead_letters(
    aws, function, topic, make_queue
):
    sns, letters = aws.client("sns"), make_queue("sns")
    redrive = json.dumps({"deadLetterTargetArn": letters.arn})
    sns.subscribe(
        TopicArn=topic, Protocol="lambda", Endpoint=function.arn, Attributes={"RedrivePolicy": redrive}
    )
    sns.publish(TopicArn=topic, Message=json.dumps({"n": 1}))
    assert letters.messages() == [{"n": 1}]
    assert function.events(count=0) == []


def test_a_queue_gets_messages_only_where_its_policy_lets_sns_send(aws, topic, make_queue):
    sns, open_queue, closed_queue = aws.client("sns"), make_queue("sns"), make_queue()
    for queue in (closed_queue, open_queue):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    sns.publish(TopicArn=topic, Message="hello")
    [message] = open_queue.messages()
    assert message["Message"] == "hello"
    assert closed_queue.messages(tries=3) == []


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("sms", "+4915112345678"),
        ("https", "https://example.com/"),
        ("application", "arn:aws:sns:a:b:endpoint"),
    ],
)
def test_a_protocol_by_which_nothing_would_arrive_is_refused_by_name(aws, topic, protocol, endpoint):
    with pytest.raises(ClientError, match=f"does not deliver by the protocol '{protocol}'"):
        aws.client("sns").subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    assert aws.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
