"""A server ends on a signal, whichever of its threads takes it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.testing import ServerProcess

LOCAL_AWS = str(Path(sys.executable).with_name("local-aws"))
WAIT = """
from signal import *
from local_aws.kernel.termination import awaited
with awaited(SIGINT, SIGTERM) as termination:
    {before}
    termination.wait()
    {after}
print("ended", flush=True)
"""


def kill_thread(process, number):
    """Send a signal, as `process.send_signal` does, but so that another thread than the main one takes it."""
    threads = Path(f"/proc/{process.pid}/task")
    if not threads.exists():
        pytest.skip("this system does not show the threads of a process")
    _main, oldest, *_ = (int(thread.name) for thread in threads.iterdir())
    os.kill(oldest, number)


def test_a_signal_that_another_thread_takes_ends_a_server_in_a_process_of_its_own(tmp_path):
    server = ServerProcess(tmp_path, 0.02)
    try:
        kill_thread(server.process, signal.SIGTERM)
        assert server.process.wait(timeout=60) == 0
    finally:
        server.process.kill()
        server.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_another_thread_takes_ends_up(number):
    with subprocess.Popen([LOCAL_AWS, "up", "--port", "0"], stderr=subprocess.PIPE, text=True) as server:
        try:
            assert "_console" in server.stderr.readline()
            kill_thread(server, number)
            assert server.wait(timeout=60) == 0
        finally:
            server.kill()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_before_the_wait_ends_it_and_a_second_one_changes_nothing(name):
    script = WAIT.format(before=f"raise_signal({name})", after=f"raise_signal({name})")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")


def test_after_the_block_a_signal_does_what_it_did_before():
    script = WAIT.format(before="raise_signal(SIGTERM)", after="") + "raise_signal(SIGTERM)\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, "ended\n", "")
