"""An execution as data: its steps, how long they took, whether it has ended, and its fingerprint."""

import re
from datetime import UTC, datetime, timedelta

import botocore.session
import pytest

from model_build.core.execution import Execution, Step, fingerprint
from model_build.core.search import Attempt, Search

BEGAN = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/shop-garments/execution/abcdefghijkl"


@pytest.fixture(scope="module")
def service():
    return botocore.session.get_session().get_service_model("sagemaker")


def test_an_execution_is_called_by_the_last_part_of_its_arn():
    assert Execution(ARN, "Executing").id == "abcdefghijkl"


def test_an_execution_runs_in_those_statuses_of_the_service_from_which_it_still_ends(service):
    statuses = set(service.shape_for("PipelineExecutionStatus").enum)
    running = {status for status in statuses if Execution(ARN, status).running}
    assert running == {"Executing", "Stopping"}
    assert {"Stopped", "Failed", "Succeeded"} <= statuses


def test_steps_are_found_by_name_and_those_that_failed_keep_their_order():
    steps = (
        Step("Prepare", "Succeeded"),
        Step("Train", "Failed"),
        Step("Fail", "Failed"),
        Step("Gate", "Stopped"),
    )
    execution = Execution(ARN, "Failed", steps)
    assert execution.failed == (steps[1], steps[2])
    assert execution.step("Gate") is steps[3]
    assert execution.step("gate") is None
    assert Execution(ARN, "Executing").failed == ()


@pytest.mark.parametrize(
    ("started", "ended", "seconds"),
    [
        (None, None, None),
        (BEGAN, None, None),
        (None, BEGAN, None),
        (BEGAN, BEGAN, 0.0),
        (BEGAN, BEGAN + timedelta(days=1, seconds=2.5), 86402.5),
    ],
    ids=["not reached", "running", "without a start", "no time", "a day"],
)
def test_a_step_took_the_time_between_start_and_end(started, ended, seconds):
    assert Step("Train", "Succeeded", started, ended).seconds == seconds


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (None, None),
        ("arn:aws:sagemaker:eu-west-1:123456789012:training-job/pipelines-x-Train-1", "pipelines-x-Train-1"),
        ("arn:aws:sagemaker:eu-west-1:123456789012:model-package/shop/7", "7"),
    ],
)
def test_the_job_of_a_step_is_the_resource_that_it_made(arn, name):
    assert Step("Train", "Succeeded", job_arn=arn).job_name == name


def test_the_cache_answered_where_another_execution_is_named():
    assert Step("Train", "Succeeded", cached_from=ARN).cache_hit
    assert not Step("Train", "Succeeded").cache_hit


def test_a_fingerprint_can_be_the_display_name_of_an_execution(service):
    shape = service.shape_for("PipelineExecutionName").metadata
    mark = fingerprint("{}", {"ForceReason": "Grüße, \n " * 100})
    assert re.fullmatch(shape["pattern"], mark)
    assert shape["min"] <= len(mark) <= shape["max"]


def test_a_fingerprint_tells_definition_and_parameters_apart():
    pairs = [
        ("{}", {}),
        ("", {"{}": ""}),
        ("{}", {"a": "b"}),
        ("{}", {"a": ""}),
        ("{}", {"": "a"}),
        ("a", {}),
    ]
    assert len({fingerprint(*pair) for pair in pairs}) == len(pairs)


def attempt(name, objective, seconds):
    return Attempt(name, "Completed", {"epochs": name}, objective, seconds)


def test_a_search_adds_up_what_was_paid_for_and_counts_what_gave_nothing():
    best = attempt("3", 0.0, 1.25)
    search = Search(
        "grid", "validation:macro_f1", (attempt("1", None, 2.5), best, attempt("2", None, 0.25)), best
    )
    assert search.document() == {
        "strategy": "grid",
        "objective": "validation:macro_f1",
        "jobs": 3,
        "failed": 2,
        "seconds": 4.0,
        "best": {"objective": 0.0, "hyperparameters": {"epochs": "3"}},
    }


def test_a_search_without_a_result_has_no_best():
    search = Search("random", "validation:accuracy", (), None)
    assert search.document() == {
        "strategy": "random",
        "objective": "validation:accuracy",
        "jobs": 0,
        "failed": 0,
        "seconds": 0,
        "best": None,
    }
