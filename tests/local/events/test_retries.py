"""Deliveries that fail for a while: retried, given up, and buried with what was tried."""

import dataclasses
import json

import pytest

from local_aws.events.delivery import Deliveries
from local_aws.events.errors import DeliveryError
from local_aws.events.pattern import Pattern
from local_aws.events.senders import QueueSender
from local_aws.events.store import Rule

EVENT = {"id": "1", "detail": {"what": "sold"}}


class Shaky:
    """A target's service that fails the first times."""

    def __init__(self, failures, retriable=True):
        self.failures = failures
        self.retriable = retriable
        self.attempts = []

    def send(self, target, body, rule):
        self.attempts.append(json.loads(body))
        if len(self.attempts) <= self.failures:
            raise DeliveryError("THROTTLING", "Slow down", retriable=self.retriable)


@pytest.fixture
def deliver(aws, events):
    """Deliver EVENT by `sender` to a target with `policy`; returns the dead letter's attributes."""
    letters = events.queue("letters")
    account = dataclasses.replace(aws.server.account, time_scale=0.0001)

    def deliver(sender, **policy):
        target = {
            "Id": "1",
            "Arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
            "RetryPolicy": policy,
            "DeadLetterConfig": {"Arn": letters.arn},
        }
        rule = Rule(
            events.name(), "arn:aws:events:rule", Pattern.parse('{"id": ["1"]}'), {}, True, {"1": target}
        )
        deliveries = Deliveries(account, {"lambda": sender}, QueueSender(account))
        deliveries.begin(EVENT, rule)
        return lambda: letters.message()

    return deliver


def test_a_delivery_is_tried_again_until_it_succeeds(deliver, events):
    sender = Shaky(3)
    deliver(sender, MaximumRetryAttempts=5)
    assert events.metric("Invocations") == 1
    assert sender.attempts == [EVENT] * 4
    assert events.metric("FailedInvocations", seconds=0.05) == 0


def test_the_number_of_retries_is_the_policys(deliver):
    sender = Shaky(99)
    body, attributes = deliver(sender, MaximumRetryAttempts=2)()
    assert body == EVENT
    assert len(sender.attempts) == 3
    assert attributes == {
        "RULE_ARN": "arn:aws:events:rule",
        "TARGET_ARN": "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "ERROR_CODE": "THROTTLING",
        "ERROR_MESSAGE": "Slow down",
        "RETRY_ATTEMPTS": "2",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
    }


def test_an_event_gets_no_older_than_the_policy_says(deliver):
    sender = Shaky(99)
    _, attributes = deliver(sender, MaximumEventAgeInSeconds=1800)()
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert 3 <= int(attributes["RETRY_ATTEMPTS"]) <= 60


def test_what_waiting_does_not_cure_is_not_tried_again(deliver):
    sender = Shaky(99, retriable=False)
    _, attributes = deliver(sender, MaximumRetryAttempts=5)()
    assert len(sender.attempts) == 1
    assert "EXHAUSTED_RETRY_CONDITION" not in attributes
