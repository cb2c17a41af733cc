"""From an event to its targets, over the API."""

import json
import time

import pytest
from botocore.exceptions import ClientError


def test_an_event_reaches_the_queue_of_a_rule_that_wants_it(events):
    queue = events.queue()
    events.rule({"source": [events.source], "detail": {"what": ["sold"]}}, queue.arn)
    events.put({"what": "returned"})
    entry = events.put({"what": "sold", "pieces": 3}, Resources=["shop"])
    event = queue.body()
    assert event["id"] == entry["EventId"]
    assert event["detail"] == {"what": "sold", "pieces": 3}
    assert (event["source"], event["detail-type"], event["resources"]) == (events.source, "order", ["shop"])
    assert (event["version"], event["account"], event["region"]) == ("0", "123456789012", "eu-west-1")
    time.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ")
    assert queue.is_empty()


def test_a_disabled_rule_does_not_fire_until_it_is_enabled(events):
    queue = events.queue()
    events.rule({"source": [events.source]}, queue.arn, State="DISABLED")
    events.put({"number": 1})
    events.client.enable_rule(Name=events.name())
    events.put({"number": 2})
    assert queue.body()["detail"] == {"number": 2}
    events.client.disable_rule(Name=events.name())
    events.put({"number": 3})
    assert events.client.describe_rule(Name=events.name())["State"] == "DISABLED"
    time.sleep(0.1)
    assert queue.is_empty()


def test_targets_get_what_their_input_says(events):
    transformer = {
        "InputPathsMap": {"what": "$.detail.what", "first": "$.detail.list[0]", "none": "$.detail.absent"},
        "InputTemplate": '{"what": <what>, "text": "<what>: <first>", "none": <none>, "rule": <aws.events.rule-name>}',
    }
    queues = {name: events.queue(name) for name in ("constant", "path", "template")}
    events.rule(
        {"source": [events.source]},
        {"Arn": queues["constant"].arn, "Input": '{"always": true}'},
        {"Arn": queues["path"].arn, "InputPath": "$.detail.list"},
        {"Arn": queues["template"].arn, "InputTransformer": transformer},
    )
    events.put({"what": 'a "quoted" one', "list": [{"n": 1}, 2]})
    assert queues["constant"].body() == {"always": True}
    assert queues["path"].body() == [{"n": 1}, 2]
    assert queues["template"].body() == {
        "what": 'a "quoted" one',
        "text": 'a "quoted" one: {"n": 1}',
        "none": "",
        "rule": events.name(),
    }


def test_a_topic_is_published_to_when_its_policy_names_eventbridge(aws, events):
    queue = events.queue()
    sns = aws.client("sns")
    topic = sns.create_topic(Name=events.name())["TopicArn"]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"}
    )
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": topic}]}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))
    events.rule({"source": [events.source]}, topic)
    events.put({"what": "sold"})
    assert queue.body()["detail"] == {"what": "sold"}


def test_an_event_without_permission_goes_to_the_dead_letter_queue_at_once_with_the_reason(events):
    closed, letters = events.queue("closed", policy=None), events.queue("letters")
    target = {"Arn": closed.arn, "DeadLetterConfig": {"Arn": letters.arn}}
    rule = events.rule({"source": [events.source]}, target)
    events.put({"what": "sold"})
    event, attributes = letters.message()
    assert event["detail"] == {"what": "sold"}
    assert attributes.pop("ERROR_MESSAGE").endswith(
        f"let events.amazonaws.com do sqs:SendMessage for {rule}."
    )
    assert attributes == {
        "RULE_ARN": rule,
        "TARGET_ARN": closed.arn,
        "ERROR_CODE": "NO_PERMISSIONS",
        "RETRY_ATTEMPTS": "0",
    }
    assert closed.is_empty()
    assert events.metric("FailedInvocations") == 1
    assert events.metric("InvocationsSentToDlq") == 1


def test_a_target_that_does_not_exist_is_named_in_the_dead_letter(events):
    letters = events.queue("letters")
    for kind, resource in (("sqs", "nothing"), ("lambda", "function:nothing")):
        arn = events.aws.server.account.arn(kind, resource)
        events.rule({"source": [events.source]}, {"Arn": arn, "DeadLetterConfig": {"Arn": letters.arn}})
        events.put({})
        _, attributes = letters.message()
        assert (attributes["TARGET_ARN"], attributes["ERROR_CODE"]) == (arn, "NO_RESOURCE")


