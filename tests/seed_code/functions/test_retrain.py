"""New training data reaches the build repository once for all objects that arrive close together, and never not at all."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from github.errors import AnswerError, GitHubError, UnreachableError
from local_aws.github import Down
from retrain.errors import EventError, RetrainError, SettingsError
from retrain.event import Arrivals, NewObject, parse
from retrain.handler import Retrain
from retrain.schedule import LONGEST, QUIET, Schedule

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:retrain"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EVIL = 'reviews/$(touch /tmp/x)`id` ${{ github.token }} "; rm -rf / #\n::error::<!-- [a](http://b) **.csv'


def event(key="reviews/part-1.csv", bucket="lake", **changes):
    """As S3 sends it."""
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2026-11-21T12:00:00Z",
        "region": "eu-west-1",
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {"key": key, "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184", "sequencer": "0A"},
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "123456789012",
            "source-ip-address": "192.0.2.1",
            "reason": "PutObject",
        },
    } | changes


class Scheduler:
    """EventBridge Scheduler with one schedule. `meanwhile` is called before the next change, once."""

    def __init__(self):
        self.stated = None
        self.meanwhile = None

    @staticmethod
    def _error(code):
        return ClientError({"Error": {"Code": code, "Message": code}}, "Schedule")

    def _happen(self):
        happens, self.meanwhile = self.meanwhile, None
        if happens:
            happens()

    def create_schedule(self, **stated):
        self._happen()
        if self.stated is not None:
            raise self._error("ConflictException")
        self.stated = stated

    def update_schedule(self, **stated):
        self._happen()
        if self.stated is None:
            raise self._error("ResourceNotFoundException")
        self.stated = stated

    def get_schedule(self, Name):
        if self.stated is None:
            raise self._error("ResourceNotFoundException")
        return self.stated

    def delete_schedule(self, Name):
        if self.stated is None:
            raise self._error("ResourceNotFoundException")
        self.stated = None

    @property
    def due(self):
        found = datetime.strptime(self.stated["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)")
        return found.replace(tzinfo=UTC)

    @property
    def waiting(self):
        return json.loads(self.stated["Target"]["Input"])


@pytest.fixture
def scheduler():
    return Scheduler()


@pytest.fixture
def schedule(scheduler):
    return Schedule(scheduler, "reviews-new-data", FUNCTION, "arn:role", "arn:queue")


@pytest.fixture
def retrain(project, github, scheduler):
    """What invokes the function of a project with a build repository: `retrain(event)`."""
    name = f"{project.owner}/{project.name}-build"
    github.add_repository(name, files={"README.md": b"# Build"})
    settings = {
        **project.environment,
        "BUILD_REPOSITORY": name,
        "SCHEDULE_NAME": "reviews-new-data",
        "SCHEDULE_ROLE_ARN": "arn:role",
        "DEAD_LETTER_ARN": "arn:queue",
    }
    project.context.invoked_function_arn = FUNCTION

    def client(service):
        return scheduler if service == "scheduler" else project.aws.client(service)

    def retrain(given, **more):
        environment = {key: value for key, value in (settings | more).items() if value}
        return Retrain(environment, client, None, project.clock).handle(given, project.context)

    retrain.received = lambda: [each for each in github.dispatches if each.repository == name]
    return retrain


def test_three_objects_are_one_dispatch_and_it_says_which_was_the_newest(retrain, scheduler):
    for number in (1, 2, 3):
        assert not retrain(event(f"reviews/part-{number}.csv"))["dispatched"]
    assert retrain.received() == []
    target = scheduler.stated["Target"]
    assert (target["Arn"], target["RoleArn"], target["DeadLetterConfig"]) == (
        FUNCTION,
        "arn:role",
        {"Arn": "arn:queue"},
    )
    answer = retrain(json.loads(target["Input"]))
    [received] = retrain.received()
    assert (received.event_type, answer["dispatched"]) == ("new-data", True)
    assert received.client_payload["newest_object"] == "s3://lake/reviews/part-3.csv"
    assert scheduler.stated is None


def test_every_object_moves_the_training_on(schedule, scheduler):
    for minutes in (0, 3, 6, 9):
        schedule.postpone("s3://lake/a", NOW + timedelta(minutes=minutes))
    assert scheduler.due == NOW + timedelta(minutes=9) + QUIET
    assert scheduler.waiting["arrivals"]["since"] == NOW.timestamp()


def test_objects_that_never_stop_arriving_are_trained_on_all_the_same(schedule, scheduler):
    fired, moment = [], NOW
    while moment < NOW + 4 * LONGEST:
        if scheduler.stated is not None and scheduler.due <= moment:
            fired.append(scheduler.due)
            schedule.end()
        schedule.postpone("s3://lake/a", moment)
        moment += timedelta(seconds=50)
    assert len(fired) >= 3
    assert fired[0] == NOW + LONGEST


def test_a_schedule_that_was_over_long_ago_is_set_anew(schedule, scheduler):
    schedule.postpone("s3://lake/a", NOW)
    later = NOW + 2 * LONGEST
    schedule.postpone("s3://lake/b", later)
    assert (scheduler.due, scheduler.waiting["arrivals"]["since"]) == (later + QUIET, later.timestamp())


def test_objects_that_arrive_at_the_same_time_set_one_schedule(schedule, scheduler):
    scheduler.meanwhile = lambda: schedule.postpone("s3://lake/b", NOW)
    schedule.postpone("s3://lake/a", NOW)
    assert scheduler.due == NOW + QUIET


def test_an_object_that_arrives_while_training_begins_sets_a_schedule_of_its_own(schedule, scheduler):
    schedule.postpone("s3://lake/a", NOW)
    scheduler.meanwhile = schedule.end
    later = NOW + timedelta(minutes=4)
    schedule.postpone("s3://lake/b", later)
    assert (scheduler.due, scheduler.waiting["arrivals"]["newest"]) == (later + QUIET, "s3://lake/b")


def test_a_schedule_that_others_always_delete_is_an_error_so_that_it_is_tried_again(schedule, scheduler):
    class Losing(Scheduler):
        def update_schedule(self, **stated):
            raise self._error("ResourceNotFoundException")

    losing = Losing()
    losing.stated = {"Target": {"Input": json.dumps(Arrivals("s3://lake/a", NOW.timestamp()).document)}}
    with pytest.raises(RetrainError, match="try again"):
        Schedule(losing, "n", FUNCTION, "r", "q").postpone("s3://lake/b", NOW)


@pytest.mark.parametrize(
    "given",
    [
        "hello",
        "",
        "[]",
        "null",
        "{}",
        '{"arrivals": 7}',
        '{"arrivals": {"newest": "s3://lake/x", "since": 1e300}}',
        '{"arrivals": {"newest": "s3://lake/x", "since": NaN}}',
        '{"arrivals": {"newest": "s3://lake/x", "since": 0}}',
        json.dumps(event()),
    ],
)
def test_a_schedule_of_somebody_elses_hand_is_replaced(schedule, scheduler, given):
    scheduler.stated = {"Target": {"Input": given}}
    schedule.postpone("s3://lake/a", NOW)
    assert scheduler.due == NOW + QUIET
    assert scheduler.waiting == {"arrivals": {"newest": "s3://lake/a", "since": NOW.timestamp()}}


def test_a_schedule_without_an_input_is_replaced(schedule, scheduler):
    scheduler.stated = {"Target": {}}
    assert schedule.postpone("s3://lake/a", NOW) == NOW + QUIET


def test_what_is_set_runs_once_is_tried_again_and_keeps_what_failed(schedule, scheduler):
    schedule.postpone("s3://lake/a", NOW)
    target = scheduler.stated["Target"]
    assert scheduler.stated["Name"] == "reviews-new-data"
    assert scheduler.stated["ScheduleExpression"].startswith("at(")
    assert scheduler.stated["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert (target["Arn"], target["RoleArn"], target["DeadLetterConfig"]) == (
        FUNCTION,
        "arn:role",
        {"Arn": "arn:queue"},
    )
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 21_600, "MaximumRetryAttempts": 30}


@pytest.mark.parametrize("minutes", [0, 1, 54, 55, 56, 58])
def test_the_moment_is_five_minutes_on_and_never_more_than_an_hour_after_the_first(
    schedule, scheduler, minutes
):
    schedule.postpone("s3://lake/a", NOW)
    later = NOW + timedelta(minutes=minutes)
    assert schedule.postpone("s3://lake/b", later) == min(later + QUIET, NOW + LONGEST)
    assert scheduler.waiting["arrivals"] == {"newest": "s3://lake/b", "since": NOW.timestamp()}


@pytest.mark.parametrize("minutes", [59, 60, 61])
def test_a_schedule_that_is_about_to_fire_is_left_as_it_is(schedule, scheduler, minutes):
    schedule.postpone("s3://lake/a", NOW)
    before = dict(scheduler.stated)
    assert schedule.postpone("s3://lake/b", NOW + timedelta(minutes=minutes)) == NOW + LONGEST
    assert scheduler.stated == before


@pytest.mark.parametrize("operation", ["create_schedule", "update_schedule", "delete_schedule"])
def test_a_change_that_is_denied_is_raised(schedule, scheduler, operation):
    if operation != "create_schedule":
        schedule.postpone("s3://lake/a", NOW)

    def denied(**stated):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)

    setattr(scheduler, operation, denied)
    with pytest.raises(ClientError, match="AccessDenied"):
        schedule.end() if operation == "delete_schedule" else schedule.postpone("s3://lake/b", NOW)


def test_a_schedule_that_is_gone_is_ended(schedule):
    schedule.end()


def test_a_refusal_of_the_scheduler_is_raised(retrain, scheduler):
    def refused(**stated):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSchedule")

    scheduler.get_schedule = refused
    with pytest.raises(ClientError, match="AccessDenied"):
        retrain(event())


def test_a_key_of_shell_markdown_and_expressions_stays_text(retrain, scheduler):
    retrain(event(EVIL))
    retrain(json.loads(scheduler.stated["Target"]["Input"]))
    [received] = retrain.received()
    assert received.client_payload["newest_object"] == f"s3://lake/{EVIL}"


def test_a_log_line_holds_the_key_as_one_line(retrain, caplog):
    caplog.set_level("INFO")
    retrain(event(EVIL))
    assert all("\n" not in record.getMessage() for record in caplog.records if record.name == "retrain")


def test_what_does_not_reach_github_is_raised_and_the_next_attempt_tells(retrain, github, scheduler):
    retrain(event())
    told = json.loads(scheduler.stated["Target"]["Input"])
    github.faults.add(Down(times=20))
    with pytest.raises((UnreachableError, GitHubError)):
        retrain(told)
    github.faults.clear()
    assert retrain(told)["dispatched"]


def test_a_repository_that_is_gone_is_named(retrain, scheduler):
    arrivals = Arrivals("s3://lake/a", NOW.timestamp()).document
    with pytest.raises(AnswerError, match=r"acme/absent is gone"):
        retrain(arrivals, BUILD_REPOSITORY="acme/absent")


@pytest.mark.parametrize(
    "name", ["BUILD_REPOSITORY", "SCHEDULE_NAME", "SCHEDULE_ROLE_ARN", "DEAD_LETTER_ARN"]
)
def test_a_missing_setting_is_named(retrain, name):
    with pytest.raises(SettingsError, match=name):
        retrain(Arrivals("s3://lake/a", NOW.timestamp()).document, **{name: ""})


def test_a_repository_without_an_owner_is_refused(retrain):
    with pytest.raises(SettingsError, match="owner/name is expected"):
        retrain(Arrivals("s3://lake/a", NOW.timestamp()).document, BUILD_REPOSITORY="build")


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        {},
        event(source="aws.sagemaker"),
        event(**{"detail-type": "Object Deleted"}),
        event(detail=None),
        event(detail={"bucket": {"name": "lake"}, "object": {"key": ""}}),
        event(detail={"bucket": {"name": "lake"}, "object": {"key": 7}}),
        event(detail={"bucket": "lake", "object": {"key": "a"}}),
        event(key="k" * 1025),
        {"arrivals": None},
        {"arrivals": {"newest": "a"}},
        {"arrivals": {"newest": "a", "since": True}},
        {"arrivals": {"newest": 1, "since": 1}},
        {"arrivals": {"newest": "a", "since": "1"}},
        {"arrivals": {"newest": "a", "since": -1}},
        {"arrivals": {"newest": "a", "since": 1e300}},
        {"arrivals": {"newest": "a", "since": 10**400}},
        {"arrivals": {"newest": "a", "since": float("nan")}},
        {"arrivals": {"newest": "a", "since": float("inf")}},
    ],
)
def test_what_is_no_such_event_is_refused(given):
    with pytest.raises(EventError):
        parse(given)


def test_what_the_schedule_is_given_is_read_again():
    arrivals = Arrivals("s3://lake/a", NOW.timestamp())
    assert parse(arrivals.document) == arrivals
    assert parse(event()) == NewObject("s3://lake/reviews/part-1.csv")
