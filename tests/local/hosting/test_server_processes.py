"""No model server outlives the embedded AWS, however that ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.hosting.instances import instance


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_no_model_server_outlives_the_embedded_aws(another, hosting_on, eventually, ending):
    hosting = hosting_on(another)
    hosting.create(hosting.config(hosting.model("a"), instances=2))
    servers = another.model_servers()
    assert len(servers) == 2
    another.process.send_signal(ending)
    another.process.wait(timeout=120)
    eventually(lambda: not any(alive(pid) for pid in servers))


def test_a_model_server_gets_nothing_of_the_environment_of_the_embedded_aws(hosting, quick):
    hosting.create(hosting.config(hosting.model("a", GREETING="hello")))
    [pid] = quick.model_servers(hosting.name)
    variables = Path(f"/proc/{pid}/environ")
    if not variables.exists():
        pytest.skip("this system does not show the environment of a process")
    stated = dict(each.split("=", 1) for each in variables.read_text().split("\0") if each)
    assert stated["GREETING"] == "hello"
    assert not [name for name in stated if name.startswith("AWS_")]
    assert "PYTEST_CURRENT_TEST" not in stated


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity of processes")
def test_a_model_server_starts_on_one_core_and_serves_on_all(hosting, quick):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as starting:
        instance.confine(starting.pid)
        assert len(os.sched_getaffinity(starting.pid)) == 1
        instance.release(starting.pid)
        assert os.sched_getaffinity(starting.pid) == os.sched_getaffinity(0)
        starting.communicate(b"\n")
    instance.confine(starting.pid)  # one that is gone is none of its affair
    hosting.create(hosting.config(hosting.model("a")))
    [serving] = quick.model_servers(hosting.name)
    assert os.sched_getaffinity(serving) == os.sched_getaffinity(quick.process.pid)
