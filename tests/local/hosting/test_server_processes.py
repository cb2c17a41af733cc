"""No model server outlives the embedded AWS, however that ends."""

import os
import signal
from pathlib import Path

import pytest


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_no_model_server_outlives_the_embedded_aws(another, hosting_on, eventually, ending):
    hosting = hosting_on(another)
    hosting.create(hosting.config(hosting.model("a"), instances=2))
    servers = another.model_servers()
    assert len(servers) == 2
    another.process.send_signal(ending)
    another.process.wait(timeout=30)
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
