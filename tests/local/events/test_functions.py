"""Rules aimed at functions: invoked asynchronously, and only with the function's permission."""

import io
import json
import time
import zipfile

import pytest
from botocore.exceptions import ClientError

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
ECHO = "def handler(event, context): print('got ' + event['detail']['what'] + '.')"


@pytest.fixture
def function(aws, events):
    """Makes a function; returns its ARN. `allow` lets EventBridge invoke it."""
    iam, lambda_ = aws.client("iam"), aws.client("lambda")
    named = events.name("function")

    def function(source, **request):
        document = json.dumps(TRUST)
        role = iam.create_role(RoleName=named, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as opened:
            opened.writestr("app.py", source)
        arn = lambda_.create_function(
            FunctionName=named,
            Runtime="python3.12",
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": archive.getvalue()},
            **request,
        )["FunctionArn"]
        lambda_.get_waiter("function_active_v2").wait(FunctionName=named, WaiterConfig={"Delay": 0.05})
        return arn

    yield function
    lambda_.delete_function(FunctionName=named)


def allow(aws, arn, source):
    aws.client("lambda").add_permission(
        FunctionName=arn,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=source,
    )


def logged(aws, arn, wanted, seconds=60.0):
    """The moment at which the function's log holds a line; None where it never does."""
    group = f"/aws/lambda/{arn.rpartition(':')[2]}"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = aws.client("logs").filter_log_events(logGroupName=group)["events"]
        except ClientError:  # the group comes with its first stream
            found = []
        if any(wanted in each["message"] for each in found):
            return time.monotonic()
        time.sleep(0.01)
    return None


def test_a_function_that_allows_the_rule_gets_the_event(aws, events, function):
    arn = function(ECHO)
    allow(aws, arn, events.rule({"source": [events.source]}, arn))
    events.put({"what": "sold"})
    assert logged(aws, arn, "got sold.") is not None


@pytest.mark.parametrize("allowed", [None, "arn:aws:events:eu-west-1:123456789012:rule/another"])
def test_a_function_that_does_not_allow_the_rule_gets_nothing(aws, events, function, allowed):
    arn, letters = function(ECHO), events.queue("letters")
    if allowed:
        allow(aws, arn, allowed)
    events.rule({"source": [events.source]}, {"Arn": arn, "DeadLetterConfig": {"Arn": letters.arn}})
    events.put({"what": "sold"})
    event, attributes = letters.message()
    assert event["detail"] == {"what": "sold"}
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert logged(aws, arn, "got", seconds=0.1) is None


def test_a_function_that_raises_fills_its_own_queue_and_not_the_rules(aws, events, function):
    own, letters = events.queue("own"), events.queue("letters")
    arn = function(
        "def handler(event, context): raise ValueError('no')", DeadLetterConfig={"TargetArn": own.arn}
    )
    aws.client("lambda").put_function_event_invoke_config(FunctionName=arn, MaximumRetryAttempts=0)
    rule = events.rule(
        {"source": [events.source]}, {"Arn": arn, "DeadLetterConfig": {"Arn": letters.arn}}, State="DISABLED"
    )
    allow(aws, arn, rule)
    events.client.enable_rule(Name=events.name())
    events.put({"what": "sold"})
    event, attributes = own.message()
    assert event["detail"] == {"what": "sold"}
    assert (attributes["ErrorMessage"], attributes["ErrorCode"]) == ("no", "200")
    assert letters.is_empty()
    assert events.metric("Invocations") == 1
    assert events.metric("FailedInvocations", seconds=0.05) == 0
