"""What steady load leaves in the memory of the embedded AWS, and of moto's own server, at the same calls."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from bench.deployable import server
from bench.guard import CONFIG, moto
from bench.measure import resident_kilobytes
from bench.table import Row
from local_aws.kernel.account import REGION, Clients

CALLS = 6_000
WARM_UP = 2_000
PER = 10_000
MEGABYTES = 3
"""What PER calls may add: what is remembered up to a limit (calls that differ, the events of a log stream) still fills.

6,000 calls after the warm-up added 1.0 MB per 10,000, and the worst 2,000 of them (as many as `--quick` makes) 2.0 MB.
"""


def rows(quick: bool = False) -> list[Row]:
    """The row of memory that grows."""
    calls = CALLS // 3 if quick else CALLS
    with tempfile.TemporaryDirectory() as folder, moto() as theirs, server(Path(folder)) as ours:
        other = _growth(theirs.pid, _theirs(theirs.url), calls)
        own = _growth(ours.pid, Clients.of_running(ours.url).client, calls)
    return [
        Row(
            f"memory that {PER:,} calls leave (S3, SQS, SNS), beside moto's own server",
            f"{own:.1f} MB",
            f"{other:.1f} MB",
            f"{own / max(other, 0.1):.2f}",
            f"at most {MEGABYTES} MB",
            own <= MEGABYTES,
        )
    ]


def _theirs(url: str) -> Callable[[str], Any]:
    def client(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=REGION,
            endpoint_url=url,
            config=CONFIG,
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )

    return client


def _growth(pid: int, client: Callable[[str], Any], calls: int) -> float:
    """Megabytes that PER calls add to the process, after a warm-up."""
    work = _work(client)
    for step in itertools.islice(work, WARM_UP):
        step()
    before = resident_kilobytes(pid)
    for step in itertools.islice(work, calls):
        step()
    return (resident_kilobytes(pid) - before) / 1024 * PER / calls


def _work(client: Callable[[str], Any]) -> Any:
    """Calls that leave nothing behind on AWS: replaced and deleted objects, messages that are read, notifications."""
    s3, sqs, sns = client("s3"), client("sqs"), client("sns")
    s3.create_bucket(Bucket="steady", CreateBucketConfiguration={"LocationConstraint": REGION})
    queue, topic = (
        sqs.create_queue(QueueName="steady")["QueueUrl"],
        sns.create_topic(Name="steady")["TopicArn"],
    )

    def read() -> None:
        [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    return itertools.cycle(
        [
            lambda: s3.put_object(Bucket="steady", Key="replaced", Body=b"x" * 1000),
            lambda: s3.put_object(Bucket="steady", Key="deleted", Body=b"x" * 1000),
            lambda: s3.delete_object(Bucket="steady", Key="deleted"),
            lambda: sqs.send_message(QueueUrl=queue, MessageBody="x" * 1000),
            read,
            lambda: sns.publish(TopicArn=topic, Message="x" * 1000),
        ]
    )
