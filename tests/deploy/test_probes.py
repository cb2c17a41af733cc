"""Probes count what an endpoint answers wrongly while it is updated, and publish it."""

import json
import threading

import pytest
from botocore.exceptions import ClientError

from model_deploy.core import contract
from model_deploy.core.checks import Case, Checks
from model_deploy.rollout import probes
from model_deploy.rollout.probes import Probes
from model_deploy.verify.inference import NoAnswerError, Prediction

CHECKS = Checks(
    recipe="reviews",
    latency_ms=100,
    cases=(Case(name="praise", text="lovely", labels=("good",)), Case(name="anything", text="x")),
)


def contract_of(*labels):
    stated = {
        "version": 1,
        "recipe": "reviews",
        "labels": labels,
        "multi_label": False,
        "threshold": None,
        "text_rules": {},
    }
    files = {"contract.json": json.dumps(stated).encode(), "text_rules.py": b"def tokenise(t, r): return t"}
    return contract.parse(files, "the contract")


class CloudWatch:
    """Takes metrics, or refuses them; `enough` is set after some."""

    def __init__(self, refuses=0, enough_after=3):
        self.values, self.requests = [], []
        self.enough = threading.Event()
        self._refuses, self._enough_after = refuses, enough_after

    def put_metric_data(self, **request):
        self.requests.append(request)
        if len(self.requests) >= self._enough_after:
            self.enough.set()
        if len(self.requests) <= self._refuses:
            raise ClientError({"Error": {"Code": "Throttling", "Message": "slowly"}}, "PutMetricData")
        self.values.append(request["MetricData"][0]["Value"])


class Clients:
    def __init__(self, cloudwatch):
        self.cloudwatch = cloudwatch


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    monkeypatch.setattr(probes, "PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(probes, "PUBLISH_SECONDS", 0.01)


def probe(ask, cloudwatch=None, before=None):
    """Probe with `ask` until enough was published; the probes and what was published."""
    cloudwatch = cloudwatch or CloudWatch()
    made = Probes(Clients(cloudwatch), "shop", ask, CHECKS, contract_of("bad", "good"), before)
    with made:
        assert cloudwatch.enough.wait(10)
    return made, cloudwatch


def label(name):
    return Prediction((name,), {name: 0.9})


def test_right_answers_publish_zeros_so_that_the_alarm_has_data():
    made, cloudwatch = probe(lambda texts: [label("good"), label("bad")])
    assert (made.failures, set(cloudwatch.values)) == (0, {0})
    assert cloudwatch.requests[0]["Namespace"] == "ModelDeploy"
    [metric] = cloudwatch.requests[0]["MetricData"]
    assert metric["MetricName"] == "ContractFailures"
    assert metric["Dimensions"] == [{"Name": "EndpointName", "Value": "shop"}]


def test_wrong_answers_and_missing_ones_are_counted_by_case():
    made, cloudwatch = probe(lambda texts: [label("bad"), label("bad")])
    assert made.failures >= sum(cloudwatch.values) > 0
    assert made.last_failure == "praise: answered bad; expected good"

    def silent(texts):
        raise NoAnswerError("500")

    made, _ = probe(silent)
    assert made.failures == 2 * made.asked


def test_failures_whose_publication_failed_are_published_later():
    made, cloudwatch = probe(lambda texts: [label("bad"), label("bad")], CloudWatch(refuses=2))
    assert "ContractFailures could not be published" in made.problem
    assert cloudwatch.values[0] > 0


def test_a_client_that_may_not_ask_is_a_problem_and_no_failure():
    def denied(texts):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "InvokeEndpoint")

    made, cloudwatch = probe(denied)
    assert (made.failures, set(cloudwatch.values)) == (0, {0})
    assert "could not be asked" in made.problem


def test_answers_that_only_the_old_model_can_give_are_not_the_new_ones_failures():
    made, _ = probe(lambda texts: [label("great"), label("awful")], before=contract_of("awful", "great"))
    assert made.failures == 0
    made, _ = probe(lambda texts: [label("great"), label("awful")], before=contract_of("bad", "good"))
    assert made.failures > 0
