"""From the registry to GitHub: which events are told, and what becomes of those that could not be."""

import json

import pytest

from local_aws.events.pattern import Pattern


@pytest.fixture(scope="module")
def pattern(project):
    return Pattern.parse(json.dumps(project.properties("ModelApprovalRule")["EventPattern"]))


def event(group="reviews-models", status="Approved", **changes):
    arn = f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/{group}/2"
    return {
        "version": "0",
        "id": "844e2571-85d4-695f-b930-0153b71dcb42",
        "detail-type": "SageMaker Model Package State Change",
        "source": "aws.sagemaker",
        "account": "123456789012",
        "time": "2026-11-20T17:00:14Z",
        "region": "eu-west-1",
        "resources": [arn],
        "detail": {
            "ModelPackageGroupName": group,
            "ModelPackageVersion": 2,
            "ModelPackageArn": arn,
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": status,
        },
    } | changes


@pytest.mark.parametrize("status", ["Approved", "Rejected"])
def test_decisions_on_the_projects_models_are_told(pattern, status):
    assert pattern.matches(event(status=status))


@pytest.mark.parametrize(
    "other",
    [
        event(status="PendingManualApproval"),
        event(group="reviews-pr-models"),
        event(group="reviews"),
        event(source="custom"),
        event(**{"detail-type": "SageMaker Training Job State Change"}),
    ],
)
def test_nothing_else_is(pattern, other):
    assert not pattern.matches(other)


def test_what_cannot_be_handed_over_and_what_fails_end_in_the_same_queue(project):
    queue = "arn:aws:sqs:eu-west-1:123456789012:SP-p-abcdefghijkl-UndeliveredApprovals"
    (target,) = project.properties("ModelApprovalRule")["Targets"]
    assert target["DeadLetterConfig"] == {"Arn": queue}
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    assert project.properties("DispatchFunction")["DeadLetterConfig"] == {"TargetArn": queue}
    assert project.may("DispatchRole", "sqs:SendMessage", queue)
    allowed, refused = project.properties("UndeliveredApprovalsPolicy")["PolicyDocument"]["Statement"]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    rules = [each.rpartition("/")[2] for each in allowed["Condition"]["ArnEquals"]["aws:SourceArn"]]
    assert rules == ["reviews-model-approval", "reviews-new-data"]
    assert refused["Effect"] == "Deny"


def test_the_queue_raises_an_alarm_at_the_first_message(project):
    alarm = project.properties("UndeliveredApprovalsAlarm")
    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")
    assert alarm["Dimensions"] == [
        {"Name": "QueueName", "Value": "SP-p-abcdefghijkl-UndeliveredApprovals-QueueName"}
    ]


def test_only_this_rule_calls_the_function(project):
    permission = project.properties("DispatchPermission")
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["SourceAccount"] == "123456789012"
    assert permission["SourceArn"].endswith(":rule/reviews-model-approval")
