"""From new training data to GitHub: which objects are news, what the function may do, and what is there where none is watched."""

import json

import pytest

from local_aws.events.pattern import Pattern

SCHEDULE = "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/reviews-new-data"
ROLE = "arn:aws:iam::123456789012:role/sagemaker-projects/reviews/ScheduleRole"
TO_SCHEDULER = {"iam:PassedToService": "scheduler.amazonaws.com"}


@pytest.fixture(scope="module")
def pattern(project):
    return Pattern.parse(json.dumps(project.properties("NewDataRule")["EventPattern"]))


def event(bucket="lake", key="reviews/part-1.csv", **changes):
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2026-11-20T17:00:14Z",
        "region": "eu-west-1",
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {"version": "0", "bucket": {"name": bucket}, "object": {"key": key, "size": 5}},
    } | changes


def test_new_objects_below_the_prefix_are_news(pattern):
    assert pattern.matches(event())


@pytest.mark.parametrize(
    "other",
    [
        event(key="other/part-1.csv"),
        event(key="old/reviews/part-1.csv"),
        event(bucket="lake-2"),
        event(**{"detail-type": "Object Deleted"}),
        event(source="custom"),
    ],
)
def test_nothing_else_is(pattern, other):
    assert not pattern.matches(other)


def test_the_function_sets_its_own_schedule_and_no_other(project):
    for action in ("Create", "Get", "Update", "Delete"):
        assert project.may("RetrainRole", f"scheduler:{action}Schedule", SCHEDULE)
        assert not project.may(
            "RetrainRole", f"scheduler:{action}Schedule", SCHEDULE.replace("reviews", "other")
        )
    assert project.may("RetrainRole", "iam:PassRole", ROLE, TO_SCHEDULER)
    assert not project.may(
        "RetrainRole", "iam:PassRole", ROLE, {"iam:PassedToService": "lambda.amazonaws.com"}
    )
    assert not project.may("RetrainRole", "s3:GetObject", "arn:aws:s3:::lake/reviews/part-1.csv")


def test_the_schedule_invokes_the_function_and_no_other(project):
    function = "arn:aws:lambda:eu-west-1:123456789012:function:SP-p-abcdefghijkl-"
    assert project.may("ScheduleRole", "lambda:InvokeFunction", f"{function}RetrainFunction")
    assert not project.may("ScheduleRole", "lambda:InvokeFunction", f"{function}PourFunction")
    assert project.trusts(
        "ScheduleRole",
        "Service",
        "scheduler.amazonaws.com",
        "sts:AssumeRole",
        {"aws:SourceAccount": "123456789012"},
    )
    assert not project.trusts(
        "ScheduleRole",
        "Service",
        "scheduler.amazonaws.com",
        "sts:AssumeRole",
        {"aws:SourceAccount": "210987654321"},
    )


def test_where_nothing_is_watched_there_is_none_of_it(project, make_project):
    without = make_project(WatchedPrefix="")
    assert set(project.resources) - set(without.resources) == {
        "NewDataRule",
        "RetrainFunction",
        "RetrainLogGroup",
        "RetrainPermission",
        "RetrainRole",
        "ScheduleRole",
        "ScheduleRoleInvokes",
    }
    kept = without.properties("UndeliveredApprovalsPolicy")["PolicyDocument"]["Statement"][0]
    assert [each.rpartition("/")[2] for each in kept["Condition"]["ArnEquals"]["aws:SourceArn"]] == [
        "reviews-model-approval"
    ]
