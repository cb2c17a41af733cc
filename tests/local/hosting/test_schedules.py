"""Scheduled actions: when they are due, what they change, and what is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from local_aws.hosting.autoscaling.schedules import Schedule, ScheduleError

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
START = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)  # a Sunday


def due(text, minutes, zone="UTC"):
    """Whether the schedule is due in the minute that ends so many minutes after START."""
    until = START + timedelta(minutes=minutes)
    return Schedule.parse(text, zone).due(until - timedelta(minutes=1), until, START)


@pytest.mark.parametrize(
    ("text", "minutes", "expected"),
    [
        ("at(2026-11-29T08:05:00)", 5, True),
        ("at(2026-11-29T08:05:00)", 6, False),
        ("rate(5 minutes)", 5, True),
        ("rate(5 minutes)", 10, True),
        ("rate(5 minutes)", 6, False),
        ("rate(1 day)", 1440, True),
        ("cron(15 8 * * ? *)", 15, True),
        ("cron(15 8 * * ? *)", 16, False),
        ("cron(0/10 8-9 ? NOV SUN 2026)", 20, True),
        ("cron(0/10 8-9 ? NOV MON-FRI 2026)", 20, False),
        ("cron(30 8 29,30 11 ? *)", 30, True),
    ],
)
def test_when_a_schedule_is_due(text, minutes, expected):
    assert due(text, minutes) == expected


def test_a_schedule_is_in_its_time_zone():
    assert due("cron(5 9 * * ? *)", 5, "Europe/Berlin")
    assert due("at(2026-11-29T09:05:00)", 5, "Europe/Berlin")


@pytest.mark.parametrize(
    "text",
    [
        "rate(0 minutes)",
        "rate(5 fortnights)",
        "cron(* * * * *)",
        "cron(0 0 * * * *)",
        "cron(0 0 L * ? *)",
        "cron(61 0 * * ? *)",
        "at(noon)",
        "every day",
    ],
)
def test_what_is_no_schedule_is_refused_quoting_it(text):
    with pytest.raises(ScheduleError, match="Schedule expression"):
        Schedule.parse(text)


def place(name):
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/AllTraffic",
        "ScalableDimension": DIMENSION,
    }


def test_an_action_changes_the_limits_and_the_capacity_follows(hosting, eventually):
    hosting.create(hosting.config(hosting.model("a")))
    client, target = hosting.client("application-autoscaling"), place(hosting.name)
    client.register_scalable_target(**target, MinCapacity=1, MaxCapacity=1)
    soon = datetime.now(UTC) + timedelta(seconds=3)
    client.put_scheduled_action(
        **target,
        ScheduledActionName="morning",
        Schedule=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 2},
    )
    [described] = client.describe_scheduled_actions(
        ServiceNamespace="sagemaker", **{k: target[k] for k in ("ResourceId",)}
    )["ScheduledActions"]
    assert described["ScalableTargetAction"] == {"MinCapacity": 2, "MaxCapacity": 2}
    eventually(lambda: hosting.describe()["ProductionVariants"][0]["CurrentInstanceCount"] == 2, seconds=60)
    [found] = client.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[target["ResourceId"]]
    )["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (2, 2)
    client.delete_scheduled_action(**target, ScheduledActionName="morning")
    hosting.settled()
    client.deregister_scalable_target(**target)


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"ServiceNamespace": "ecs"}, "ValidationException", "ecs is not embedded"),
        ({"Schedule": "daily"}, "ValidationException", "Schedule expression 'daily'"),
        ({"ScalableTargetAction": {}}, "ValidationException", "ScalableTargetAction must have"),
        ({}, "ObjectNotFoundException", "No scalable target registered"),
    ],
)
def test_an_action_that_cannot_be_carried_out_is_refused(aws, changes, code, said):
    request = {
        **place("absent"),
        "ScheduledActionName": "a",
        "Schedule": "rate(1 day)",
        "ScalableTargetAction": {"MinCapacity": 1},
    }
    with pytest.raises(ClientError, match=said) as caught:
        aws.client("application-autoscaling").put_scheduled_action(**{**request, **changes})
    assert caught.value.response["Error"]["Code"] == code


def test_targets_of_other_services_are_refused_by_name(aws):
    with pytest.raises(ClientError, match="scales endpoints, whose ServiceNamespace is sagemaker; ecs"):
        aws.client("application-autoscaling").register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId="service/default/x",
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=1,
            MaxCapacity=2,
        )
