"""Waiting with a limit: at once, then less and less often, and never beyond the limit."""

import pytest

from model_common import deadline
from model_common.deadline import Deadline
from model_common.errors import TimedOutError


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now, self.slept = 1000.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(deadline, "time", made)
    return made


def looked(limit, what="The stack shop"):
    """Look until the limit; how often, and the error."""
    count = 0
    with pytest.raises(TimedOutError) as ended:
        for _ in Deadline(limit).looks(what):
            count += 1
    return count, ended.value


def test_the_first_look_is_at_once_and_an_end_before_the_limit_is_none(clock):
    for _ in Deadline(10).looks("The stack shop"):
        break
    assert clock.slept == []


def test_pauses_grow_by_a_tenth_up_to_five_seconds(clock):
    looked(200)
    growing = [0.1 * 1.1**number for number in range(42)]
    assert clock.slept[:42] == pytest.approx(growing)
    assert clock.slept[42:-1] == [5.0] * (len(clock.slept) - 43)


def test_the_last_pause_ends_with_the_limit_and_is_followed_by_a_last_look(clock):
    count, _ = looked(0.3)
    assert clock.slept == pytest.approx([0.1, 0.11, 0.09])
    assert (count, clock.now) == (4, pytest.approx(1000.3))


@pytest.mark.parametrize("limit", [0, -1])
def test_without_time_there_is_one_look(clock, limit):
    assert looked(limit)[0] == 1
    assert clock.slept == []


@pytest.mark.parametrize(("limit", "shown"), [(0.5, "0.5 s"), (60, "60 s"), (13500.0, "13500 s")])
def test_the_limits_error_names_what_it_waited_for_and_how_to_go_on(clock, limit, shown):
    _, error = looked(limit, "The endpoint shop-staging")
    assert error.exit_code == 5
    assert error.message == (
        f"The endpoint shop-staging took longer than {shown}. It goes on on AWS; run the same command again to watch it, "
        "with a longer --timeout."
    )


def test_what_is_left_is_at_least_a_second(clock):
    limit = Deadline(10)
    assert (limit.left, limit.is_over) == (10, False)
    clock.now += 9.5
    assert (limit.left, limit.is_over) == (1.0, False)
    clock.now += 0.5
    assert (limit.left, limit.is_over) == (1.0, True)


def test_two_waits_share_one_limit(clock):
    limit = Deadline(1)
    for _ in limit.looks("The first"):
        if clock.now >= 1000.5:
            break
    with pytest.raises(TimedOutError, match=r"^The second took longer than 1 s"):
        list(limit.looks("The second"))
    assert clock.now == pytest.approx(1001)
