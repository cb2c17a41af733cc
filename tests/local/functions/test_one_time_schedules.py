"""EventBridge Scheduler: when a schedule invokes a function, as whom, and what is refused."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

SAYS = """
    def handler(event, context):
        print("told of", event)
"""
TRUST = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}


def after(**time):
    moment = datetime.now(UTC) + timedelta(**time)
    return f"at({moment:%Y-%m-%dT%H:%M:%S})"


@pytest.fixture
def role(aws):
    """The ARN of a role that the scheduler may assume."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    made = aws.client("iam").create_role(RoleName=f"{aws.name}-schedule", AssumeRolePolicyDocument=document)
    return made["Role"]["Arn"]


@pytest.fixture
def request_of(aws, functions, role):
    """The request for a schedule that invokes a function: `request_of(at, **changes)`."""

    def make(at, function="absent", **target):
        arn = aws.server.account.arn("lambda", f"function:{function}")
        stated = {"Arn": arn, "RoleArn": role, "Input": '{"news": 1}'} | target
        return {
            "Name": f"{aws.name}-schedule",
            "ScheduleExpression": at,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": stated,
        }

    return make


@pytest.fixture
def scheduler(aws):
    return aws.client("scheduler")


def test_a_schedule_invokes_its_function_once_with_its_input(scheduler, functions, request_of):
    name = functions.create(SAYS)
    scheduler.create_schedule(**request_of(after(seconds=2), name))
    events = functions.logged(f"/aws/lambda/{name}", "told of")
    assert sum("told of {'news': 1}" in event for event in events) == 1
    described = scheduler.get_schedule(Name=request_of("")["Name"])
    assert (described["State"], described["GroupName"]) == ("ENABLED", "default")
    scheduler.delete_schedule(Name=described["Name"])


def test_a_schedule_that_is_updated_is_moved_and_one_that_is_deleted_is_not_invoked(
    scheduler, functions, request_of
):
    name = functions.create(SAYS)
    scheduler.create_schedule(**request_of(after(days=300), name))
    moved = request_of(after(seconds=2), name, Input='{"news": 2}')
    scheduler.update_schedule(**moved)
    events = functions.logged(f"/aws/lambda/{name}", "told of")
    assert [event for event in events if "told of" in event] == ["told of {'news': 2}"]
    scheduler.delete_schedule(Name=moved["Name"])
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name=moved["Name"])


def test_a_schedule_that_is_over_may_be_deleted_by_itself(scheduler, functions, request_of):
    name = functions.create(SAYS)
    request = request_of(after(seconds=2), name)
    scheduler.create_schedule(**request, ActionAfterCompletion="DELETE")
    functions.logged(f"/aws/lambda/{name}", "told of")
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name=request["Name"])


def test_what_cannot_be_invoked_is_a_dead_letter(aws, scheduler, request_of):
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=f"{aws.name}-letters")["QueueUrl"]
    letters = {"Arn": aws.server.account.arn("sqs", f"{aws.name}-letters")}
    never = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    request = request_of(after(seconds=2), DeadLetterConfig=letters, RetryPolicy=never)
    scheduler.create_schedule(**request)
    found = []
    for _ in range(500):
        found = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", [])
        if found:
            break
        time.sleep(0.02)
    [message] = found
    assert json.loads(message["Body"]) == {"news": 1}
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "ResourceNotFoundException"
    scheduler.delete_schedule(Name=request["Name"])


def test_a_name_is_taken_once(scheduler, request_of):
    request = request_of(after(days=1))
    scheduler.create_schedule(**request)
    with pytest.raises(scheduler.exceptions.ConflictException):
        scheduler.create_schedule(**request)
    scheduler.delete_schedule(Name=request["Name"])
    for call in (scheduler.update_schedule, scheduler.delete_schedule):
        with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
            call(**(request if call == scheduler.update_schedule else {"Name": request["Name"]}))


@pytest.mark.parametrize(
    ("at", "target", "changes", "said"),
    [
        ("at(2020-01-01T00:00:00)", {}, {}, "it is in the past"),
        ("rate(5 minutes)", {}, {}, r"has at\(yyyy-mm-ddThh:mm:ss\)"),
        ("at(2999-13-01T00:00:00)", {}, {}, "Invalid Schedule Expression"),
        ("", {}, {"ScheduleExpressionTimezone": "Mars/Base"}, "in Mars/Base"),
        ("", {"RoleArn": "arn:aws:iam::123456789012:role/absent"}, {}, "to assume the role"),
        ("", {"Arn": "arn:aws:sqs:eu-west-1:123456789012:q"}, {}, "invokes functions"),
        ("", {"Input": "no JSON"}, {}, "Invalid Input for target"),
        ("", {"SqsParameters": {"MessageGroupId": "g"}}, {}, "no SqsParameters"),
        ("", {}, {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}}, "Mode: OFF"),
        ("", {}, {"StartDate": datetime(2026, 1, 1, tzinfo=UTC)}, "does not have StartDate"),
        ("", {}, {"GroupName": "mine"}, "Schedule group mine does not exist"),
    ],
)
def test_what_cannot_be_scheduled_is_refused(scheduler, request_of, at, target, changes, said):
    with pytest.raises(ClientError, match=said):
        scheduler.create_schedule(**request_of(at or after(days=1), **target) | changes)


def test_a_role_that_lambda_alone_may_assume_is_refused(scheduler, functions, request_of):
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the role"):
        scheduler.create_schedule(**request_of(after(days=1), RoleArn=functions.role_arn))
