"""What the server reads of an execution environment's process."""

import sys

import pytest

from local_aws.lambda_.invocation.process import Process

SENDS_AND_ENDS = """
import socket, sys
from local_aws.lambda_.invocation.bootstrap import _send
_send(socket.socket(fileno=int(sys.argv[1])), {"ready": False}, b"why")
sys.exit(1)
"""


@pytest.fixture
def ended(tmp_path):
    process = Process([sys.executable, "-c", SENDS_AND_ENDS], {}, tmp_path, print)
    process._process.wait()
    yield process
    process.close()


def test_a_frame_that_arrives_while_the_process_ends_is_read(ended, monkeypatch):
    """The look at what has arrived comes before the look at the process's life: the frame may arrive between them."""
    select, looks = ended._selector.select, iter(["too early"])
    late = lambda timeout: [] if next(looks, None) else select(timeout)  # noqa: E731
    monkeypatch.setattr(ended._selector, "select", late)
    assert ended.receive(5, 1024) == ({"ready": False}, b"why")
