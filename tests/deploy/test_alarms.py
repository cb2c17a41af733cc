"""Which alarms are waited for before an update begins, and which are excused."""

from datetime import UTC, datetime, timedelta

from model_deploy.rollout.update.alarms import Quiet
from model_deploy.stage import Alarms

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
ALARMS = Alarms(invocation_5xx_percent=1, period_seconds=60, evaluation_periods=2)


def after(seconds):
    return NOON + timedelta(seconds=seconds)


def test_quiet_alarms_are_not_waited_for():
    quiet = Quiet(ALARMS, NOON)
    states = {"ServerErrors": ("OK", after(1)), "Unwatched": ("INSUFFICIENT_DATA", after(1))}
    assert quiet.waiting(states, after(2)) == []
    assert quiet.excused == set()


def test_an_alarm_that_began_after_the_endpoint_changed_is_the_live_model_s_and_excused():
    quiet = Quiet(ALARMS, NOON)
    assert quiet.waiting({"Latency": ("ALARM", after(1))}, after(2)) == []
    assert quiet.excused == {"Latency"}


def test_an_alarm_of_a_model_that_was_taken_back_has_to_stay_quiet_for_a_whole_evaluation_period():
    quiet = Quiet(ALARMS, NOON)
    assert quiet.waiting({"ServerErrors": ("ALARM", after(-10))}, after(5)) == ["ServerErrors"]
    assert quiet.waiting({"ServerErrors": ("OK", after(60))}, after(179)) == ["ServerErrors"]
    assert quiet.waiting({"ServerErrors": ("OK", after(60))}, after(180)) == []
    assert quiet.excused == set()


def test_one_quiet_look_does_not_let_an_alarm_pass_that_rings_again():
    quiet = Quiet(ALARMS, NOON)
    assert quiet.waiting({"ServerErrors": ("ALARM", after(-10))}, after(5)) == ["ServerErrors"]
    assert quiet.waiting({"ServerErrors": ("OK", after(60))}, after(61)) == ["ServerErrors"]
    assert quiet.waiting({"ServerErrors": ("ALARM", after(120))}, after(121)) == []
    assert quiet.excused == {"ServerErrors"}  # what rings now is the model that is live


def test_the_alarms_on_what_a_rollout_publishes_are_never_excused():
    quiet = Quiet(ALARMS, NOON)
    states = {"Unwatched": ("ALARM", after(1)), "ContractFailures": ("ALARM", after(1))}
    waiting = quiet.waiting(states, after(2))
    assert waiting == ["Unwatched", "ContractFailures"]
    assert quiet.give_up([*waiting, "Latency"]) == waiting
    assert quiet.excused == {"Latency"}