@pytest.mark.parametrize("key", ["ArnEquals", "ArnLike"])
def test_a_queues_policy_may_ask_for_the_rule(events, queue_policy, key):
    own, other = (
        events.queue(name, lambda arn, rule=rule: queue_policy(arn, **{key: {"aws:SourceArn": rule}}))
        for name, rule in (
            ("own", f"arn:aws:events:eu-west-1:123456789012:rule/{events.name()}"),
            ("other", "arn:aws:events:eu-west-1:123456789012:rule/other"),
        )
    )
    events.rule({"source": [events.source]}, other.arn, own.arn)
    events.put({"what": "sold"})
    assert own.body()["detail"] == {"what": "sold"}
    assert events.metric("FailedInvocations") == 1
    assert other.is_empty()


def test_a_letter_that_its_queue_does_not_take_is_counted(events):
    closed = events.queue("closed", policy=None)
    events.rule({"source": [events.source]}, {"Arn": closed.arn, "DeadLetterConfig": {"Arn": closed.arn}})
    events.put({})
    assert events.metric("InvocationsFailedToBeSentToDlq") == 1


def test_clients_cannot_speak_for_aws(events):
    for changes, code in (
        ({"Source": "aws.sagemaker"}, "NotAuthorizedForSourceException"),
        ({"Detail": "[]"}, "MalformedDetail"),
        ({"Detail": "{"}, "MalformedDetail"),
    ):
        entry = {"Source": events.source, "DetailType": "order", "Detail": "{}", **changes}
        answer = events.client.put_events(Entries=[entry, {**entry, "Source": "mine", "Detail": "{}"}])
        assert answer["FailedEntryCount"] == 1
        assert answer["Entries"][0]["ErrorCode"] == code
        assert "EventId" in answer["Entries"][1]


def test_what_the_embedded_eventbridge_lacks_is_refused_by_name(events):
    rule = events.name()
    events.rule({"source": ["x"]})
    put, aim = events.client.put_rule, events.client.put_targets
    queue = "arn:aws:sqs:eu-west-1:123456789012:queue"
    for call, request, word in (
        (put, {"Name": rule, "ScheduleExpression": "rate(1 hour)"}, "ScheduleExpression"),
        (put, {"Name": rule, "EventPattern": "{}", "EventBusName": "other"}, "other"),
        (put, {"Name": rule, "EventPattern": '{"source": [{"cidr": "10.0.0.0/8"}]}'}, "cidr"),
        (aim, {"Rule": rule, "Targets": [{"Id": "1", "Arn": queue.replace("sqs", "states")}]}, "states"),
        (
            aim,
            {"Rule": rule, "Targets": [{"Id": "1", "Arn": queue, "Input": "{}", "InputPath": "$"}]},
            "InputPath",
        ),
        (aim, {"Rule": rule, "Targets": [{"Id": "1", "Arn": queue, "InputPath": "$..a"}]}, r"$..a"),
        (aim, {"Rule": "missing", "Targets": [{"Id": "1", "Arn": queue}]}, "missing"),
    ):
        with pytest.raises(ClientError) as error:
            call(**request)
        assert word in error.value.response["Error"]["Message"]


def test_a_rule_keeps_its_targets_when_it_is_put_again_and_cannot_go_with_them(events):
    queue = events.queue()
    arn = events.rule({"source": ["x"]}, queue.arn, Tags=[{"Key": "a", "Value": "1"}])
    events.rule({"source": ["y"]})
    name = events.name()
    assert [each["Arn"] for each in events.client.list_targets_by_rule(Rule=name)["Targets"]] == [queue.arn]
    assert json.loads(events.client.describe_rule(Name=name)["EventPattern"]) == {"source": ["y"]}
    assert [each["Name"] for each in events.client.list_rules(NamePrefix=name)["Rules"]] == [name]
    events.client.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    events.client.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert events.client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(ClientError, match="since it has targets"):
        events.client.delete_rule(Name=name)
