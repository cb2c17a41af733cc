"""Probes learn what the old model fails, count what the new one fails, and a heartbeat publishes both."""

import json
import threading
import time

import pytest
from botocore.exceptions import ClientError

from model_deploy.core.checks import Case, Checks
from model_deploy.core.model_package import contract
from model_deploy.rollout.update import heartbeat, probes
from model_deploy.rollout.update.heartbeat import Heartbeat
from model_deploy.rollout.update.probes import Probes
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
    return contract.open_files(files, contract.folder_sha256(files), "the contract")


class CloudWatch:
    """Takes metrics, or refuses them; `enough` is set after some."""

    def __init__(self, refuses=0, enough_after=3):
        self.requests = []
        self.enough = threading.Event()
        self._refuses, self._enough_after, self._asked = refuses, enough_after, 0

    def put_metric_data(self, **request):
        self._asked += 1
        if self._asked >= self._enough_after:
            self.enough.set()
        if self._asked <= self._refuses:
            raise ClientError({"Error": {"Code": "Throttling", "Message": "slowly"}}, "PutMetricData")
        self.requests.append(request)

    def values(self, name):
        metrics = (metric for request in self.requests for metric in request["MetricData"])
        return [metric["Value"] for metric in metrics if metric["MetricName"] == name]


class Clients:
    def __init__(self, cloudwatch):
        self.cloudwatch = cloudwatch


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    monkeypatch.setattr(probes, "PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(heartbeat, "PUBLISH_SECONDS", 0.01)


def probe(ask, cloudwatch=None, before=None, old=None):
    """Ask `old` before, then judge `ask` until enough was published; the probes, what was published, the heartbeat."""
    cloudwatch = cloudwatch or CloudWatch()
    model = old or (lambda texts: [label("good"), label("bad")])
    made = Probes(lambda texts: model(texts), CHECKS, contract_of("bad", "good"), before)
    beat = Heartbeat(Clients(cloudwatch), "shop", made)
    made.learn()
    made.judge()
    model = ask
    while made.requests < 5 and not made.problem:
        time.sleep(0.001)
    beat.start()
    assert cloudwatch.enough.wait(10)
    made.stop()
    beat.stop()
    return made, cloudwatch, beat


def label(name):
    return Prediction((name,), {name: 0.9})


def wrong(texts):
    return [label("bad"), label("bad")]


def silent(texts):
    raise NoAnswerError("500")


def test_right_answers_publish_zeros_and_that_somebody_watches():
    made, cloudwatch, _ = probe(lambda texts: [label("good"), label("bad")])
    assert (made.failures, set(cloudwatch.values("ContractFailures"))) == (0, {0})
    assert set(cloudwatch.values("Watched")) == {1}
    request = cloudwatch.requests[0]
    assert request["Namespace"] == "ModelDeploy"
    assert {metric["MetricName"] for metric in request["MetricData"]} == {"ContractFailures", "Watched"}
    assert request["MetricData"][0]["Dimensions"] == [{"Name": "EndpointName", "Value": "shop"}]


def test_wrong_answers_and_missing_ones_are_counted_by_case():
    made, cloudwatch, _ = probe(wrong)
    assert made.failures >= sum(cloudwatch.values("ContractFailures")) > 0
    assert made.last_failure == "praise: answered bad; expected good"
    made, _, _ = probe(silent)
    assert made.failures >= 2 * (made.requests - 1) > 0  # the first answer may still be of before


@pytest.mark.parametrize(("old", "names"), [(wrong, {"praise"}), (silent, {"praise", "anything"})])
def test_a_case_that_the_old_model_fails_does_not_count(old, names):
    made, cloudwatch, _ = probe(old, old=old)
    assert made.tolerated == names
    assert (made.failures, set(cloudwatch.values("ContractFailures"))) == (0, {0})


def test_a_case_that_only_the_new_model_fails_counts_beside_one_that_the_old_model_fails():
    made, _, _ = probe(silent, old=wrong)
    assert made.tolerated == {"praise"}
    assert made.failures > 0


def test_a_command_that_takes_a_rollout_up_judges_by_what_was_learned_before():
    made = Probes(wrong, CHECKS, contract_of("bad", "good"), None)
    made.judge(["praise"])
    while made.requests < 3:
        time.sleep(0.001)
    made.stop()
    assert made.failures == 0


def test_failures_whose_publication_failed_are_published_later():
    _, cloudwatch, beat = probe(wrong, CloudWatch(refuses=2))
    assert "Watched could not be published" in beat.problem
    assert cloudwatch.values("ContractFailures")[0] > 0


def test_a_client_that_may_not_ask_is_a_problem_and_no_failure():
    def denied(texts):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "InvokeEndpoint")

    made, cloudwatch, _ = probe(denied)
    assert (made.failures, set(cloudwatch.values("ContractFailures"))) == (0, {0})
    assert "could not be asked" in made.problem


def test_answers_that_only_the_old_model_can_give_are_not_the_new_ones_failures():
    def foreign(texts):
        return [label("great"), label("awful")]

    made, _, _ = probe(foreign, before=contract_of("awful", "great"), old=foreign)
    assert (made.failures, made.tolerated) == (0, frozenset())
    made, _, _ = probe(foreign, before=contract_of("bad", "good"))
    assert made.failures > 0


def test_probes_that_end_by_a_bug_hold_up_no_rollout_and_say_so():
    def broken(texts):
        raise RuntimeError("no luck")

    made = Probes(broken, CHECKS, contract_of("bad", "good"), None)
    made.learn()
    made.judge()
    made.stop()
    assert (made.requests, made.failures) == (0, 0)
    assert made.problem == "the probes ended early (RuntimeError: no luck)"


def test_a_heartbeat_that_ends_by_a_bug_says_so():
    class Broken:
        def put_metric_data(self, **request):
            raise RuntimeError("no luck")

    beat = Heartbeat(Clients(Broken()), "shop", None)
    beat.start()
    while not beat.problem:
        time.sleep(0.001)
    beat.stop()
    assert beat.problem == "Watched is not published any more (RuntimeError: no luck)"
