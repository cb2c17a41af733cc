"""Alarms that tell topics of their state; and the alarm on a dead-letter queue that fills."""

import json

import pytest


@pytest.fixture
def topic(aws, events):
    """A topic whose messages arrive in a queue: its ARN, and the queue."""
    sns, queue = aws.client("sns"), events.queue()
    arn = sns.create_topic(Name=events.name("alarms"))["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue.arn)
    return arn, queue


@pytest.fixture
def alarm(aws, events):
    """Puts an alarm on a metric that nobody publishes; returns its name."""
    cloudwatch, name = aws.client("cloudwatch"), events.name("alarm")

    def alarm(**changes):
        request = {
            "Namespace": "Shop",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "Shop", "Value": "one"}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        }
        cloudwatch.put_metric_alarm(**{"AlarmName": name, **request, **changes})
        return name

    yield alarm
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_an_alarm_publishes_its_change_of_state(aws, alarm, topic):
    arn, queue = topic
    name = alarm(AlarmActions=[arn], OKActions=[arn], AlarmDescription="too many", TreatMissingData="ignore")
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="by hand")
    envelope = queue.body()
    assert envelope["Subject"] == f'ALARM: "{name}" in Europe (Ireland)'
    told = json.loads(envelope["Message"])
    assert (told["OldStateValue"], told["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert (told["AlarmName"], told["AlarmDescription"], told["NewStateReason"]) == (
        name,
        "too many",
        "by hand",
    )
    assert (told["AWSAccountId"], told["Region"]) == ("123456789012", "Europe (Ireland)")
    assert told["AlarmArn"].endswith(f":alarm:{name}")
    assert told["AlarmActions"] == told["OKActions"] == [arn]
    assert told["Trigger"] == {
        "MetricName": "Errors",
        "Namespace": "Shop",
        "StatisticType": "Statistic",
        "Statistic": "SUM",
        "Unit": None,
        "Dimensions": [{"name": "Shop", "value": "one"}],
        "Period": 60,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 1.0,
        "TreatMissingData": "ignore",
        "EvaluateLowSampleCountPercentile": "",
    }
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="again")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="over")
    assert json.loads(queue.body()["Message"])["NewStateValue"] == "OK"


def test_a_change_without_an_action_and_one_whose_actions_are_off_are_not_told_of(aws, alarm, topic):
    arn, queue = topic
    name = alarm(AlarmActions=[arn], ActionsEnabled=False)
    set_state = aws.client("cloudwatch").set_alarm_state
    set_state(AlarmName=name, StateValue="ALARM", StateReason="off")
    alarm(AlarmActions=[arn], TreatMissingData="ignore")
    set_state(AlarmName=name, StateValue="OK", StateReason="no action")
    set_state(AlarmName=name, StateValue="ALARM", StateReason="told")
    assert json.loads(queue.body()["Message"])["NewStateReason"] == "told"


def test_an_alarm_on_a_queue_fires_once_a_letter_is_in_it(aws, events, alarm, topic):
    arn, told = topic
    letters = events.queue("letters")
    name = letters.arn.rpartition(":")[2]
    letters.sqs.send_message(QueueUrl=letters.url, MessageBody="{}")
    alarm(
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": name}],
        Statistic="Maximum",
        AlarmActions=[arn],
    )
    message = json.loads(told.body()["Message"])
    assert message["NewStateValue"] == "ALARM"
    assert message["Trigger"]["Dimensions"] == [{"name": "QueueName", "value": name}]
