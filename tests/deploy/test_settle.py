"""Waiting for quiet alarms before an update: which are looked at, which are waited for, excused, or given up."""

import io
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from model_common import deadline
from model_deploy.aws import stack
from model_deploy.core.plan.observed import Endpoint, Live, Observed
from model_deploy.errors import StackError
from model_deploy.progress import Progress
from model_deploy.rollout.update import alarms
from model_deploy.stage import Alarms

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
NAMES = ("ServerErrors", "Latency", "ContractFailures", "Unwatched")


class Time:
    """A clock that only sleeping moves, for waits and for moments."""

    def __init__(self):
        self.seconds = 0.0

    def monotonic(self):
        return self.seconds

    def sleep(self, seconds):
        self.seconds += seconds

    def now(self, zone):
        return NOON + timedelta(seconds=self.seconds)


class CloudWatch:
    """Alarms whose states are a function of the seconds since noon; those that are left out are OK since long ago."""

    def __init__(self, time, states):
        self.time, self.states, self.asked = time, states, []

    def describe_alarms(self, AlarmNames):
        self.asked.append(sorted(AlarmNames))
        found = []
        for name in AlarmNames:
            short = name.rpartition("-")[2]
            state, since = self.states(self.time.seconds).get(short, ("OK", -9999))
            moment = NOON + timedelta(seconds=since)
            found.append({"AlarmName": name, "StateValue": state, "StateUpdatedTimestamp": moment})
        return {"MetricAlarms": found}


@pytest.fixture
def settled(monkeypatch):
    """Settles alarms with such states; the names that are excused, the seconds that it took, the lines, and CloudWatch."""

    def settled(states, modified=0.0, serving=True, stated=True, **changes):
        time, shown = Time(), io.StringIO()
        monkeypatch.setattr(deadline, "time", time)
        monkeypatch.setattr(alarms, "datetime", time)
        cloudwatch = CloudWatch(time, states)
        kind = "AWS::CloudWatch::Alarm"
        resources = {name: (kind, f"shop-staging-{name}") for name in (*NAMES, "Waiting")}
        monkeypatch.setattr(stack, "resources", lambda aws, name: resources)
        thresholds = {"invocation_5xx_percent": 1, "latency_p99_ms": 100, "contract_failures": 1} | changes
        workspace: Any = SimpleNamespace(
            aws=SimpleNamespace(cloudwatch=cloudwatch),
            stack_name="shop-staging-endpoint",
            endpoint_name="shop-staging",
            stage=SimpleNamespace(alarms=Alarms(**thresholds) if stated else None),
        )
        endpoint = Endpoint(
            "shop-staging", "InService", "config-1", modified=NOON + timedelta(seconds=modified)
        )
        observed = Observed(live=Live(endpoint, "model-1", "arn:7") if serving else None)
        excused = alarms.settle(workspace, observed, Progress(Console(file=shown, width=400)))
        return excused, time.seconds, shown.getvalue().splitlines(), cloudwatch

    return settled


def test_quiet_alarms_hold_nothing_up_and_only_the_guards_are_looked_at(settled):
    excused, seconds, lines, cloudwatch = settled(lambda _: {"Waiting": ("ALARM", 0)})
    assert (excused, seconds, lines) == ((), 0.0, [])
    assert cloudwatch.asked == [sorted(f"shop-staging-{name}" for name in NAMES)]


@pytest.mark.parametrize(
    "stage",
    [{"stated": False}, {"rollback": False}, {"serving": False}],
    ids=["no alarms", "alarms that roll nothing back", "nothing that serves"],
)
def test_where_no_alarm_can_roll_back_none_is_asked_for(settled, stage):
    excused, seconds, _, cloudwatch = settled(lambda _: {"Latency": ("ALARM", 0)}, **stage)
    assert (excused, seconds, cloudwatch.asked) == ((), 0.0, [])


def test_an_alarm_of_the_live_model_is_excused_at_once_and_said_so(settled):
    excused, seconds, lines, _ = settled(
        lambda _: {"Latency": ("ALARM", 5), "ServerErrors": ("ALARM", 6)}, modified=0
    )
    assert (excused, seconds) == (("Latency", "ServerErrors"), 0.0)
    [line] = lines
    assert line.startswith(
        "the alarm shop-staging-Latency, the alarm shop-staging-ServerErrors is in ALARM because of the live model"
    )


def test_the_alarm_of_a_heartbeat_is_waited_for_until_it_is_ok(settled):
    excused, seconds, lines, _ = settled(lambda now: {} if now >= 90 else {"Unwatched": ("ALARM", 50)})
    assert excused == ()
    assert 90 <= seconds < 96
    assert lines == ["Waiting until the alarm shop-staging-Unwatched has been OK for long enough"]


def test_an_alarm_of_before_the_last_change_is_excused_after_two_evaluation_periods(settled):
    # Two periods of 60 s, twice.
    excused, seconds, lines, _ = settled(lambda _: {"Latency": ("ALARM", -30)}, evaluation_periods=2)
    assert excused == ("Latency",)
    assert 240 <= seconds < 246
    assert len(lines) == 2


def test_one_that_becomes_quiet_has_to_stay_so_for_a_whole_evaluation(settled):
    states = {"Latency": ("ALARM", -600)}
    excused, seconds, _, _ = settled(
        lambda now: states if now < 30 else {"Latency": ("OK", 30)}, evaluation_periods=1
    )
    assert excused == ()
    assert 90 <= seconds < 96


def test_an_alarm_of_the_rollouts_own_metrics_that_never_settles_ends_it_with_what_to_look_at(settled):
    with pytest.raises(StackError) as refused:
        settled(lambda _: {"ContractFailures": ("ALARM", 0), "Latency": ("ALARM", -5)})
    said = refused.value.message
    assert said.startswith("the alarm shop-staging-ContractFailures does not return to OK")
    assert "cloudwatch:PutMetricData" in said
    assert "Latency" not in said  # it is excused by then
