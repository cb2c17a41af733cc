"""Watching an execution: often while it changes, rarely while it does not, until its end or the end of patience."""

from types import SimpleNamespace

import pytest

from model_build.core.execution import Execution, Step
from model_build.errors import TimedOutError
from model_build.run import watch


class Clock:
    """A clock that moves only while somebody sleeps; the pauses are noted."""

    def __init__(self):
        self.now, self.pauses = 0.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def watched(monkeypatch):
    """A function that watches an execution with these descriptions in turn, the last again and again."""

    def watched(*descriptions, timeout=None):
        clock, shown, left = Clock(), [], list(descriptions)
        monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep))
        monkeypatch.setattr(watch, "describe", lambda *_: left.pop(0) if len(left) > 1 else left[0])
        try:
            end = watch.watch(None, "arn:e1", shown.append, timeout)
        except TimedOutError as error:
            end = error
        return end, shown, clock

    return watched


def execution(status="Executing", steps=0):
    return Execution("arn:e1", status, tuple(Step(f"step {number}", "Executing") for number in range(steps)))


@pytest.mark.parametrize("status", ["Succeeded", "Failed", "Stopped", "CompletedWithFailures"])
def test_what_has_ended_is_shown_once_without_a_pause(watched, status):
    end, shown, clock = watched(execution(status), timeout=0.001)
    assert (end.status, shown, clock.pauses) == (status, [end], [])


def test_every_description_is_shown_to_the_last(watched):
    seen = [execution(), execution(steps=1), execution("Stopping", 1), execution("Stopped", 1)]
    end, shown, _ = watched(*seen)
    assert (end, shown) == (seen[-1], seen)


def test_pauses_grow_to_ten_seconds_while_nothing_changes_and_begin_again_after_a_change(watched):
    same, other = [execution()] * 100, [execution(steps=1)] * 2
    _, _, clock = watched(*same, *other, execution("Succeeded"))
    assert clock.pauses[0] == 0.2
    assert all(
        0 < before <= after for before, after in zip(clock.pauses[:99], clock.pauses[1:100], strict=True)
    )
    assert clock.pauses[99] == 10.0
    assert clock.pauses[100:] == [0.2, pytest.approx(0.21)]


@pytest.mark.parametrize("timeout", [0.1, 1.0, 30.0])
def test_patience_ends_when_it_was_said_to_and_not_before(watched, timeout):
    end, shown, clock = watched(execution(), timeout=timeout)
    assert isinstance(end, TimedOutError)
    assert clock.now == pytest.approx(timeout)
    assert len(shown) == len(clock.pauses) + 1
    assert end.message == (
        f"The execution arn:e1 did not end within {timeout:g} s; it goes on. Run the same command again to watch it, with a "
        "longer --timeout or none."
    )


def test_an_execution_that_ends_at_the_last_moment_has_ended(watched):
    end, _, clock = watched(execution(), execution("Succeeded"), timeout=0.2)
    assert (end.status, clock.now) == ("Succeeded", 0.2)
