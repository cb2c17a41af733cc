"""Training data that a project watches: what doctor says of news that may not reach it, and what updates and teardowns do."""

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from project_template.account import leftovers
from project_template.commands import update
from project_template.core.settings import watched_prefix
from project_template.doctor import watched_data
from project_template.doctor.finding import Level
from project_template.errors import UsageError


@pytest.fixture
def lake(aws):
    """A bucket of the team's with such notifications: `lake(...)`; returns its name."""

    def make(**notifications):
        s3, name = aws.client("s3"), f"{aws.name}-lake"
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": aws.region})
        s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=notifications)
        return name

    return make


@pytest.fixture
def findings(aws):
    """What is found of a project with such parameters: `findings(data, prefix)`."""

    def look(data, prefix, s3=None):
        stated = {"TrainingData": data, "WatchedPrefix": prefix}
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in stated.items()]
        stacks = {"Stacks": [{"Parameters": parameters}]}
        account = SimpleNamespace(
            account="123456789012",
            partition="aws",
            region="eu-west-1",
            s3=s3 or aws.client("s3"),
            cloudformation=SimpleNamespace(describe_stacks=lambda StackName: stacks),
        )
        return list(watched_data.check(account, "shop", "SP-shop"))

    return look


def test_a_project_that_watches_nothing_has_nothing_to_be_said(findings):
    assert findings("s3://absent/reviews/", "") == []


def test_a_bucket_that_sends_its_events_is_fine(findings, lake):
    bucket = lake(EventBridgeConfiguration={})
    [found] = findings(f"s3://{bucket}/reviews/", "reviews/")
    assert (found.level, found.fix) == (Level.OK, "")
    assert f"s3://{bucket}/reviews/" in found.found


def test_a_bucket_that_sends_none_is_found_with_what_turns_them_on(findings, lake):
    bucket = lake()
    [found] = findings(f"s3://{bucket}/reviews/", "reviews/")
    assert found.level is Level.FAIL
    assert f"{bucket}, Properties, Amazon EventBridge, On" in found.fix


def test_a_bucket_of_another_region_is_found(findings):
    s3 = SimpleNamespace(
        get_bucket_location=lambda **_: {"LocationConstraint": "eu-central-1"},
        get_bucket_notification_configuration=lambda **_: {"EventBridgeConfiguration": {}},
    )
    [found] = findings("s3://lake/reviews/", "reviews/", s3)
    assert found.level is Level.FAIL
    assert "arn:aws:events:eu-west-1:123456789012:event-bus/default" in found.fix


def test_a_bucket_that_is_gone_is_found(findings, aws):
    [found] = findings(f"s3://{aws.name}-absent/reviews/", "reviews/")
    assert (found.level, "there is no bucket" in found.found) == (Level.FAIL, True)


def test_a_bucket_of_another_account_is_a_warning_with_what_its_owner_does(findings):
    def denied(**_):
        raise ClientError(
            {"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, "GetBucketLocation"
        )

    [found] = findings("s3://theirs/reviews/", "reviews/", SimpleNamespace(get_bucket_location=denied))
    assert found.level is Level.WARN
    assert "aws events put-permission" in found.fix


def test_a_prefix_of_other_data_is_a_warning(findings, lake):
    bucket = lake(EventBridgeConfiguration={})
    other, _ = findings(f"s3://{bucket}/reviews/", "orders/")
    assert (other.level, "update shop --watch-data" in other.fix) == (Level.WARN, True)


@pytest.mark.parametrize(
    ("data", "watch", "prefix"),
    [
        ("s3://lake/reviews/", True, "reviews/"),
        ("s3://lake/a/b.csv", True, "a/b.csv"),
        ("s3://lake/reviews/", None, None),
        (None, None, None),
        (None, False, ""),
    ],
)
def test_the_prefix_is_that_of_the_training_data(data, watch, prefix):
    assert watched_prefix(data, watch) == prefix


@pytest.mark.parametrize("data", [None, "", "s3://lake"])
def test_nothing_to_watch_is_refused(data):
    with pytest.raises(UsageError, match="name it with --training-data"):
        watched_prefix(data, True)


A, B = "s3://lake/a/", "s3://lake/b/"


@pytest.mark.parametrize(
    ("given", "watch", "before", "changed"),
    [
        ({}, None, "a/", {}),
        ({"TrainingData": B}, None, "a/", {"WatchedPrefix": "b/"}),
        ({"TrainingData": B}, None, "", {}),
        ({"TrainingData": B, "WatchedPrefix": "other/"}, None, "a/", {}),
        ({}, True, "", {"WatchedPrefix": "a/"}),
        ({"TrainingData": B}, True, "", {"WatchedPrefix": "b/"}),
        ({"TrainingData": B}, False, "a/", {"WatchedPrefix": ""}),
    ],
)
def test_an_update_watches_the_data_that_the_project_then_has(given, watch, before, changed):
    values = {"TrainingData": A, "WatchedPrefix": before} | given
    assert update._watched(update.Request("shop", "t", given, watch_data=watch), values) == changed


@pytest.mark.parametrize("code", [None, "ResourceNotFoundException"])
def test_a_teardown_deletes_the_schedule_that_its_stack_does_not_have(code):
    deleted = []

    def delete_schedule(Name):
        deleted.append(Name)
        if code:
            raise ClientError(
                {"Error": {"Code": code, "Message": "Schedule does not exist."}}, "DeleteSchedule"
            )

    leftovers.delete_schedule(
        SimpleNamespace(scheduler=SimpleNamespace(delete_schedule=delete_schedule)), "shop"
    )
    assert deleted == ["shop-new-data"]
