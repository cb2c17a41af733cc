"""Waiting for AWS's operations on a stage: until their own end, never beyond the limit, and never for somebody else's."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from model_common import deadline
from model_common.deadline import Deadline
from model_common.stack_events import STACK_TYPE, Event
from model_deploy.core.plan.observed import Endpoint, Phase, Stack
from model_deploy.errors import OvertakenError, TimedOutError
from model_deploy.progress import Progress
from model_deploy.rollout.update import watch
from model_deploy.rollout.update.watch import Watch, succeeded

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
OWN = "rollout-abc"


class Clock:
    """A clock that only sleeping moves."""

    now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class World:
    """What AWS says at each look: the stack, its events so far (the first one first), and the endpoint."""

    def __init__(self, *looks):
        self.looks, self.number = looks, -1

    def stack(self, aws, name):
        self.number = min(self.number + 1, len(self.looks) - 1)
        return self.looks[self.number][0]

    def events(self, aws, name):
        return reversed(self.looks[self.number][1])

    def endpoint(self, aws, name):
        if len(self.looks[0]) == 1:  # only the endpoint is looked at
            self.number = min(self.number + 1, len(self.looks) - 1)
        return self.looks[self.number][-1]


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(deadline, "time", made)
    return made


@pytest.fixture
def watching(monkeypatch, clock):
    """Makes a Watch of such a world with a limit in seconds; and what it printed."""

    def watching(*looks, limit=1000.0):
        world, shown = World(*looks), io.StringIO()
        monkeypatch.setattr(watch.stack, "describe", world.stack)
        monkeypatch.setattr(watch.stack, "events", world.events)
        monkeypatch.setattr(watch.endpoint, "describe", world.endpoint)
        rollout = SimpleNamespace(bake_seconds=300)
        workspace: Any = SimpleNamespace(
            aws=None,
            stack_name="shop-staging-endpoint",
            endpoint_name="shop-staging",
            stage=SimpleNamespace(rollout=rollout),
        )
        made = Watch(workspace, Progress(Console(file=shown, width=200)), Deadline(limit))
        return made, lambda: [" ".join(line.split()) for line in shown.getvalue().splitlines()]

    return watching


def stack(status, change_set=OWN):
    return Stack("shop-staging-endpoint", "id", status, NOON, change_set=change_set)


def event(number, status, token="", whole=True):
    kind, name = (STACK_TYPE, "shop") if whole else ("AWS::SageMaker::Endpoint", "Endpoint")
    return Event(str(number), name, kind, status, "", NOON, token)


BEGUN = event(1, "UPDATE_IN_PROGRESS", f"{OWN}-1")
PART = event(2, "UPDATE_COMPLETE", f"{OWN}-1", whole=False)
ENDED = event(3, "UPDATE_COMPLETE", f"{OWN}-1")
READY = Endpoint("shop-staging", "InService", "config-1")
MOVING = replace(READY, status="Updating", phases=(Phase("ActivatingTraffic", "Moving 10%"),))


def test_an_operation_is_watched_to_its_end_and_each_event_is_shown_once(watching):
    made, shown = watching(
        (stack("UPDATE_IN_PROGRESS"), [BEGUN], MOVING),
        (stack("UPDATE_IN_PROGRESS"), [BEGUN, PART], MOVING),
        (stack("UPDATE_COMPLETE"), [BEGUN, PART, ENDED], READY),
    )
    assert made.stack("id", OWN) == stack("UPDATE_COMPLETE")
    assert shown() == [
        "12:00:00 UPDATE_IN_PROGRESS shop",
        "shop-staging: ActivatingTraffic: Moving 10%",
        "12:00:00 UPDATE_COMPLETE Endpoint",
        "12:00:00 UPDATE_COMPLETE shop",
    ]


def test_the_state_before_the_operation_is_not_its_end(watching):
    # DescribeStacks may answer the state of before right after a request.
    old = event(0, "UPDATE_COMPLETE", "rollout-old")
    made, _ = watching(
        (stack("CREATE_COMPLETE"), [old], READY),
        (stack("CREATE_COMPLETE"), [old], READY),
        (stack("UPDATE_COMPLETE"), [old, BEGUN, ENDED], READY),
    )
    assert made.stack("id", OWN) == stack("UPDATE_COMPLETE")


def test_an_operation_that_is_not_seen_to_begin_within_a_minute_is_not_waited_for(watching, clock):
    made, _ = watching((stack("CREATE_COMPLETE"), [], READY))
    assert made.stack("id", OWN) == stack("CREATE_COMPLETE")
    assert 60 <= clock.now < 70


def test_any_operation_is_waited_for_where_none_is_named(watching):
    made, _ = watching(
        (stack("UPDATE_IN_PROGRESS", "x"), [], MOVING), (stack("UPDATE_COMPLETE", "x"), [], READY)
    )
    assert made.stack("id") == stack("UPDATE_COMPLETE", "x")


@pytest.mark.parametrize("gone", [None, stack("DELETE_COMPLETE")], ids=["forgotten", "known as deleted"])
def test_a_stack_that_was_deleted_is_none(watching, gone):
    made, _ = watching((stack("DELETE_IN_PROGRESS"), [], None), (gone, [], None))
    assert made.stack("id", OWN) is None


@pytest.mark.parametrize(
    ("change_set", "named"), [("rollout-xyz", "rollout-xyz"), ("", "not of model-deploy")]
)
def test_another_operation_after_ones_own_is_told(watching, change_set, named):
    other = event(4, "UPDATE_IN_PROGRESS", "console")
    made, _ = watching(
        (stack("UPDATE_IN_PROGRESS"), [BEGUN], MOVING),
        (stack("UPDATE_COMPLETE", change_set), [BEGUN, ENDED, other], READY),
    )
    # The newest operation is looked at alone; its beginning is what says that another one has begun.
    with pytest.raises(
        OvertakenError, match=rf"^Another rollout \({named}\) changed the stack shop-staging-endpoint before"
    ):
        made.stack("id", OWN)


def test_the_limit_ends_the_waiting_and_not_the_operation(watching, clock):
    made, _ = watching((stack("UPDATE_IN_PROGRESS"), [BEGUN], MOVING), limit=30)
    with pytest.raises(
        TimedOutError, match=r"^The stack shop-staging-endpoint took longer than 30 s\. It goes on"
    ):
        made.stack("id", OWN)
    assert clock.now == pytest.approx(30)


# A deletion


@pytest.mark.parametrize(
    ("last", "expected"),
    [(None, None), (stack("DELETE_COMPLETE"), None), (stack("DELETE_FAILED"), stack("DELETE_FAILED"))],
    ids=["gone", "deleted", "failed"],
)
def test_a_deletion_is_watched_to_its_end(watching, last, expected):
    deleting = event(1, "DELETE_IN_PROGRESS")
    made, shown = watching(
        (stack("UPDATE_COMPLETE"), [], None),
        (stack("DELETE_IN_PROGRESS"), [deleting], None),
        (last, [deleting], None),
    )
    assert made.deletion("id") == expected
    assert shown() == ["12:00:00 DELETE_IN_PROGRESS shop"]


def test_a_deletion_has_the_limit_too(watching):
    made, _ = watching((stack("DELETE_IN_PROGRESS"), [], None), limit=5)
    with pytest.raises(
        TimedOutError, match=r"^The deletion of the stack shop-staging-endpoint took longer than 5 s\."
    ):
        made.deletion("id")


# The endpoint


def test_an_endpoint_is_waited_for_until_nothing_works_on_it(watching):
    baking = replace(MOVING, phases=(Phase("Baking", "Baking", NOON),))
    made, shown = watching((MOVING,), (MOVING,), (baking,), (READY,))
    made.endpoint()
    # The bake began long ago, so nothing of it is left.
    assert shown() == [
        "shop-staging: ActivatingTraffic: Moving 10%",
        "shop-staging: Baking, 0 s left of 300 s",
    ]


def test_an_endpoint_that_is_not_there_is_not_waited_for(watching, clock):
    made, shown = watching((None,))
    made.endpoint()
    assert (clock.now, shown()) == (0.0, [])


def test_an_endpoint_that_never_settles_ends_with_the_limit(watching):
    made, _ = watching((MOVING,), limit=5)
    with pytest.raises(TimedOutError, match=r"^The endpoint shop-staging took longer than 5 s\."):
        made.endpoint()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("CREATE_COMPLETE", True),
        ("UPDATE_COMPLETE", True),
        ("IMPORT_COMPLETE", True),
        ("UPDATE_ROLLBACK_COMPLETE", False),
        ("ROLLBACK_COMPLETE", False),
        ("UPDATE_IN_PROGRESS", False),
        ("DELETE_COMPLETE", False),
    ],
)
def test_only_a_change_that_was_asked_for_is_a_success(status, expected):
    assert succeeded(stack(status)) is expected
    assert not succeeded(None)
