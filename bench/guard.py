"""What the guard costs: one signed call to the embedded AWS, and to moto's own server, which looks at neither."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config

from bench.measure import Served
from bench.table import Row
from local_aws.kernel.account import REGION
from local_aws.server import Server

MILLISECONDS = 5
"""What the guard, the check of the signature and the permissions' record may add to a call."""

_MOTO = """
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
input()
"""
CONFIG = Config(retries={"total_max_attempts": 1})


def rows(quick: bool = False) -> list[Row]:
    calls = 100 if quick else 1_000
    with moto() as served, Server() as server:
        theirs = boto3.client(
            "sqs",
            region_name=REGION,
            endpoint_url=served.url,
            config=CONFIG,
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )
        clients = {"ours": server.client("sqs"), "theirs": theirs}
        for client in clients.values():
            client.create_queue(QueueName="q")
        seconds: dict[str, list[float]] = {name: [] for name in clients}
        for _ in range(calls):
            # One after the other, so that both meet the same moments of the machine.
            for name, client in clients.items():
                seconds[name].append(_asked(client))
    ours, other = (statistics.median(seconds[name]) * 1000 for name in ("ours", "theirs"))
    return [
        Row(
            "a signed GetQueueUrl, median, beside moto's own server",
            f"{ours:.2f} ms",
            f"{other:.2f} ms",
            f"{ours / other:.2f}",
            f"at most {MILLISECONDS} ms more",
            ours - other <= MILLISECONDS,
        )
    ]


def _asked(client: Any) -> float:
    started = time.perf_counter()
    client.get_queue_url(QueueName="q")
    return time.perf_counter() - started


@contextmanager
def moto() -> Iterator[Served]:
    """moto's server in a process of its own, as ours shares this one with the clients."""
    process = subprocess.Popen(
        [sys.executable, "-c", _MOTO],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Served(f"http://127.0.0.1:{process.stdout.readline().strip()}", process.pid)
    finally:
        process.communicate("\n", timeout=30)
