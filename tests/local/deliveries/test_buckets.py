"""A bucket's notifications reach functions, queues, topics and EventBridge; what could not arrive is refused."""

import json

import pytest
from botocore.exceptions import ClientError

from local_aws.kernel.account import ACCOUNT_ID


def notify(aws, **configuration):
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=aws.bucket, NotificationConfiguration=configuration
    )


def destination(kind, arn, *events, prefix=None):
    stated = {f"{kind}Arn": arn, "Events": list(events) or ["s3:ObjectCreated:*"]}
    if prefix:
        stated["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}
    return {f"{kind}Configurations": [stated]}


def test_a_function_gets_the_objects_that_its_filter_lets_through(aws, function):
    function.allow("s3", SourceArn=f"arn:aws:s3:::{aws.bucket}", SourceAccount=ACCOUNT_ID)
    stated = destination("LambdaFunction", function.arn, prefix="in/")["LambdaFunctionConfigurations"]
    notify(aws, LambdaFunctionConfigurations=stated)
    s3 = aws.client("s3")
    s3.put_object(Bucket=aws.bucket, Key="out/a", Body=b"x")
    s3.put_object(Bucket=aws.bucket, Key="in/a b", Body=b"four")
    [event] = function.events()
    [record] = event["Records"]
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert record["s3"]["bucket"]["name"] == aws.bucket
    assert (record["s3"]["object"]["key"], record["s3"]["object"]["size"]) == ("in%2Fa+b", 4)


def test_a_queue_gets_a_test_event_and_then_what_happens(aws, make_queue):
    queue = make_queue("s3")
    notify(aws, **destination("Queue", queue.arn, "s3:ObjectCreated:*", "s3:ObjectRemoved:*"))
    assert [each["Event"] for each in queue.messages()] == ["s3:TestEvent"]
    s3 = aws.client("s3")
    s3.put_object(Bucket=aws.bucket, Key="k", Body=b"x")
    [put] = queue.messages()
    s3.delete_object(Bucket=aws.bucket, Key="k")
    [gone] = queue.messages()
    assert [each["Records"][0]["eventName"] for each in (put, gone)] == [
        "ObjectCreated:Put",
        "ObjectRemoved:DeleteMarkerCreated",  # the bucket has versions
    ]


def test_eventbridge_gets_every_event_where_it_is_switched_on(aws, make_queue):
    queue, events, name = make_queue("events"), aws.client("events"), f"{aws.bucket}-objects"
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [aws.bucket]}}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": queue.arn}])
    notify(aws, EventBridgeConfiguration={})
    aws.client("s3").put_object(Bucket=aws.bucket, Key="k", Body=b"four")
    [event] = queue.messages()
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert (event["detail"]["object"]["key"], event["detail"]["object"]["size"]) == ("k", 4)
    assert event["detail"]["reason"] == "PutObject"


@pytest.mark.parametrize("stated", [{}, {"EventBridgeConfiguration": {}}])
def test_a_bucket_says_whether_eventbridge_is_switched_on(aws, stated):
    s3 = aws.client("s3")
    s3.put_bucket_notification_configuration(Bucket=aws.bucket, NotificationConfiguration=stated)
    answer = s3.get_bucket_notification_configuration(Bucket=aws.bucket)
    assert {name: value for name, value in answer.items() if name != "ResponseMetadata"} == stated


@pytest.mark.parametrize("kind", ["LambdaFunction", "Queue", "Topic"])
def test_a_destination_that_does_not_let_s3_use_it_is_refused(aws, function, make_queue, topic, kind):
    arns = {"LambdaFunction": function.arn, "Queue": make_queue().arn, "Topic": topic}
    with pytest.raises(ClientError) as caught:
        notify(aws, **destination(kind, arns[kind]))
    assert caught.value.response["Error"]["Code"] == "InvalidArgument"
    assert "Unable to validate the following destination" in caught.value.response["Error"]["Message"]
    stated = aws.client("s3").get_bucket_notification_configuration(Bucket=aws.bucket)
    assert f"{kind}Configurations" not in stated


def test_a_destination_that_does_not_exist_is_refused(aws):
    arn = f"arn:aws:lambda:{aws.region}:{ACCOUNT_ID}:function:absent"
    with pytest.raises(ClientError, match="Function not found"):
        notify(aws, **destination("LambdaFunction", arn))
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=aws.bucket,
        NotificationConfiguration=destination("LambdaFunction", arn),
        SkipDestinationValidation=True,
    )
