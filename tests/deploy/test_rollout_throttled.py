"""Rollouts on an AWS whose calls fail: each at first, throttled, broken or with its answer lost; or one kind of them for good."""

import itertools
import json
import threading
from types import SimpleNamespace

import pytest
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.httpsession import URLLib3Session
from botocore.retries.quota import RetryQuota
from botocore.retries.standard import ExponentialBackoff

from model_deploy.rollout.update.heartbeat import Heartbeat

THROTTLED = ((400, "Throttling"), (400, "ThrottlingException"), (503, "RequestLimitExceeded"))
BROKEN = ((500, "InternalFailure"), (502, ""), (503, "ServiceUnavailable"))


class Raw:
    """The body of an answer."""

    def __init__(self, body):
        self._body = body

    def stream(self, *_, **__):
        return iter([self._body])

    def read(self, *_, **__):
        return self._body


def refusal(request, status, code):
    """An error as the protocol of the request has it. Without a code it is one of whatever stands before AWS."""
    if not code:
        return AWSResponse(request.url, status, {}, Raw(b""))
    error = f"<Error><Code>{code}</Code><Message>later</Message></Error>"
    if "/deploy-" in request.url:  # a bucket of the project
        body = error
    elif "X-Amz-Target" in request.headers or "/endpoints/" in request.url:
        body = json.dumps({"__type": code, "message": "later"})
    else:
        body = f"<ErrorResponse>{error}</ErrorResponse>"
    return AWSResponse(request.url, status, {"x-amzn-errortype": code}, Raw(body.encode()))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("failures", "takes_effect"),
    [(THROTTLED + BROKEN, False), (BROKEN, True)],
    ids=["refused", "answers lost"],
)
def test_every_call_may_fail_several_times(project, monkeypatch, failures, takes_effect):
    """Of lost answers the call has taken effect, each time, and is sent once more all the same."""
    # The client tries again at once, and as often as it has to: its own patience is botocore's affair.
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.0)
    monkeypatch.setattr(RetryQuota, "acquire", lambda *_: True)
    project.variables["AWS_MAX_ATTEMPTS"] = str(len(failures) + 1)
    first, second = project.register(), project.register()
    original, turns = URLLib3Session.send, threading.local()
    failed = itertools.count()

    def send(self, request):
        if not hasattr(turns, "next"):
            turns.next = itertools.cycle([*failures, None])
        turn = next(turns.next)
        if turn is None:
            return original(self, request)
        next(failed)
        if takes_effect:
            original(self, request)
        return refusal(request, *turn)

    monkeypatch.setattr(URLLib3Session, "send", send)
    assert project.json("rollout", "--stage", "staging", "--model-package", first)["verified"] is True
    assert project.json("rollout", "--stage", "staging", "--model-package", second)["verified"] is True
    monkeypatch.undo()
    assert next(failed) > len(failures) * 40  # every call of two rollouts
    assert project.live_package("staging") == second
    assert [record["model_package_arn"] for record in project.records("staging")] == [first, second]


@pytest.fixture
def operations(monkeypatch):
    """The kinds of calls that a command makes from now on, as (service, operation), each where it is made first.

    Not those of the probes, which look on in a thread of their own.
    """
    made, original, ours = {}, BaseClient._make_api_call, threading.current_thread()

    def call(client, operation, parameters):
        if threading.current_thread() is ours:
            made[client.meta.service_model.service_name, operation] = None
        return original(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    return made


@pytest.fixture
def watched(project):
    """Somebody watches production all the time: a busy machine needs longer between two commands than the quick server waits."""
    aws = SimpleNamespace(cloudwatch=project.client("cloudwatch"))
    heartbeat = Heartbeat(aws, project.endpoint("production"), probes=None)
    heartbeat.start()
    yield
    heartbeat.stop()


@pytest.mark.slow
@pytest.mark.usefixtures("watched")
def test_a_call_that_is_throttled_for_good_ends_the_command_by_name_and_the_next_one_goes_on(
    project, operations
):
    arguments = ("rollout", "--stage", "production", "--force", "test", "--model-package")
    first, second, third = (project.register() for _ in range(3))
    project.json(*arguments, first)
    operations.clear()
    project.json(*arguments, second)
    calls = list(operations)
    assert {"CreateChangeSet", "ExecuteChangeSet", "DescribeAlarms", "PutObject"} <= {
        name for _, name in calls
    }
    project.variables["AWS_MAX_ATTEMPTS"] = "1"
    for call in calls:
        service, operation = call
        project.server.ask("fail", service=service, operation=operation, code="ThrottlingException")
        given_up = project.run(*arguments, third)
        project.server.ask("clear_failures")
        assert given_up.exit_code == 1, (call, given_up.stderr)
        assert f"AWS throttled {call[1]} beyond all retries" in given_up.stderr
    assert project.json(*arguments, third)["verified"] is True
    assert project.live_package("production") == third
    assert [record["model_package_arn"] for record in project.records("production")] == [first, second, third]
