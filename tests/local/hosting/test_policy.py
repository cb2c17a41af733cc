"""How many instances a deployment moves at a time, and who gets an invocation."""

from collections import Counter

import pytest

from local_aws.hosting.deployments.policy import BlueGreen, Policy, Rolling, Size
from local_aws.hosting.errors import UnavailableError
from local_aws.hosting.traffic import Route, Share, Traffic


@pytest.mark.parametrize(
    ("kind", "value", "total", "instances"),
    [
        ("INSTANCE_COUNT", 2, 8, 2),
        ("INSTANCE_COUNT", 9, 8, 8),
        ("CAPACITY_PERCENT", 25, 8, 2),
        ("CAPACITY_PERCENT", 30, 8, 2),  # whole instances
        ("CAPACITY_PERCENT", 5, 8, 1),  # but one at least
    ],
)
def test_a_size_is_of_whole_instances(kind, value, total, instances):
    assert Size(kind, value).of(total) == instances


@pytest.mark.parametrize(
    ("strategy", "steps"),
    [
        (BlueGreen("ALL_AT_ONCE"), [10]),
        (BlueGreen("CANARY", Size("CAPACITY_PERCENT", 20)), [2, 10]),
        (BlueGreen("LINEAR", Size("CAPACITY_PERCENT", 50)), [5, 10]),
        (BlueGreen("LINEAR", Size("INSTANCE_COUNT", 4)), [4, 8, 10]),
    ],
)
def test_traffic_moves_in_steps(strategy, steps):
    assert list(strategy.steps(10)) == steps


def test_without_a_configuration_everything_moves_at_once_and_unguarded():
    policy = Policy.parse(None)
    assert (policy.strategy, policy.alarms, policy.is_guarded) == (BlueGreen(), (), False)


def test_a_configuration_is_read_whole():
    stated = {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": 120,
            "RollbackMaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1},
            "MaximumExecutionTimeoutInSeconds": 1_200,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}, {"AlarmName": "latency"}]},
    }
    rolling = Rolling(Size("CAPACITY_PERCENT", 50), 120, Size("INSTANCE_COUNT", 1), 1_200)
    assert Policy.parse(stated) == Policy(rolling, ("errors", "latency"), is_guarded=True)


class Target:
    """Takes what it gets, as long as it is ready."""

    def __init__(self, is_ready=True):
        self.is_ready = is_ready
        self.load = 0

    def enter(self):
        self.load += self.is_ready
        return self.is_ready


def test_a_share_of_the_traffic_goes_to_the_canary():
    old, new = Target(), Target()
    route = Route("v", 1, (Share((new,), 0.1), Share((old,), 0.9)))
    taken = Counter(route.enter() for _ in range(2_000))
    assert 100 < taken[new] < 320


def test_the_target_with_the_least_to_do_is_taken():
    busy, idle = Target(), Target()
    busy.load = 5
    route = Route.to("v", 1, [busy, idle])
    assert {route.enter() for _ in range(5)} == {idle}


def test_a_share_that_is_down_leaves_its_traffic_to_the_other():
    down, up = Target(is_ready=False), Target()
    route = Route("v", 1, (Share((down,), 0.9), Share((up,), 0.1)))
    assert {route.enter() for _ in range(20)} == {up}


def test_without_a_ready_target_an_invocation_is_unavailable():
    with pytest.raises(UnavailableError, match="no instance of the variant v"):
        Route.to("v", 1, [Target(is_ready=False)]).enter()


def test_variants_are_drawn_by_weight():
    traffic = Traffic((Route.to("a", 3, []), Route.to("b", 1, [])))
    drawn = Counter(traffic.route(None).variant for _ in range(2_000))
    assert 380 < drawn["b"] < 620
    assert traffic.route("b").variant == "b"
