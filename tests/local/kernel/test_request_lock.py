"""Who hold the lock sees a state that no request changes."""

import threading

import pytest

from local_aws.kernel.http.request_lock import RequestLock


class Door:
    """An application whose requests stay inside until they are let go."""

    def __init__(self):
        self.entered, self.go = threading.Event(), threading.Event()
        self.lock = RequestLock(self._answer)

    def _answer(self, environ, start_response):
        self.entered.set()
        assert self.go.wait(30)
        return [b"answer"]

    def request(self, **environ):
        answer = self.lock({"REQUEST_METHOD": "POST", "PATH_INFO": "/", **environ}, None)
        answer.close()

    def start(self, **environ):
        thread = threading.Thread(target=self.request, kwargs=environ)
        thread.start()
        return thread


@pytest.fixture
def door():
    made = Door()
    yield made
    made.go.set()


def test_nobody_holds_it_while_a_request_is_inside(door):
    thread = door.start()
    assert door.entered.wait(30)
    with door.lock.hold(patience=0) as free:
        assert not free
    assert door.lock.has_changed
    door.go.set()
    thread.join()


def test_it_is_held_from_the_moment_on_at_which_the_last_request_leaves(door):
    thread = door.start()
    assert door.entered.wait(30)
    threading.Timer(0.05, door.go.set).start()
    with door.lock.hold(patience=30) as free:
        assert free
    thread.join()


def test_a_request_waits_while_it_is_held_and_passes_afterwards(door):
    door.go.set()
    with door.lock.hold() as free:
        thread = door.start()
        assert free
        assert not door.entered.is_set()
    thread.join()
    assert door.entered.is_set()


@pytest.mark.parametrize(
    ("environ", "changes"),
    [
        ({"HTTP_X_AMZ_TARGET": "SageMaker.DescribeEndpoint"}, False),
        ({"HTTP_X_AMZ_TARGET": "SageMaker.CreateEndpoint"}, True),
        ({"REQUEST_METHOD": "GET"}, False),
        ({"REQUEST_METHOD": "PUT"}, True),
        ({"PATH_INFO": "/endpoints/a/invocations"}, False),
        ({"PATH_INFO": "/endpoints/a/async-invocations"}, True),
        ({"PATH_INFO": "/"}, True),
    ],
)
def test_what_may_have_changed_something_is_known_when_it_enters(door, environ, changes):
    door.go.set()
    door.request(**environ)
    assert door.lock.has_changed is changes


def test_pages_that_stay_open_hinder_nobody(door):
    thread = threading.Thread(target=door.lock, args=({"PATH_INFO": "/_console/key/events"}, None))
    thread.start()
    assert door.entered.wait(30)
    with door.lock.hold(patience=0) as free:
        assert free
    door.go.set()
    thread.join()
