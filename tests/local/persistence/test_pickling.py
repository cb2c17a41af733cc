"""What of a state is written as data, what as a reference, and what is refused."""

import subprocess
import sys
import threading
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local_aws.kernel.account import Clients
from local_aws.persistence.pickling import LARGE, StateError, dump, load
from local_aws.sagemaker.jobs.hyperparameter_search import Plan
from local_aws.sagemaker.jobs.tuning_jobs import Attempt, TuningJob


class Blobs(dict[str, bytes]):
    def put(self, content):
        name = sha256(content).hexdigest()
        self[name] = content
        return name

    def get(self, name):
        return self[name]


@pytest.fixture
def through(tmp_path):
    """A value, written by one server and read by another, whose folder and fixtures differ."""

    def through(value, fixture=None, blobs=None):
        blobs = Blobs() if blobs is None else blobs
        old, new = tmp_path / "old", tmp_path / "new"
        data = dump(value(old) if callable(value) else value, {"it": fixture} if fixture else {}, old, blobs)
        return load(data, lambda name: f"the new {name}", new, blobs, lambda service: f"client of {service}")

    return through


def test_paths_of_the_server_are_those_of_the_new_one(through, tmp_path):
    assert through(lambda folder: [folder / "github" / "1.git"]) == [tmp_path / "new" / "github" / "1.git"]


def test_what_each_server_makes_for_itself_is_the_new_ones(through):
    account = object()
    assert through([account, account], fixture=account) == ["the new it", "the new it"]


def test_large_contents_lie_beside_the_state_and_are_shared(through):
    blobs, content = Blobs(), b"x" * LARGE
    assert through([content, bytes(content), b"small"], blobs=blobs) == [content, content, b"small"]
    assert len(blobs) == 1


def test_locks_are_free_and_events_as_they_were(through):
    lock, event = threading.Lock(), threading.Event()
    event.set()
    with lock:
        locked, happened = through([lock, event])
    assert locked.acquire(blocking=False)
    assert happened.is_set()


def test_a_thread_that_is_over_can_still_be_joined_and_one_at_work_is_refused(through):
    go = threading.Event()
    thread = threading.Thread(target=go.wait, name="a work", daemon=True)
    thread.start()
    with pytest.raises(StateError, match="the thread a work is at work"):
        through(thread)
    go.set()
    thread.join()
    through(thread).join()


def test_a_process_is_refused(through):
    with subprocess.Popen([sys.executable, "-c", ""]) as process, pytest.raises(StateError, match="process"):
        through(process)


def test_private_keys_stay_the_same(through):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert through(key).private_numbers() == key.private_numbers()


def test_bytes_of_another_version_are_refused(through, tmp_path):
    with pytest.raises(StateError, match="does not fit this version"):
        load(b"cno_such_module\nThing\n.", str, tmp_path, Blobs(), str)


def test_a_search_that_is_over_keeps_its_training_jobs(through):
    clients = Clients("http://127.0.0.1:1")
    plan = Plan("Random", "macro_f1", True, (), 1, 1, 60.0, None)
    job = TuningJob(clients, "search", "arn", {"HyperParameterTuningJobName": "search"}, plan)
    job.attempts.append(Attempt(1, "search-1", {"epochs": "5"}, datetime.now(UTC)))
    job.ended = datetime.now(UTC)
    again = through({"search": job})["search"]
    assert (again.attempts, again.ended, again.plan) == (job.attempts, job.ended, plan)
