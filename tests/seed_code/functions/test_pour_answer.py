"""CloudFormation is answered: once, in time, with what fits."""

import json
import threading

import pytest

from pour.cloudformation.answer import (
    LIMIT_BYTES,
    PAUSES,
    TIMEOUT_SECONDS,
    Answer,
    AnswerNotDeliveredError,
    Reply,
)
from pour.cloudformation.watchdog import MARGIN_SECONDS, RESERVE_SECONDS, Watchdog


@pytest.fixture
def event(cloudformation):
    return {
        "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/SP-p-1/1f2e",
        "RequestId": "request-1",
        "LogicalResourceId": "BuildRepository",
        "ResponseURL": cloudformation.url,
    }


def test_the_answer_repeats_what_identifies_the_request(event, cloudformation, clock):
    assert Reply(event, clock.sleep).send(Answer("SUCCESS", "7", data={"Id": "7"}))
    assert cloudformation.answer == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "7",
        "StackId": event["StackId"],
        "RequestId": "request-1",
        "LogicalResourceId": "BuildRepository",
        "Reason": "See the function's log.",
        "Data": {"Id": "7"},
    }
    assert cloudformation.headers[0]["Content-Type"] == ""  # the signature covers an empty one


@pytest.mark.parametrize("letter", ["x", "ü", '"', "漢", "😀"])
@pytest.mark.parametrize("length", [3000, 4096, 100_000])
def test_no_reason_is_too_long_for_cloudformation(event, letter, length):
    body = Answer("FAILED", "7", letter * length, {"Id": "7"}).body(event)
    assert len(body) < LIMIT_BYTES
    answer = json.loads(body)
    assert answer["Data"] == {"Id": "7"}
    assert len(answer["Reason"]) > 300


def test_a_short_reason_is_whole(event):
    assert json.loads(Answer("FAILED", "7", "too bad").body(event))["Reason"] == "too bad"


def test_only_the_first_answer_counts(event, cloudformation, clock):
    reply = Reply(event, clock.sleep)
    assert [reply.send(Answer("FAILED", "7", "late")), reply.send(Answer("SUCCESS", "7"))] == [True, False]
    assert cloudformation.answer["Status"] == "FAILED"


def test_an_answer_that_does_not_arrive_is_sent_again(event, cloudformation, clock):
    cloudformation.statuses += [500, 503]
    Reply(event, clock.sleep).send(Answer("SUCCESS", "7"))
    assert cloudformation.answer["Status"] == "SUCCESS"
    assert clock.slept == [0.5, 1.0]


def test_an_answer_that_cannot_be_delivered_is_raised_so_that_lambda_tries_again(
    event, cloudformation, clock
):
    cloudformation.statuses += [403] * 4
    with pytest.raises(AnswerNotDeliveredError, match="403") as caught:
        Reply(event, clock.sleep).send(Answer("SUCCESS", "7"))
    assert "presigned" not in str(caught.value)


def test_an_address_that_nobody_listens_at_is_named_by_its_error_only(event, clock):
    event["ResponseURL"] = "http://127.0.0.1:9/answer?X-Amz-Signature=presigned"
    with pytest.raises(AnswerNotDeliveredError) as caught:
        Reply(event, clock.sleep).send(Answer("SUCCESS", "7"))
    assert "presigned" not in str(caught.value)


def test_the_address_is_never_logged(event, cloudformation, clock, caplog):
    caplog.set_level("DEBUG")
    Reply(event, clock.sleep).send(Answer("FAILED", "7", "too bad"))
    assert "too bad" in caplog.text
    assert "presigned" not in caplog.text


def test_the_watch_barks_before_the_end():
    barked = threading.Event()
    with Watchdog(int(MARGIN_SECONDS * 1000) + 20, barked.set):
        assert barked.wait(5)


def test_the_watch_leaves_time_for_every_attempt_to_answer_and_the_work_stops_before_it():
    assert sum(PAUSES) + len(PAUSES) * TIMEOUT_SECONDS < MARGIN_SECONDS < RESERVE_SECONDS


def test_the_watch_is_silent_once_it_is_left():
    barked = threading.Event()
    with Watchdog(int(MARGIN_SECONDS * 1000) + 100, barked.set):
        pass
    assert not barked.wait(0.2)
